"""Systems that benchmarks train: their features, networks and training, and their scores and costs.

- :class:`System`: features, preset, recipe, perhaps a teacher; or several systems combined
- :class:`Bench`: a dataset, the folder of its cells, and how clips are grouped
- :func:`cell`: a system with one random seed: trained (or resumed), scored, with its costs; stored as JSON
- :func:`scores_of`, :func:`crossed_scores`: scores of a run
- :func:`trainings_of`, :func:`costs_of`: training and costs of several systems combined
- :func:`crossed`: scores with post-processing that was chosen on other clips
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "pipeline"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from sedpipe.choices import OPERATING_POINTS  # noqa: E402
from sedpipe.clips import ClipFormat  # noqa: E402
from sedpipe.detection.frame_scores import FrameScores, mean_of  # noqa: E402
from sedpipe.detection.tuning import tune  # noqa: E402
from sedpipe.events import Event  # noqa: E402
from sedpipe.features.spec import FeatureSpec  # noqa: E402
from sedpipe.io.audio.store import read_stored  # noqa: E402
from sedpipe.io.cache.dataset import Dataset  # noqa: E402
from sedpipe.io.cache.runs import named_run  # noqa: E402
from sedpipe.io.encoders.front_end import with_encoder_files  # noqa: E402
from sedpipe.io.files.atomic import write_json  # noqa: E402
from sedpipe.io.files.reading import is_there  # noqa: E402
from sedpipe.io.models.checkpoints import read_model  # noqa: E402
from sedpipe.io.settings.front_ends import AskedFeatures, feature_spec  # noqa: E402
from sedpipe.io.settings.train_settings import Asked, train_settings  # noqa: E402
from sedpipe.listener import Listener  # noqa: E402
from sedpipe.metrics.detection_scores import DetectionScores  # noqa: E402
from sedpipe.metrics.segment_scores import segment_based_scores  # noqa: E402
from sedpipe.reports import as_json  # noqa: E402
from sedpipe.stages.features import extract_features  # noqa: E402
from sedpipe.stages.score import score  # noqa: E402
from sedpipe.stages.train import train  # noqa: E402
from sedpipe.steps.frame_scores import frame_scores  # noqa: E402
from sedpipe.steps.supervision import teacher_named  # noqa: E402
from sedpipe.steps.truth import known_truth  # noqa: E402
from sedpipe.training.batch import Batch  # noqa: E402
from sedpipe.training.inference import predict  # noqa: E402
from sedpipe.training.settings import TrainSettings  # noqa: E402
from sedpipe.truth import Truth  # noqa: E402

N_FOLDS, TIMED_CLIPS = 5, 20


@dataclass(frozen=True)
class System:
    """Settings of a run, except for its random seed; see the options of ``sedpipe train``."""

    preset: str = ""
    recipe: str = "paper"
    encoder: str | None = None
    n_mels: int | None = None
    front_end: str | None = None
    epochs: int | None = None
    more_epochs: int = 0
    """Number of epochs after ``epochs``."""
    supervision: str | None = None
    precision: str = "auto"
    teacher: str = ""
    """Another system of the bench, whose run with the same seed is the teacher."""
    members: tuple[str, ...] = ()
    """Other systems of the bench, whose mean is scored: ``NAME`` with the same seed, ``NAME@2`` with seed 2."""

    @property
    def names_its_seeds(self) -> bool:
        """Whether all members have seeds of their own, so that one cell holds for every seed that is asked for."""
        return bool(self.members) and all("@" in member for member in self.members)

    def spec(self, dataset: Dataset) -> FeatureSpec:
        """Return the features that the system takes as input."""
        return self.spec_of(dataset.read_record().clip_format)

    def spec_of(self, clips: ClipFormat) -> FeatureSpec:
        """Return the features for clips of this length and sample rate."""
        front_end = Path(self.front_end) if self.front_end else None
        return feature_spec(clips, AskedFeatures(front_end, n_mels=self.n_mels, encoder=self.encoder))

    def settings(self, seed: int, threads: int, teacher: str | None = None) -> TrainSettings:
        """Return the settings of the system's run; ``teacher`` is in the form that settings contain."""
        return train_settings(
            Asked(
                threads, self.preset, recipe=self.recipe, seed=seed, device="cpu", epochs=self.epochs,
                supervision=self.supervision, precision=self.precision, teacher=teacher,
            )
        )  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """The dataset on which systems are compared, and how.

    Parameters
    ----------
    dataset : Dataset
        Dataset in the cache.
    folder : Path
        Folder of the results; cells are in its subfolder ``cells``.
    group_of : callable
        Function: clip ID -> group of clips; settings are never chosen and scored on the same group.
    threads : int
        Number of CPU threads.
    listener : Listener
        Receives progress and remarks.
    jobs : int
        Number of processes that make features.
    """

    dataset: Dataset
    folder: Path
    group_of: Callable[[str], str]
    threads: int
    listener: Listener
    jobs: int = 1

    def path_of(self, name: str, seed: int) -> Path:
        """Return the path of a cell."""
        return self.folder / "cells" / f"{self.dataset.name}-{name}-seed{seed}.json"


