"""``sedpipe score``: a trained run on a split -> events, and sed_eval's numbers. It never tunes.

- :func:`score`: frame probabilities (stored or made), events at each operating point, scores
- :class:`ScoreReport`: what ``--json`` prints, and ``scores-<split>.json`` holds
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from pipeline.batches import ClipBatches
from pipeline.errors import MissingStageError, SedpipeError, SettingsError
from pipeline.events import Event, EventLists
from pipeline.io.atomic import write_json
from pipeline.io.cache import DatasetCache
from pipeline.io.checkpoints import TrainedModel, read_model
from pipeline.io.checksums import sha256_of
from pipeline.io.feature_store import FeatureFile, fingerprint
from pipeline.io.frame_scores import FrameScores, find_frame_scores, write_frame_scores
from pipeline.io.lists.events import write_event_list
from pipeline.io.runs import Run, find_run
from pipeline.labels import LabelSet
from pipeline.metrics.clip_based import clip_based_scores
from pipeline.metrics.detection_scores import DetectionScores
from pipeline.metrics.event_based import event_based_scores
from pipeline.metrics.sed_eval_scores import differences, official_event_based_scores, official_segment_based_scores
from pipeline.metrics.segment_based import segment_based_scores
from pipeline.nn.fit import predict
from pipeline.postprocess import PostProcessing, decode_events
from pipeline.stages.progress import Listener
from pipeline.truth import Truth, read_truth
from pipeline.tuning import OPERATING_POINTS

BATCH_SIZE = 32
TUNED_ON = "testing"
Metric = tuple[Callable[..., DetectionScores], Callable[..., DetectionScores]]
SEGMENTS: Metric = (official_segment_based_scores, segment_based_scores)
EVENTS: Metric = (official_event_based_scores, event_based_scores)


@dataclass(frozen=True)
class ScoreReport:
    """Scores of one run on one split; fractions, ``None`` where undefined."""

    dataset: str
    run: str
    split: str
    tuned_on_this_split: bool
    clips: dict[str, int]
    operating_point: str
    post_processing: dict[str, dict[str, Any]]
    segment_based: dict[str, float | None]
    operating_points: dict[str, dict[str, float | None]]
    event_based: dict[str, float | None]
    clip_based: dict[str, Any]
    per_class: dict[str, dict[str, float | None]]
    estimated: str
    stage: str = field(default="score")


def score(
    dataset: str,
    cache_dir: Path,
    *,
    run: str | None = None,
    split: str = "evaluation",
    operating_point: str = "min_er",
    device: str = "cpu",
    listener: Listener | None = None,
) -> ScoreReport:
    """Score a run; writes ``estimated-<split>.tsv`` and ``scores-<split>.json`` into its folder.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    cache_dir : Path
        The cache.
    run : str, optional
        Name or path of a run; by default the newest.
    split : str
        ``testing`` or ``evaluation``, or ``training`` where its events are known.
    operating_point : str
        Which post-processing the event list and the tables are made with; both are scored.
    device : str
        Where the network runs.
    listener : Listener, optional
        Hears of progress.

    Raises
    ------
    MissingStageError
        If there is no such run, no features, or no strong labels for the split.
    SedpipeError
        If sed_eval and sedpipe do not agree on a score, which is a bug that must not be printed.
    """
    if operating_point not in OPERATING_POINTS:
        raise SettingsError(f"operating point must be one of {', '.join(OPERATING_POINTS)}, got {operating_point!r}")
    cache, listener = DatasetCache(cache_dir, dataset), listener or Listener()
    cache.read_record()
    found = find_run(cache, run)
    trained = read_model(found.model_path, torch.device(device))
    batches = _open_split(cache, trained, split)
    truth = _known_truth(cache, split, batches, trained)
    frame_scores = _frame_scores(found, trained, batches, split, listener)
    estimated = {name: _decode(frame_scores, trained, point, truth) for name, point in trained.operating_points.items()}
    write_event_list(found.estimated_path(split), estimated[operating_point], truth.clip_ids)
    segment_based = {name: _score(SEGMENTS, truth, events, trained.labels) for name, events in estimated.items()}
    chosen = segment_based[operating_point]
    events = _score(EVENTS, truth, estimated[operating_point], trained.labels)
    tags = clip_based_scores(frame_scores.clip_probs, batches.targets)
    report = ScoreReport(
        dataset=dataset,
        run=found.name,
        split=split,
        tuned_on_this_split=split == TUNED_ON,
        clips={"listed": cache.read_record().listed.get(split, 0), "scored": len(batches)},
        operating_point=operating_point,
        post_processing={name: asdict(point) for name, point in trained.operating_points.items()},
        segment_based=asdict(chosen.overall),
        operating_points={name: asdict(scores.overall) for name, scores in segment_based.items()},
        event_based=asdict(events.overall),
        clip_based={**asdict(tags.micro), "map": tags.macro.map, **asdict(tags)},
        per_class={label: asdict(scores) for label, scores in chosen.per_class.items()},
        estimated=str(found.estimated_path(split)),
    )
    write_json(found.scores_path(split), asdict(report))
    return report


def _open_split(cache: DatasetCache, trained: TrainedModel, split: str) -> ClipBatches:
    unknown = [label for label in cache.read_record().labels if label not in trained.labels]
    if unknown:
        raise SettingsError(
            f"the model does not know {cache.dataset}'s class {unknown[0]!r}",
            hint="score it on a dataset with the classes it was trained for",
        )
    clips = cache.read_clips()
    if split not in clips:
        raise MissingStageError(f"{cache.dataset} has no clips in {split}: it has {', '.join(clips)}")
    path = cache.features_dir(fingerprint(trained.front_end, trained.feature_dtype)) / f"{split}.h5"
    if not path.exists():
        raise MissingStageError(f"{path} does not exist", hint=f"run `sedpipe features {cache.dataset}` first")
    return ClipBatches(FeatureFile(path), clips[split], trained.labels)


def _frame_scores(run: Run, trained: TrainedModel, batches: ClipBatches, split: str, listener: Listener) -> FrameScores:
    """Stored ones if they were made from this model and these features, else new ones."""
    clip_ids = [clip.clip_id for clip in batches.clips]
    made_from = _digest([sha256_of(run.model_path), *clip_ids, *batches.audio_sha256])
    path = run.frame_scores_path(split)
    stored = find_frame_scores(path, made_from)
    if stored is not None:
        return stored
    n_batches = -(-len(batches) // BATCH_SIZE)
    tracked = listener.track(batches.in_order(BATCH_SIZE), n_batches, f"{split} batches")
    frame_probs, clip_probs = predict(trained.model, tracked)
    scores = FrameScores(clip_ids, frame_probs, clip_probs, batches.n_frames)
    write_frame_scores(path, scores, made_from)
    return scores


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _known_truth(cache: DatasetCache, split: str, batches: ClipBatches, trained: TrainedModel) -> Truth:
    truth = read_truth(cache, split, batches, trained.labels, trained.front_end)
    if truth is None:
        raise MissingStageError(
            f"{cache.dataset} has no strong labels for {split} ({cache.reference_path(split)} does not exist)",
            hint="scores need to know when events sound: give the split a `strong` list",
        )
    return truth


def _decode(scores: FrameScores, trained: TrainedModel, point: PostProcessing, truth: Truth) -> dict[str, list[Event]]:
    """Estimated events of each clip."""
    factor = trained.network.time_factor
    grid = trained.front_end.grid.subsampled(factor)
    counted = (-(-scores.n_frames // factor)).tolist()
    clips = zip(scores.clip_ids, scores.frame_probs, scores.clip_probs, counted, strict=True)
    return {
        clip_id: decode_events(
            probs, trained.labels, point, grid,
            n_frames=n_frames, duration=truth.durations[clip_id], clip_probs=clip_probs,
        )
        for clip_id, probs, clip_probs, n_frames in clips
    }  # fmt: skip


def _score(metric: Metric, truth: Truth, estimated: EventLists, labels: LabelSet) -> DetectionScores:
    """sed_eval's scores, after our own count has come to the same."""
    lists = truth.reference, estimated, truth.durations
    official, ours = (scores(*lists, labels) for scores in metric)
    different = differences(official, ours)
    if different:
        raise SedpipeError(
            f"sed_eval and sedpipe disagree on {', '.join(different)}", hint="please report this as a bug"
        )
    return official
