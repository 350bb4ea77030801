"""A cell of a table: one training with its scores, in a file of its own.

Finished cells are kept, missing ones are made, and an interrupted one resumes within its training.

- :class:`Plan`: dataset and folder of a table
- :func:`find_cell`, :func:`find_cells`: finished cells
- :func:`make_cell`, :func:`failed`: a missing cell -> :class:`Outcome`
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
from sedpipe.training.processes import precision_on


@dataclass(frozen=True)
class Plan:
    """Dataset and folder of a table.

    Parameters
    ----------
    dataset : Dataset
        Dataset that the cells are made from.
    table : Table
        Folder that the cells are stored in.
    """

    dataset: Dataset
    table: Table


@dataclass(frozen=True)
class Outcome:
    """The outcome of making a cell: rough scores, or why it failed."""

    cell: str
    seconds: float
    told: str
    failed: bool = False


def find_cell(plan: Plan, training: Training) -> Cell | None:
    """Return the finished cell of a training, or None.

    Raises
    ------
    SedpipeError
        If the cell cannot be read.
    StaleError
        If the cell was made with other settings.
    """
    cell = plan.table.find_cell(training.cell)
    if cell is None:
        return None
    there = {key: getattr(cell, key) for key in cell.decisive}
    there["features"] = cell.features or training.spec.fingerprint  # early cells do not contain it
    for key, now in (("network", training.settings.network), ("training", training.settings.training)):
        there[key] = filled(there[key], now)  # before a setting existed, its default was used
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
    """Return all pooling settings; early cells of Table 2 used the erratum's segment weights, whatever the preset."""
    if cell.pools:
        return cell.pools
    if cell.bench is not None:
        return cell.bench.pooling
    early = {"function": cell.pooling, "hierarchy": list(cell.hierarchy), "segment_weights": "corrected"}
    return as_table(training.settings.pooling) | early


def find_cells(plan: Plan, trainings: Sequence[Training]) -> list[Cell]:
    """Return the finished cells of a table; raise ``StaleError`` if they were not scored on the same clips."""
    cells = [cell for training in trainings if (cell := find_cell(plan, training)) is not None]
    check_same_clips(plan.table, cells)
    return cells


def make_cell(plan: Plan, listener: Listener, training: Training) -> Outcome:
    """Make a cell and store it; on failure, store the reason instead of raising it, since other cells may succeed."""
    begun = time.monotonic()
    try:
        cell = _made(plan, training, listener)
    except Exception as error:  # users' own pooling functions and networks may raise anything
        return failed(plan, training, error, time.monotonic() - begun)
    plan.table.write_cell(training.cell, cell)
    return Outcome(training.cell, time.monotonic() - begun, _rough_scores(cell))


def failed(plan: Plan, training: Training, error: Exception, seconds: float) -> Outcome:
    """Store why a cell could not be made."""
    reason = _reason(error)
    plan.table.note_failure(training.cell, reason)
    return Outcome(training.cell, seconds, reason, failed=True)


def _made(plan: Plan, training: Training, listener: Listener) -> Cell:
    """Train and score; a run that was started before resumes with the number of threads that it was started with."""
    device = training.settings.device
    run = named_run(plan.dataset, training.run)
    begun = run.find_record()
    threads = training.settings.threads if begun is None else begun.settings.threads
    torch.set_num_threads(threads)  # for scoring as well
    trained = _train(plan, training, threads, listener)
    splits = _scores(plan, training, listener)
    record = run.find_record()
    cell = Cell(
        **training.cell_determinants(plan.dataset),
        seconds=trained.seconds,
        threads=threads,
        best_epoch=trained.best_epoch,
        front_end=training.spec.front_end.name,
        validation_loss=trained.validation_loss,
        training_loss=trained.training_loss,
        device=torch.device(device).type,
        precision=precision_on(device, training.settings.precision),
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
    remove_resume(named_run(plan.dataset, name).state_path)  # nobody trains one of thirty cells for more epochs
    return report


def _scores(plan: Plan, training: Training, listener: Listener) -> dict[str, CellScores]:
    splits, run, device = {}, training.run, training.settings.device
    for split in SCORED:
        try:
            report = score(plan.dataset, run=run, split=split, device=device)
        except MissingStageError as error:  # the split does not exist, or has no reference events
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
    """Return the reason as a sentence; any error but a :class:`SedpipeError` is a bug, so with file and line."""
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