def cell(bench: Bench, name: str, systems: Mapping[str, System], seed: int) -> dict[str, Any]:
    """Return the cell of a system with one random seed; if it is missing, train (the teacher first) and score.

    Parameters
    ----------
    bench : Bench
    name : str
        Name of the system.
    systems : mapping of str to System
        All systems of the bench.
    seed : int
    """
    system = systems[name]
    seed = 0 if system.names_its_seeds else seed
    path = bench.path_of(name, seed)
    if path.is_file():
        found: dict[str, Any] = json.loads(path.read_text())
        return found
    if system.members:
        members = [member.partition("@") for member in system.members]
        parts = [cell(bench, member, systems, int(its_seed or seed)) for member, _, its_seed in members]
        runs = [run for part in parts for run in part["runs"]]
        training, costs = trainings_of([part["training"] for part in parts]), costs_of([part["cost"] for part in parts])
    else:
        runs = [run_name(name, seed)]
        training, costs = _trained_cell(bench, name, systems, seed)
    scores = scores_of(bench.dataset, runs, bench.listener)
    scores["testing"]["cross_validated"] = crossed_scores(bench, runs)
    made = {
        "dataset": bench.dataset.name,
        "system": name,
        "seed": seed,
        "made_with": made_with(system),
        "runs": runs,
        "training": training,
        "cost": costs,
        **scores,
    }
    write_json(path, made)
    return made


