"""``sedpipe train``: stored features and weak labels -> a model with its post-processing.

- :func:`train`: fit or resume a run, tune its post-processing, store it
- :func:`open_splits`: open the features of ``training`` and ``testing``
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import torch
from lightning_fabric import Fabric

from sedpipe.choices import OPERATING_POINTS
from sedpipe.detection.candidates import UNTUNED
from sedpipe.detection.clip_thresholds import ClipThresholds
from sedpipe.detection.tuning import OperatingPoint
from sedpipe.errors import MissingStageError, StaleError
from sedpipe.features.familiar import Familiar
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.curves import Curves
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.resume import find_resume, forget_before, write_resume
from sedpipe.io.cache.runs import Run, named_run
from sedpipe.io.files.atomic import remove_leftovers, write_text
from sedpipe.io.files.locks import hold, wait_for
from sedpipe.io.files.reading import is_there
from sedpipe.io.models.beginning import Beginning
from sedpipe.io.models.checkpoints import TrainedModel, write_model
from sedpipe.io.records.common import Common
from sedpipe.io.records.run import RunRecord, TrainReport
from sedpipe.io.records.settings import as_table, differences, in_words
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener
from sedpipe.nn.device import check_compiler, deterministically, has_room
from sedpipe.nn.networks.network import Network, NetworkConfig
from sedpipe.steps.attention import remark_on_attention
from sedpipe.steps.batches import ClipBatches, read_ahead
from sedpipe.steps.chance import remark_on_chance
from sedpipe.steps.changed_audio import report_changed_audio
from sedpipe.steps.default_run import default_run_name
from sedpipe.steps.epochs import epoch_line, log_of
from sedpipe.steps.familiar import familiar_with
from sedpipe.steps.finish import finished
from sedpipe.steps.fixable_errors import fixable_errors
from sedpipe.steps.judging import Examiner
from sedpipe.steps.more_epochs import epochs_in_all, no_run_to_continue, with_more
from sedpipe.steps.next_steps import features_words
from sedpipe.steps.run_record import begin_run, check_same_features, describe_run
from sedpipe.steps.start import check_start, start, start_message
from sedpipe.steps.stopwatch import Stopwatch
from sedpipe.steps.supervision import check_strong_labels, teach_frames
from sedpipe.steps.without_effect import without_effect
from sedpipe.training.fit import Fit, Judge
from sedpipe.training.inference import predict
from sedpipe.training.memory import keep_freed_memory
from sedpipe.training.processes import launch, make_fabric
from sedpipe.training.settings import TrainSettings
from sedpipe.wording import counted

TUNING_BATCH_SIZE = 32
SAVE_EVERY_S = 60.0

_NEEDED_FOR = {
    "training": "the network is trained on `training`: list clips there, with their weak labels",
    "testing": "early stopping needs clips that training does not use: move about a tenth of `training`'s list to "
    "`testing`; weak labels are enough; with strong labels, thresholds are tuned as well",
}


def train(
    dataset: Dataset,
    settings: TrainSettings,
    spec: FeatureSpec,
    *,
    run_name: str | None = None,
    save_every_s: float = SAVE_EVERY_S,
    waits: bool = False,
    begin: Beginning | None = None,
    listener: Listener | None = None,
) -> TrainReport:
    """Train a run, or resume it; a finished run is left as it is.

    Parameters
    ----------
    dataset : Dataset
        Dataset with features.
    settings : TrainSettings
        Settings of the run. If the run exists already, they must be those that it was started with.
    spec : FeatureSpec
        Features that the network takes as input.
    run_name : str, optional
        Name of the run; by default derived from the settings.
    save_every_s : float
        Interval in seconds at which progress within an epoch is stored: the most that a killed run loses. It affects no
        result.
    waits : bool
        Whether to wait, instead of raising an error, while another process trains this run.
    begin : Beginning, optional
        Model whose weights the training starts from, which the settings name; by default random weights.
    listener : Listener, optional
        Receiver of progress and remarks.

    Raises
    ------
    MissingStageError
        If the dataset has no features, or no training or testing split, or if the state is missing that a finished run
        needs to train more epochs.
    StaleError
        If the run was started with other settings or other data, or if more epochs are requested of a run that does not
        exist or is not finished yet.
    SettingsError
        If the network does not fit the features.
    SedpipeError
        If the loss becomes nan, if there is not enough memory, or if another process trains the run.
    """
    listener = listener or Listener()
    if settings.compiled:
        check_compiler()
    labels = LabelSet(dataset.read_record().labels)
    run = named_run(dataset, run_name or default_run_name(settings, spec))
    if run.find_record() is None:  # an existing run was checked when it was started
        if settings.more_epochs:
            raise no_run_to_continue(run, dataset)
        check_start(settings, labels, spec, begin)
    check_same_features(run, spec)
    splits = open_splits(dataset, spec, labels, settings.command)
    check_strong_labels(dataset, settings)
    description = describe_run(dataset, settings, spec, splits, begin)
    with _alone(run, listener, waits=waits, goes_on=bool(settings.more_epochs)):
        record = begin_run(run, description, settings)
        if settings.more_epochs:
            record = with_more(run, record, settings.more_epochs)
        if record.result is not None and run.is_finished:
            listener.say(f"{run.name} is finished already")
            return record.result
        clips = dataset.read_clips()
        for split, batches in splits.items():
            report_changed_audio(dataset, batches.path, clips[split], listener)
        _report_before_training(record.versions, description.versions, splits["training"], labels, listener)
        on_attention = remark_on_attention(settings.pooling, len(labels))
        for remark in filter(None, (on_attention, *without_effect(settings, len(labels)))):
            listener.remark(remark)
        if record.contaminated_by:
            names = " and ".join(record.contaminated_by)
            listener.remark(
                f"{names} may have been trained on the recordings of {dataset.name}, including those that are "
                f"scored: run and scores are marked as contaminated"
            )
        if begin is not None:
            listener.say(start_message(begin, labels, freeze=settings.freeze))
        teach_frames(dataset, settings, splits["training"], spec, listener)
        remove_leftovers(run.folder)
        examiner = Examiner.of(dataset, splits["testing"], labels, spec)
        task = _Task(dataset, run, record, settings, splits, labels, spec, examiner, save_every_s, listener, begin)
        return launch(make_fabric(settings.device, settings.precision, settings.devices), _train, task)


def _alone(run: Run, listener: Listener, *, waits: bool, goes_on: bool) -> AbstractContextManager[None]:
    """Lock the run while the block trains it; a finished run that trains no more epochs is not written or locked."""
    if run.is_finished and not goes_on:
        return nullcontext()
    if waits:
        return wait_for(run.lock_path, lambda: listener.say(f"another process is training {run.name}: waiting for it"))
    return hold(run.lock_path, f"training {run.name}", "wait until it has finished, or name another run with --run")


@dataclass(frozen=True)
class _Task:
    """Everything that each process of a training needs."""

    dataset: Dataset
    run: Run
    record: RunRecord
    settings: TrainSettings
    splits: dict[str, ClipBatches]
    labels: LabelSet
    spec: FeatureSpec
    examiner: Examiner
    save_every_s: float
    listener: Listener
    begin: Beginning | None


def _train(fabric: Fabric, task: _Task) -> TrainReport:
    """Train in one of the processes; only the first one reports to the user, tunes and writes."""
    run, settings, splits = task.run, task.settings, task.splits
    if not fabric.is_global_zero:
        task = replace(task, listener=Listener())
    torch.set_num_threads(max(1, settings.threads // settings.devices))
    keep_freed_memory()
    in_all = epochs_in_all(task.record)
    fit = start(fabric, settings, task.labels, task.spec, splits["training"], begin=task.begin, in_all=in_all)
    if in_all > fit.planned_epochs and settings.training.schedule == "cosine":
        task.listener.remark(
            f"the learning rate now falls over {in_all} epochs: it is higher again where the run had ended, so the "
            "model differs from one that is trained for as many epochs from the start"
        )
    _feed(splits, fabric.device)
    watch = _resume(fit, run, task.listener)
    judge = task.examiner.judge(fit.model.time_factor)
    with fixable_errors(run.name, settings), deterministically(fabric.device, settings.deterministic):
        _fit(fit, fabric, task, judge, watch)
    report = _report(fit, task, watch)
    if fabric.is_global_zero:
        report = _finish(*finished(fit, settings, task.labels, task.spec), task, report)
    return report


def _finish(model: Network, network: NetworkConfig, task: _Task, report: TrainReport) -> TrainReport:
    """Tune the post-processing, store the model with it, and return the report with its remarks added."""
    run, settings = task.run, task.settings
    frame_probs, clip_probs = predict(model, task.splits["testing"].in_order(TUNING_BATCH_SIZE))
    points = task.examiner.tuned(model.time_factor, frame_probs, clip_probs, task.listener)
    chosen = {name: point.settings for name, point in points.items()} or dict.fromkeys(OPERATING_POINTS, UNTUNED)
    write_model(
        run.model_path,
        TrainedModel(model, task.labels, task.spec, network, settings.pooling, chosen, _familiar(task)),
    )
    tuned = {name: {**point.settings.as_table(), **as_table(point.scores.overall)} for name, point in points.items()}
    chance = remark_on_chance(clip_probs, task.splits["testing"].targets) if report.epochs else None
    remarks = (*([chance] if chance else []), *(remark for point in points.values() for remark in point.remarks))
    for remark in remarks:
        task.listener.remark(remark)
    report = report.model_copy(update={"remarks": remarks})
    known: dict[str, Any] = {
        "operating_points": tuned,
        "tuning": {name: point.steps for name, point in points.items()},
        "post_processing_common": {name: _common(point) for name, point in points.items()},
        "result": report,
    }
    if isinstance(settings.own_rule, ClipThresholds):
        known["own_rule"] = settings.own_rule.on(clip_probs, task.splits["testing"].targets)
    run.write_record(task.record.model_copy(update=known))
    forget_before(run.state_path)  # the newest state is kept, since more epochs may be requested later
    return report


def _familiar(task: _Task) -> Familiar | None:
    clips, training = task.splits["training"].clips, task.settings.training
    return familiar_with(task.dataset, clips, task.spec, training.augment) if training.epochs else None


def _common(point: OperatingPoint) -> Common:
    return Common(settings=point.common.settings, segment_based=point.common.scores.overall)


def open_splits(
    cache: Dataset, spec: FeatureSpec, labels: LabelSet, asked: Sequence[str] = ()
) -> dict[str, ClipBatches]:
    """Open the features of ``training``, which the network learns from, and ``testing``, for early stopping and tuning.

    Parameters
    ----------
    cache : Dataset
        Dataset with features.
    spec : FeatureSpec
        Features to open.
    labels : LabelSet
        The classes.
    asked : sequence of str
        Words of the ``train`` command that needs the features, so that an error can name the command that makes them.

    Returns
    -------
    dict of str to ClipBatches
        Batches of each split, by its name.

    Raises
    ------
    MissingStageError
        If a split has no clips, or these features do not exist.
    """
    clips = cache.read_clips()
    splits: dict[str, ClipBatches] = {}
    for split in ("training", "testing"):  # checked before the features: making features would not help
        if split not in clips:
            raise MissingStageError(f"{cache.name} has no clips in {split}", hint=_NEEDED_FOR[split])
    for split in ("training", "testing"):
        path = cache.features_dir(spec.fingerprint) / f"{split}.h5"
        if not is_there(path):
            words = features_words(asked)
            usual = words or spec == FeatureSpec.of_clips(cache.read_record().clip_format)
            how = "" if usual else " with the same --encoder, --hop, --init, --front-end, --n-mels and --dtype"
            hint = f"run `{cache.command('features', *words)}`{how} first"
            raise MissingStageError(f"{path} does not exist", hint=hint)
        splits[split] = ClipBatches(FeatureFile(path), clips[split], labels)
    return splits


def _report_before_training(
    there: dict[str, str], now: dict[str, str], training: ClipBatches, labels: LabelSet, listener: Listener
) -> None:
    changed = differences(there, now)
    if changed:
        listener.remark(f"started with different versions, so the last digits may differ: {in_words(changed)}")
    silent = [label for label, n in zip(labels, training.targets.sum(axis=0), strict=True) if not n]
    if silent:
        listener.remark(f"no clip of training has the label {', '.join(silent)}: it cannot be learned")


def _feed(splits: dict[str, ClipBatches], device: torch.device) -> None:
    """Keep all features in the GPU's memory if they fit, else use pinned memory, from which a GPU can copy them."""
    if has_room(device, sum(batches.n_bytes for batches in splits.values())):
        for batches in splits.values():
            batches.keep_on(device)
    for batches in splits.values():
        batches.pinned = device.type == "cuda"


