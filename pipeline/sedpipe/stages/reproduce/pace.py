"""The cost of a system: time of a training step, of predicting a clip; measured once and stored beside the cells.

- :func:`pace_of`: the stored pace, or measure and store it now; :func:`known_pace`: the stored pace only
- :func:`measured`: measure a pace
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice

import numpy as np
import torch

from sedpipe.errors import AudioError, StaleError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.audio.store import read_stored
from sedpipe.io.cache.dataset import Dataset, audio_name
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.encoders.front_end import with_encoder_files
from sedpipe.io.files.locks import wait_for as wait_for_lock
from sedpipe.io.records.pace import Pace
from sedpipe.io.records.settings import as_table, differences, filled, in_words
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener
from sedpipe.nn.device import wait_for
from sedpipe.nn.summary import layers
from sedpipe.stages.train import open_splits
from sedpipe.steps.batches import ClipBatches
from sedpipe.steps.fixable_errors import fixable_errors
from sedpipe.steps.judging import Examiner
from sedpipe.steps.start import start
from sedpipe.training.fit import Fit
from sedpipe.training.inference import predict
from sedpipe.training.memory import keep_freed_memory
from sedpipe.training.processes import make_fabric
from sedpipe.training.settings import TrainSettings

LONG_ENOUGH_S, MOST_STEPS = 10.0, 50
WARM_UP_CLIPS, HEARD_CLIPS, FRONT_END_CLIPS = 2, 8, 4


def pace_of(table: Table, name: str, dataset: Dataset, settings: TrainSettings, spec: FeatureSpec) -> Pace:
    """Return the pace of a system; the first process measures and stores it, so that all cells use the same.

    Raises
    ------
    StaleError
        If the stored pace was measured with other settings.
    SedpipeError
        In the same cases as for a training.
    """
    there = known_pace(table, name)
    if there is None:
        with wait_for_lock(table.folder / "paces.lock"):
            there = known_pace(table, name)
            if there is None:
                there = measured(dataset, settings, spec)
                table.write_pace(name, there)
    now = _decisive(settings, spec)
    stored = {key: getattr(there, key) for key in Pace.decisive}
    stored["network"] = filled(stored["network"], settings.network)
    stored["pooling"] = filled(stored["pooling"], settings.pooling)
    changed = differences(stored, now)
    if changed:
        raise StaleError(
            f"{table.pace_path(name)} was measured with other settings: {in_words(changed)}",
            hint="name another folder with --out",
        )
    return there


def known_pace(table: Table, name: str) -> Pace | None:
    """Return the stored pace of a system, from its own file or from a cell; None if it was not measured yet."""
    there = table.find_pace(name)
    cells = sorted(cell for cell in table.done if cell.rpartition("-seed")[0] == name)
    if there is None and cells:
        cell = table.find_cell(cells[0])
        there = None if cell is None or cell.bench is None else cell.bench.pace
    return there


def _decisive(settings: TrainSettings, spec: FeatureSpec) -> dict[str, object]:
    return {
        "network": as_table(settings.network),
        "pooling": as_table(settings.pooling),
        "batch_size": settings.training.batch_size,
        "features": spec.fingerprint,
    }


def measured(dataset: Dataset, settings: TrainSettings, spec: FeatureSpec) -> Pace:
    """Measure a pace: train a network for some steps, predict some clips with it, and discard it.

    Parameters
    ----------
    dataset : Dataset
        Dataset with features; the front end is only measured if there is audio as well.
    settings : TrainSettings
        Settings of the system.
    spec : FeatureSpec
        Features that the network takes as input.
    """
    torch.set_num_threads(settings.threads)
    keep_freed_memory()  # as in a training
    labels = LabelSet(dataset.read_record().labels)
    splits = open_splits(dataset, spec, labels)
    examiner = Examiner.of(dataset, splits["testing"], labels, spec)
    fabric = make_fabric(settings.device, settings.precision)
    fit, clock = start(fabric, settings, labels, spec, splits["training"]), _clock(fabric.device)
    with fixable_errors("measuring", settings):
        step_s = _step_s(fit, splits["training"], settings, clock)
        clip_s, judged_s = _hearing_s(fit, examiner, clock)
        rows = layers(fit.model, spec)
    return Pace.model_validate(
        {
            **_decisive(settings, spec),
            "device": settings.device,
            "threads": settings.threads,
            "step_s": step_s,
            "validation_s": clip_s * len(splits["testing"]) + judged_s,
            "steps_per_epoch": -(-len(splits["training"]) // settings.training.batch_size),
            "clip_s": clip_s,
            "front_end_s": _front_end_s(dataset, spec, splits["testing"]),
            "parameters": sum(parameter.numel() for parameter in fit.model.parameters()),
            "multiply_adds": sum(row.multiply_adds for row in rows),
            "clip_length_s": spec.front_end.n_samples / spec.front_end.sample_rate,
        }
    )


def _clock(device: torch.device) -> Callable[[], float]:
    """Return a clock: CPU time of all threads of this process alone, whatever others run; on a GPU wall-clock time."""
    if device.type == "cpu":
        return time.process_time

    def after_all_is_done() -> float:
        wait_for(device)
        return time.monotonic()

    return after_all_is_done


def _step_s(fit: Fit, training: ClipBatches, settings: TrainSettings, clock: Callable[[], float]) -> float:
    """Measure a step: the median over ten seconds, after a first step that waits for imports and memory."""
    for _ in fit.steps(islice(training.endless(WARM_UP_CLIPS, settings.seed), 1)):
        pass
    batches = training.endless(settings.training.batch_size, settings.seed, order=settings.training.order)
    times = [clock()]
    for _ in fit.steps(islice(batches, MOST_STEPS)):
        times.append(clock())
        if times[-1] - times[0] > LONG_ENOUGH_S:
            break
    return max(float(np.median(np.diff(times))), 1e-6)


def _hearing_s(fit: Fit, examiner: Examiner, clock: Callable[[], float]) -> tuple[float, float]:
    """Measure the time of predicting one clip, and of evaluating the probabilities of all clips."""
    begun, some = clock(), next(examiner.testing.in_order(HEARD_CLIPS))
    frame_probs, clip_probs = predict(fit.model, [some])
    clip_s = max(clock() - begun, 1e-6) / len(some.y)
    judge, n_clips = examiner.judge(fit.model.time_factor), len(examiner.testing)
    if judge is None:
        return clip_s, 0.0
    begun = clock()
    judge(*(np.resize(probs, (n_clips, *probs.shape[1:])) for probs in (frame_probs, clip_probs)))
    return clip_s, max(clock() - begun, 0.0)


def _front_end_s(dataset: Dataset, spec: FeatureSpec, testing: ClipBatches) -> float | None:
    """Measure the time from a clip's audio file to its features; None if the audio no longer exists."""
    paths = [dataset.audio_dir("testing") / audio_name(clip.clip_id) for clip in testing.clips[: 1 + FRONT_END_CLIPS]]
    front_end, begun, n_clips = with_encoder_files(spec, dataset.root.absolute(), Listener()).front_end, 0.0, 0
    for n_clips, path in enumerate(paths):
        if n_clips == 1:  # the first clip is slower: imports
            begun = time.process_time()
        try:
            front_end.extract(read_stored(path, front_end.sample_rate, most_samples=front_end.n_samples))
        except (AudioError, OSError):
            return None
    return max(time.process_time() - begun, 1e-6) / n_clips if n_clips else None
