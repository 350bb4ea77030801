"""What a system costs: a step of its training, hearing a clip; measured once, and stored beside the cells.

- :func:`pace_of`: as it is stored, or measured and stored now; :func:`known_pace`: as it is stored
- :func:`measured`: measured
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
from sedpipe.io.encoders.front_end import ready_to_hear
from sedpipe.io.files.locks import wait_for as wait_for_lock
from sedpipe.io.records.pace import Pace
from sedpipe.io.records.settings import as_table, differences, filled, in_words
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener
from sedpipe.nn.device import wait_for
from sedpipe.nn.summary import layers
from sedpipe.stages.train import open_splits
from sedpipe.steps.batches import ClipBatches
from sedpipe.steps.judging import Examiner
from sedpipe.steps.mendable import what_a_user_can_mend
from sedpipe.steps.start import start
from sedpipe.training.fit import Fit, predict
from sedpipe.training.memory import keep_freed_memory
from sedpipe.training.processes import make_fabric
from sedpipe.training.settings import TrainSettings

LONG_ENOUGH_S, MOST_STEPS = 10.0, 50
WARM_UP_CLIPS, HEARD_CLIPS, FRONT_END_CLIPS = 2, 8, 4


def pace_of(table: Table, name: str, dataset: Dataset, settings: TrainSettings, spec: FeatureSpec) -> Pace:
    """The pace of a system; who comes first measures it, so that all its cells have the same.

    Raises
    ------
    StaleError
        If one is stored that was measured with other settings.
    SedpipeError
        As a training would.
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
    """The pace of a system as it is stored, by itself or in a cell; None where it was not measured."""
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
    """Train a network for some steps, let it hear some clips, and forget it.

    Parameters
    ----------
    dataset : Dataset
        With features; front ends are measured where it has audio, too.
    settings : TrainSettings
        Of the system.
    spec : FeatureSpec
        What it hears.
    """
    torch.set_num_threads(settings.threads)
    keep_freed_memory()  # as a training does
    labels = LabelSet(dataset.read_record().labels)
    splits = open_splits(dataset, spec, labels)
    examiner = Examiner.of(dataset, splits["testing"], labels, spec)
    fabric = make_fabric(settings.device, settings.precision)
    fit, clock = start(fabric, settings, labels, spec, splits["training"]), _clock(fabric.device)
    with what_a_user_can_mend("measuring", settings):
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
    """Of all threads of this process, so that others on the machine do not count; on a GPU that of the wall."""
    if device.type == "cpu":
        return time.process_time

    def after_all_is_done() -> float:
        wait_for(device)
        return time.monotonic()

    return after_all_is_done


def _step_s(fit: Fit, training: ClipBatches, settings: TrainSettings, clock: Callable[[], float]) -> float:
    """A step: the median of ten seconds; the first one of a process waits for imports and memory."""
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
    """A clip through the network, and what the probabilities of all clips come to."""
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
    """A clip from its file to features; None where no audio is there any more."""
    paths = [dataset.audio_dir("testing") / audio_name(clip.clip_id) for clip in testing.clips[: 1 + FRONT_END_CLIPS]]
    front_end, begun, n_clips = ready_to_hear(spec, dataset.root.absolute(), Listener()).front_end, 0.0, 0
    for n_clips, path in enumerate(paths):
        if n_clips == 1:  # the first one waits for imports
            begun = time.process_time()
        try:
            front_end.extract(read_stored(path, front_end.sample_rate, most_samples=front_end.n_samples))
        except (AudioError, OSError):
            return None
    return max(time.process_time() - begun, 1e-6) / n_clips if n_clips else None