def _resume(fit: Fit, run: Run, listener: Listener) -> Stopwatch:
    """Restore the state of an interrupted training, if any; return a stopwatch that includes the time spent so far."""
    state, complaint = find_resume(run.state_path)
    if complaint:
        listener.remark(f"{complaint}; the previous state is used")
    if state is None:
        return Stopwatch({})
    try:
        fit.load_state(state)
        watch = Stopwatch({name: state[name] for name in ("seconds", "cpu_seconds") if name in state})
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise StaleError(
            f"{run.state_path} is not the state of this network", hint="delete it to start training again"
        ) from error
    steps = f" and {counted(fit.step, 'step')} of the next" if fit.step else ""
    listener.say(f"{run.name} resumes after epoch {fit.epoch}{steps}")
    return watch


def _fit(fit: Fit, fabric: Fabric, task: _Task, judge: Judge | None, watch: Stopwatch) -> None:
    """Train epoch by epoch until the fit is to stop."""
    run, listener, size = task.run, task.listener, task.settings.training.batch_size
    training, testing = task.splits["training"], task.splits["testing"]
    writes = fabric.is_global_zero
    curves = Curves(run.curves_path, fit.records) if writes and not fit.stopped else None
    while not fit.stopped:
        begun, n_due = time.monotonic(), fit.steps_due
        batches = training.endless(
            size,
            task.settings.seed,
            order=fit.config.order,
            skip=fit.steps_done,
            process=fabric.global_rank,
            n_processes=fabric.world_size,
        )
        tracked = listener.track(read_ahead(islice(batches, n_due)), n_due, f"epoch {fit.epoch + 1}, batches")
        saved = begun
        for _ in fit.steps(tracked):
            if writes and time.monotonic() - saved >= task.save_every_s:
                write_resume(run.state_path, {**fit.state(), **watch.as_state()})
                saved = time.monotonic()
        trained = time.monotonic()
        record = fit.end_epoch(read_ahead(testing.in_order(size)), judge)
        if writes:
            write_text(run.log_path, log_of(fit.records))
            write_resume(run.state_path, {**fit.state(), **watch.as_state()})
        if curves is not None:
            curves.add(record)
        step_s = (trained - begun) / max(n_due, 1)
        epoch_s = fit.steps_due * step_s + time.monotonic() - trained
        speed = _clips_a_step(task) / max(step_s, 1e-9)
        listener.say(epoch_line(fit, record, speed, epoch_s * (fit.most_epochs - fit.epoch)))
    if curves is not None:
        curves.close()


def _clips_a_step(task: _Task) -> float:
    """Return the mean number of clips per step: the last batch of an epoch may be smaller."""
    n_clips = len(task.splits["training"])
    return n_clips / -(-n_clips // task.settings.training.batch_size)


def _report(fit: Fit, task: _Task, watch: Stopwatch) -> TrainReport:
    n_steps, seconds = fit.steps_done, watch.seconds
    return TrainReport(
        dataset=task.record.dataset,
        run=task.run.name,
        run_dir=str(task.run.folder),
        parameters=sum(parameter.numel() for parameter in fit.model.parameters()),
        epochs=fit.epoch,
        best_epoch=fit.best_epoch,
        validation_loss=fit.best_loss if fit.records else None,
        training_loss=fit.records[fit.best_epoch - 1].training_loss if fit.records else None,
        stopped=fit.stopped,
        seconds=seconds,
        cpu_seconds=watch.cpu_seconds,
        clips_per_second=n_steps * _clips_a_step(task) / seconds if seconds > 0 else 0.0,
    )