def _trained_cell(
    bench: Bench, name: str, systems: Mapping[str, System], seed: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Train a system, its teacher first; return how it was trained, and its costs."""
    system, dataset, teacher = systems[name], bench.dataset, None
    if system.teacher:
        cell(bench, system.teacher, systems, seed)
        teacher = teacher_named(dataset, run_name(system.teacher, seed))
    spec = system.spec(dataset)
    extract_features(dataset, spec, jobs=bench.jobs, listener=bench.listener)
    settings = system.settings(seed, bench.threads, teacher)
    trained = trained_run(dataset, settings, spec, run_name(name, seed), bench.listener, system.more_epochs)
    return trained, cost(dataset, run_name(name, seed), spec)


def trainings_of(each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up trainings that run one after the other; what is unknown for one is unknown for all."""
    spent = [one["processor_seconds"] for one in each]
    return {
        "parameters": sum(one["parameters"] for one in each),
        "processor_seconds": None if None in spent else round(sum(spent), 1),
        "clips_per_second": 1 / sum(1 / one["clips_per_second"] for one in each),
    }


def costs_of(each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up the costs of features and networks that run one after the other."""
    return {
        "features_processor_minutes": round(sum(one["features_processor_minutes"] for one in each), 2),
        "times_real_time": round(1 / sum(1 / one["times_real_time"] for one in each), 1),
    }


def made_with(system: System) -> dict[str, Any]:
    """Return a system's settings for a cell: files by their path in the checkout, which others have elsewhere."""
    found = {key: value for key, value in asdict(system).items() if value and value != "auto"}
    return {key: value.removeprefix(f"{ROOT}/") if isinstance(value, str) else value for key, value in found.items()}


def run_name(system: str, seed: int) -> str:
    """Return the name of a system's run in the dataset's folder."""
    return f"encoders-{system.replace('+', '-and-')}-seed{seed}"


def trained_run(
    dataset: Dataset, settings: TrainSettings, spec: FeatureSpec, run: str, listener: Listener, more_epochs: int = 0
) -> dict[str, Any]:
    """Train or resume a run; the processor seconds are known only if it took one call."""
    is_new = not is_there(named_run(dataset, run).state_path)
    began = time.process_time()
    report = train(dataset, settings, spec, run_name=run, listener=listener)
    if more_epochs:
        report = train(dataset, replace(settings, more_epochs=more_epochs), spec, run_name=run, listener=listener)
    spent = time.process_time() - began
    record = named_run(dataset, run).find_record()
    assert record is not None
    of_training = record.data["training"]
    assert isinstance(of_training, dict)
    told = ("parameters", "epochs", "best_epoch", "seconds", "clips_per_second")
    return {
        **{key: getattr(report, key) for key in told},
        "processor_seconds": round(spent, 1) if is_new else None,
        "threads": settings.threads,
        "clips": of_training["clips"],
    }


def cost(dataset: Dataset, run: str, spec: FeatureSpec) -> dict[str, Any]:
    """Measure processor seconds for a clip of ``testing``, with one thread: for its features, and for the network."""
    spec, record = with_encoder_files(spec, dataset.root.absolute()), dataset.read_record()
    clips = dataset.read_clips()
    timed = [dataset.audio_path(clip) for clip in clips["testing"][:TIMED_CLIPS]]
    model = read_model(named_run(dataset, run).model_path, torch.device("cpu")).model
    torch.set_num_threads(1)
    _heard(timed[0], spec)  # loads what has to be loaded before time is measured
    began = time.process_time()
    heard = [_heard(path, spec) for path in timed]
    features = (time.process_time() - began) / len(timed)
    x = torch.from_numpy(np.stack([one for one, _ in heard])).float()
    batch = Batch(x, torch.zeros(len(x), len(record.labels)), torch.tensor([n for _, n in heard]), [])
    began = time.process_time()
    predict(model, [batch])
    network = (time.process_time() - began) / len(timed)
    n_clips = sum(map(len, clips.values()))
    return {
        "clips_timed": len(timed),
        "features_seconds_a_clip": round(features, 5),
        "network_seconds_a_clip": round(network, 5),
        "features_processor_minutes": round(features * n_clips / 60, 2),
        "times_real_time": round(record.clip_format.clip_s / (features + network), 1),
    }


def _heard(path: Path, spec: FeatureSpec) -> tuple[np.ndarray, int]:
    front_end = spec.front_end
    return front_end.extract(read_stored(path, front_end.sample_rate, front_end.n_samples))


def scores_of(dataset: Dataset, runs: Sequence[str], listener: Listener) -> dict[str, Any]:
    """Score a run, or the mean of several, on ``testing``, where it was tuned, and on ``evaluation``, if it exists."""
    kept = ("operating_points", "per_class", "clip_based", "threshold_free", "post_processing", "intervals")
    found: dict[str, Any] = {}
    for split in ("testing", "evaluation"):
        if split in dataset.read_clips():
            report = as_json(score(dataset, run=list(runs), split=split, device="cpu", listener=listener))
            found[split] = {key: report[key] for key in kept}
    return found


def crossed_scores(bench: Bench, runs: Sequence[str]) -> dict[str, Any]:
    """Return scores on ``testing``, each clip with settings that were chosen on other groups of clips."""
    named = [named_run(bench.dataset, run) for run in runs]
    scores = mean_of([frame_scores(bench.dataset, run, "testing", "cpu", bench.listener) for run in named])
    each = crossed(scores, known_truth(bench.dataset, "testing", scores), bench.group_of)
    return {
        point: {"overall": as_json(one.overall), "per_class": as_json(dict(one.per_class))}
        for point, one in each.items()
    }


def crossed(scores: FrameScores, truth: Truth, group_of: Callable[[str], str]) -> dict[str, DetectionScores]:
    """Score all clips, each with the post-processing that was chosen on the four folds without its group.

    Parameters
    ----------
    scores : FrameScores
    truth : Truth
    group_of : callable
        Function: clip ID -> its group, such as the patient; a group lies in one fold.
    """
    fold_of = _folds({group_of(clip_id) for clip_id in scores.clip_ids})
    events: dict[str, dict[str, list[Event]]] = {point: {} for point in OPERATING_POINTS}
    for fold in range(N_FOLDS):
        inside = [clip_id for clip_id in scores.clip_ids if fold_of[group_of(clip_id)] == fold]
        outside = [clip_id for clip_id in scores.clip_ids if fold_of[group_of(clip_id)] != fold]
        for point, chosen in tune(scores.of(outside), truth.of(outside)).items():
            events[point] |= scores.of(inside).decode(chosen.settings)
    of_all = truth.of(scores.clip_ids)
    return {
        point: segment_based_scores(of_all.reference, found, of_all.durations, of_all.labels, 1.0)
        for point, found in events.items()
    }


def _folds(groups: set[str]) -> dict[str, int]:
    """Assign groups to folds of similar size, in an order that is drawn from their names."""
    drawn = sorted(groups, key=lambda group: hashlib.sha256(group.encode()).digest())
    return {group: place % N_FOLDS for place, group in enumerate(drawn)}
