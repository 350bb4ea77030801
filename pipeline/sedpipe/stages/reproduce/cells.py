"""A cell of a table: one training with its scores, in a file of its own.

What is there is kept, what is missing is made, and a killed cell goes on inside its training.

- :class:`Plan`: where and of what
- :func:`find_cell`, :func:`find_cells`: those that are made
- :func:`make_cell`, :func:`failed`: a missing one -> :class:`Outcome`
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from sedpipe.choices import TUNED_ON
from sedpipe.errors import MissingStageError, SedpipeError, StaleError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.resume import remove_resume
from sedpipe.io.cache.runs import named_run
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.records.run import TrainReport
from sedpipe.io.records.settings import as_table, differences, filled, in_words
from sedpipe.io.records.table import Cell, CellScores
from sedpipe.listener import Listener
from sedpipe.stages.reproduce.scored_clips import SCORED, check_same_clips
from sedpipe.stages.reproduce.trainings import Training
from sedpipe.stages.score import counts_of_clips, score
from sedpipe.stages.train import train
from sedpipe.steps.epochs import epochs_of
from sedpipe.steps.sensitivity import sensitivity_of_run


@dataclass(frozen=True)
class Plan:
    """Where the cells of a table are made of what.

    Parameters
    ----------
    dataset : Dataset
    table : Table
        Where they lie.
    """

    dataset: Dataset
    table: Table


@dataclass(frozen=True)
class Outcome:
    """How the making of a cell ended: rough scores, or why there are none."""

    cell: str
    seconds: float
    told: str
    failed: bool = False


def find_cell(plan: Plan, training: Training) -> Cell | None:
    """A cell that is made, or None.

    Raises
    ------
    SedpipeError
        If it cannot be read.
    StaleError
        If it was made with other settings.
    """
    cell = plan.table.find_cell(training.cell)
    if cell is None:
        return None
    there = {key: getattr(cell, key) for key in cell.decisive}
    there["features"] = cell.features or training.spec.fingerprint  # early cells do not say
    for key, now in (("network", training.settings.network), ("training", training.settings.training)):
        there[key] = filled(there[key], now)  # defaults are what was done before there was a setting
    there["pools"] = filled(_pools(cell, training), training.settings.pooling)
    if cell.bench is not None:
        there["system"] = cell.bench.system
    changed = differences(there, training.decides(plan.dataset))
    if changed:
        raise StaleError(
            f"{plan.table.cell_path(training.cell)} was made with other settings: {in_words(changed)}",
            hint="name another folder with --out",
        )
    return cell


def _pools(cell: Cell, training: Training) -> Mapping[str, Any]:
    """All settings of its pooling; early cells of Table 2 had the erratum's segment weights, whatever the preset's."""
    if cell.pools:
        return cell.pools
    if cell.bench is not None:
        return cell.bench.pooling
    early = {"function": cell.pooling, "hierarchy": list(cell.hierarchy), "segment_weights": "corrected"}
    return as_table(training.settings.pooling) | early


def find_cells(plan: Plan, trainings: Sequence[Training]) -> list[Cell]:
    """Those of a table that are made; ``StaleError`` if they were not scored on the same clips."""
    cells = [cell for training in trainings if (cell := find_cell(plan, training)) is not None]
    check_same_clips(plan.table, cells)
    return cells


def make_cell(plan: Plan, listener: Listener, training: Training) -> Outcome:
    """Make a cell and store it; or store why that was not possible, since the others may be."""
    begun = time.monotonic()
    try:
        cell = _made(plan, training, listener)
    except Exception as error:  # a pooling function or a network may be anybody's
        return failed(plan, training, error, time.monotonic() - begun)
    plan.table.write_cell(training.cell, cell)
    return Outcome(training.cell, time.monotonic() - begun, _rough_scores(cell))


def failed(plan: Plan, training: Training, error: Exception, seconds: float) -> Outcome:
    """Store why a cell could not be made."""
    reason = _reason(error)
    plan.table.note_failure(training.cell, reason)
    return Outcome(training.cell, seconds, reason, failed=True)


def _made(plan: Plan, training: Training, listener: Listener) -> Cell:
    """Train and score; a run that was begun goes on with the threads that it was begun with."""
    device = training.settings.device
    run = named_run(plan.dataset, training.run)
    begun = run.find_record()
    threads = training.settings.threads if begun is None else begun.settings.threads
    torch.set_num_threads(threads)  # for the scores, too
    trained = _train(plan, training, threads, listener)
    splits = _scores(plan, training, listener)
    record = run.find_record()
    cell = Cell(
        **training.decides_cell(plan.dataset),
        seconds=trained.seconds,
        threads=threads,
        best_epoch=trained.best_epoch,
        front_end=training.spec.front_end.name,
        validation_loss=trained.validation_loss,
        versions={} if record is None else record.versions,
        splits=splits,
    )
    if training.entry is not None:
        return cell.model_copy(update={"bench": training.entry.bench(training.settings, trained, epochs_of(run))})
    if TUNED_ON not in splits:
        return cell
    return cell.model_copy(update={"sensitivity": sensitivity_of_run(plan.dataset, training.run, device=device)})


def _train(plan: Plan, training: Training, threads: int, listener: Listener) -> TrainReport:
    settings, name = replace(training.settings, threads=threads), training.run
    report = train(plan.dataset, settings, training.spec, run_name=name, waits=True, listener=listener)
    remove_resume(named_run(plan.dataset, name).state_path)  # nobody goes on with one of thirty cells
    return report


def _scores(plan: Plan, training: Training, listener: Listener) -> dict[str, CellScores]:
    splits, run, device = {}, training.run, training.settings.device
    for split in SCORED:
        try:
            report = score(plan.dataset, run=run, split=split, device=device)
        except MissingStageError as error:  # no such split, or no truth about it
            listener.remark(f"{split} is not scored: {error.message}")
            continue
        clip_ids, counts, counts_common = counts_of_clips(plan.dataset, run, split, device=device)
        splits[split] = CellScores(
            clips=report.clips.scored,
            listed=report.clips.listed,
            operating_points=report.operating_points,
            counts=counts,
            post_processing_common=report.post_processing_common,
            counts_common=counts_common,
            threshold_free=report.threshold_free,
            clip_ids=clip_ids,
            clip_based=report.clip_based,
            **({} if report.own_rule is None else {"own_rule": report.own_rule}),
        )
    return splits


def _reason(error: Exception) -> str:
    """A sentence; of what is nobody's mistake but a bug, with its place."""
    if isinstance(error, SedpipeError):
        return f"{error.message}; {error.hint}" if error.hint else error.message
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno})"


def _rough_scores(cell: Cell) -> str:
    if TUNED_ON not in cell.splits:
        return f"not scored on {TUNED_ON}"
    points = cell.splits[TUNED_ON].operating_points
    error_rate, f1 = points["min_er"].error_rate, points["max_f1"].f1
    shown = ("-" if value is None else form.format(value) for form, value in (("{:.2f}", error_rate), ("{:.1%}", f1)))
    return f"{TUNED_ON} ER {{}}, F1 {{}} (tuned)".format(*shown)
