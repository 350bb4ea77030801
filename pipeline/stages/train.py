"""``sedpipe train``: stored features and weak labels -> a model with its post-processing.

- :func:`train`: fit, resume, tune, store
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from pipeline.batches import ClipBatches, band_statistics, read_ahead
from pipeline.errors import MissingStageError, SettingsError, StaleError
from pipeline.io.atomic import remove_leftovers, write_text
from pipeline.io.cache import DatasetCache
from pipeline.io.checkpoints import TrainedModel, build_model, find_state, write_model, write_state
from pipeline.io.feature_store import FeatureFile, fingerprint
from pipeline.io.runs import Run, named_run
from pipeline.labels import LabelSet
from pipeline.logmel import LogMelConfig
from pipeline.nn.crnn import CRNN
from pipeline.nn.device import check_compiler, has_room, place
from pipeline.nn.fit import EpochRecord, Fit, predict
from pipeline.nn.memory import keep_freed_memory
from pipeline.stages.progress import Listener
from pipeline.stages.run_record import TrainSettings, begin_run, describe_run
from pipeline.truth import read_truth
from pipeline.tuning import OPERATING_POINTS, UNTUNED, OperatingPoint, tune

TUNING_BATCH_SIZE = 32


@dataclass(frozen=True)
class TrainReport:
    """What ``--json`` prints of a training."""

    dataset: str
    run: str
    run_dir: str
    parameters: int
    epochs: int
    best_epoch: int
    validation_loss: float | None
    stopped: str
    seconds: float
    clips_per_second: float
    stage: str = field(default="train")


def choose_device(wanted: str) -> str:
    """``auto`` becomes ``cuda`` where there is a GPU; anything else must be a device that torch has here."""
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=wanted).item()
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        reason = str(error).splitlines()[0].split(". ")[0]  # an essay follows
        raise SettingsError(f"--device {wanted}: {reason}", hint="try --device auto") from error
    return wanted


def train(
    dataset: str,
    cache_dir: Path,
    settings: TrainSettings,
    front_end: LogMelConfig,
    *,
    feature_dtype: str = "float16",
    run_name: str | None = None,
    listener: Listener | None = None,
) -> TrainReport:
    """Train a run, or go on with it; a finished one is left as it is.

    Parameters
    ----------
    dataset : str
        Name of a dataset with features.
    cache_dir : Path
        The cache.
    settings : TrainSettings
        Of the run; other ones than it was begun with are refused.
    front_end : LogMelConfig
        Which features, ...
    feature_dtype : str
        ... and how they are stored.
    run_name : str, optional
        Name of the run; by default made from the settings.
    listener : Listener, optional
        Hears of progress.

    Raises
    ------
    MissingStageError
        If the dataset has no features, or no training or testing split.
    StaleError
        If the run was begun with other settings or other data.
    SettingsError
        If the network does not fit the features.
    """
    listener = listener or Listener()
    if settings.compiled:
        check_compiler()
    cache = DatasetCache(cache_dir, dataset)
    labels = LabelSet(cache.read_record().labels)
    run = named_run(cache, run_name or settings.default_run)
    splits = _open_splits(cache, fingerprint(front_end, feature_dtype), labels)
    record = begin_run(run, describe_run(cache, settings, fingerprint(front_end, feature_dtype), splits))
    if run.is_finished:
        listener.say(f"{run.name} is finished already")
        return TrainReport(**record["result"])
    remove_leftovers(run.folder)
    torch.set_num_threads(settings.threads)
    keep_freed_memory()
    fit = _start(settings, labels, front_end, splits["training"])
    _feed(splits, torch.device(settings.device))
    _resume(fit, run, listener)
    seconds, epochs = _fit(fit, run, splits, settings, listener)
    fit.restore_best()
    points = _tune(fit.model, cache, splits["testing"], labels, front_end, listener)
    chosen = {name: point.settings for name, point in points.items()} or dict.fromkeys(OPERATING_POINTS, UNTUNED)
    trained = TrainedModel(fit.model, labels, front_end, feature_dtype, settings.network, settings.pooling, chosen)
    write_model(run.model_path, trained)
    report = _report(fit, run, dataset, seconds, epochs * len(splits["training"]))
    tuned = {name: {**asdict(point.settings), **asdict(point.scores.overall)} for name, point in points.items()}
    steps = {name: [asdict(step) for step in point.steps] for name, point in points.items()}
    run.write_record({**record, "operating_points": tuned, "tuning": steps, "result": asdict(report)})
    run.state_path.unlink(missing_ok=True)
    return report


def _open_splits(cache: DatasetCache, features: str, labels: LabelSet) -> dict[str, ClipBatches]:
    clips = cache.read_clips()
    splits: dict[str, ClipBatches] = {}
    for split in ("training", "testing"):
        if split not in clips:
            raise MissingStageError(
                f"{cache.dataset} has no clips in {split}",
                hint="training learns from `training`; early stopping and thresholds need `testing`",
            )
        path = cache.features_dir(features) / f"{split}.h5"
        if not path.exists():
            raise MissingStageError(f"{path} does not exist", hint=f"run `sedpipe features {cache.dataset}` first")
        splits[split] = ClipBatches(FeatureFile(path), clips[split], labels)
    return splits


def _start(settings: TrainSettings, labels: LabelSet, front_end: LogMelConfig, training: ClipBatches) -> Fit:
    torch.manual_seed(settings.seed)
    try:
        model = build_model(labels, front_end, settings.network, settings.pooling)
    except ValueError as error:
        raise SettingsError(f"preset {settings.preset}: {error}") from error
    model.standardise_with(*band_statistics(training))
    place(model, settings.device, compiled=settings.compiled)
    return Fit(model, settings.training, settings.seed)


def _feed(splits: dict[str, ClipBatches], device: torch.device) -> None:
    """Let a GPU have all features in its memory if they fit, else memory that it can fetch them from."""
    if has_room(device, sum(batches.n_bytes for batches in splits.values())):
        for batches in splits.values():
            batches.keep_on(device)
    for batches in splits.values():
        batches.pinned = device.type == "cuda"


def _resume(fit: Fit, run: Run, listener: Listener) -> None:
    state = find_state(run.state_path)
    if state is None:
        return
    try:
        fit.load_state(state)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise StaleError(
            f"{run.state_path} is not the state of this network", hint="delete it, and training starts over"
        ) from error
    listener.say(f"{run.name} goes on after epoch {fit.epoch}")


def _fit(
    fit: Fit, run: Run, splits: dict[str, ClipBatches], settings: TrainSettings, listener: Listener
) -> tuple[float, int]:
    """Epochs until it is time to stop; returns the seconds and the epochs of this call."""
    started, first, size = time.monotonic(), fit.epoch, settings.training.batch_size
    n_steps = -(-len(splits["training"]) // size)
    while not fit.stopped:
        batches = read_ahead(splits["training"].shuffled(size, settings.seed, fit.epoch + 1))
        tracked = listener.track(batches, n_steps, f"epoch {fit.epoch + 1}, batches")
        record = fit.run_epoch(tracked, read_ahead(splits["testing"].in_order(size)))
        write_text(run.log_path, _log(fit.records))
        write_state(run.state_path, fit.state())
        best = "  best" if fit.best_epoch == fit.epoch else ""
        listener.say(
            f"epoch {record.epoch}: training loss {record.training_loss:.4f}, "
            f"validation loss {record.validation_loss:.4f}{best}"
        )
    return time.monotonic() - started, fit.epoch - first


def _log(records: Sequence[EpochRecord]) -> str:
    rows = [f"{record.epoch},{record.training_loss!r},{record.validation_loss!r}\n" for record in records]
    return "".join(["epoch,training_loss,validation_loss\n", *rows])


def _tune(
    model: CRNN,
    cache: DatasetCache,
    testing: ClipBatches,
    labels: LabelSet,
    front_end: LogMelConfig,
    listener: Listener,
) -> dict[str, OperatingPoint]:
    """Post-processing for each operating point, tuned on ``testing``; empty where no event is known there."""
    truth = read_truth(cache, "testing", testing, labels, front_end)
    if truth is None:
        listener.say("testing has no strong labels: thresholds stay at 0.5, untuned")
        return {}
    if not any(event.is_located for events in truth.reference.values() for event in events):
        listener.say("testing has no located event: thresholds stay at 0.5, untuned")
        return {}
    frame_probs, clip_probs = predict(model, testing.in_order(TUNING_BATCH_SIZE))
    return tune(
        frame_probs,
        truth.clip_ids,
        truth.reference,
        truth.durations,
        labels,
        front_end.grid.subsampled(model.time_factor),
        clip_probs=clip_probs,
        n_frames=-(-testing.n_frames // model.time_factor),
    )


def _report(fit: Fit, run: Run, dataset: str, seconds: float, n_clips: int) -> TrainReport:
    return TrainReport(
        dataset=dataset,
        run=run.name,
        run_dir=str(run.folder),
        parameters=sum(parameter.numel() for parameter in fit.model.parameters()),
        epochs=fit.epoch,
        best_epoch=fit.best_epoch,
        validation_loss=fit.best_loss if fit.records else None,
        stopped=fit.stopped,
        seconds=seconds,
        clips_per_second=n_clips / seconds if seconds > 0 else 0.0,
    )
