"""A cell of a table: one training with its scores, in a file of its own.

What is there is kept, what is missing is made, and a killed cell goes on inside its training.

- :class:`Plan`: what all cells of a table have in common
- :func:`find_cell`, :func:`find_cells`: those that are made
- :func:`make_cell`: a missing one -> :class:`Outcome`
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from sedpipe.choices import TUNED_ON
from sedpipe.errors import MissingStageError, SedpipeError, StaleError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.resume import remove_resume
from sedpipe.io.cache.runs import named_run
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.records.run import TrainReport
from sedpipe.io.records.settings import as_table, differences, filled, in_words
from sedpipe.io.records.table import Cell, CellScores
from sedpipe.listener import Listener
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.stages.reproduce.drawing import check_same_clips
from sedpipe.stages.reproduce.grid import GridPoint, run_name
from sedpipe.stages.score import counts_of_clips, score
from sedpipe.stages.train import train
from sedpipe.steps.sensitivity import sensitivity_of_run
from sedpipe.training.settings import TrainSettings

SCORED = ("testing", "evaluation")


@dataclass(frozen=True)
class Plan:
    """What all cells of a table have in common.

    Parameters
    ----------
    dataset : Dataset
    settings : TrainSettings
        Of every cell, but for pooling and seed.
    spec : FeatureSpec
        Which features.
    table : Table
        Where they lie.
    """

    dataset: Dataset
    settings: TrainSettings
    spec: FeatureSpec
    table: Table

    def decides(self, point: GridPoint) -> dict[str, Any]:
        """What decides a cell: a preset or a recipe may have changed behind its name."""
        return {
            "dataset": self.dataset.name,
            "pooling": point.pooling,
            "hierarchy": point.hierarchy,
            "seed": point.seed,
            "preset": self.settings.preset,
            "recipe": self.settings.recipe,
            "epochs": self.settings.training.epochs,
            "network": as_table(self.settings.network),
            "training": as_table(self.settings.training),
            "features": self.spec.fingerprint,
        }

    def run_name(self, point: GridPoint) -> str:
        """The run of a cell."""
        return run_name(self.dataset, self.settings, self.spec, point)


@dataclass(frozen=True)
class Outcome:
    """How the making of a cell ended: rough scores, or why there are none."""

    cell: str
    seconds: float
    told: str
    failed: bool = False


def find_cell(plan: Plan, point: GridPoint) -> Cell | None:
    """A cell that is made, or None.

    Raises
    ------
    SedpipeError
        If it cannot be read.
    StaleError
        If it was made with other settings.
    """
    cell = plan.table.find_cell(point.name)
    if cell is None:
        return None
    there = {key: getattr(cell, key) for key in cell.decisive}
    there["features"] = cell.features or plan.spec.fingerprint  # early cells do not say
    for key, now in (("network", plan.settings.network), ("training", plan.settings.training)):
        there[key] = filled(there[key], now)  # defaults are what was done before there was a setting
    changed = differences(there, plan.decides(point))
    if changed:
        raise StaleError(
            f"{plan.table.cell_path(point.name)} was made with other settings: {in_words(changed)}",
            hint="name another folder with --out",
        )
    return cell


def find_cells(plan: Plan, points: Sequence[GridPoint]) -> list[Cell]:
    """Those of a grid that are made; ``StaleError`` if they were not scored on the same clips."""
    cells = [cell for point in points if (cell := find_cell(plan, point)) is not None]
    check_same_clips(plan.table, cells)
    return cells


def make_cell(plan: Plan, listener: Listener, point: GridPoint) -> Outcome:
    """Make a cell and store it; or store why that was not possible, since the others may be."""
    begun = time.monotonic()
    try:
        cell = _made(plan, point, listener)
    except Exception as error:  # a pooling function or a network may be anybody's
        reason = _reason(error)
        plan.table.note_failure(point.name, reason)
        return Outcome(point.name, time.monotonic() - begun, reason, failed=True)
    plan.table.write_cell(point.name, cell)
    return Outcome(point.name, time.monotonic() - begun, _rough_scores(cell))


def _made(plan: Plan, point: GridPoint, listener: Listener) -> Cell:
    """Train and score; a run that was begun goes on with the threads that it was begun with."""
    name, device = plan.run_name(point), plan.settings.device
    run = named_run(plan.dataset, name)
    begun = run.find_record()
    threads = plan.settings.threads if begun is None else begun.settings.threads
    torch.set_num_threads(threads)  # for the scores, too
    trained = _train(plan, point, threads, listener)
    splits = _scores(plan, name, listener)
    record = run.find_record()
    cell = Cell(
        **plan.decides(point),
        seconds=trained.seconds,
        threads=threads,
        best_epoch=trained.best_epoch,
        front_end=plan.spec.front_end.name,
        validation_loss=trained.validation_loss,
        versions={} if record is None else record.versions,
        splits=splits,
    )
    if TUNED_ON not in splits:
        return cell
    return cell.model_copy(update={"sensitivity": sensitivity_of_run(plan.dataset, name, device=device)})


def _train(plan: Plan, point: GridPoint, threads: int, listener: Listener) -> TrainReport:
    pooling = PoolingConfig(point.pooling, point.hierarchy, plan.settings.pooling.attention_axis)
    settings = replace(plan.settings, pooling=pooling, seed=point.seed, threads=threads)
    name = plan.run_name(point)
    report = train(plan.dataset, settings, plan.spec, run_name=name, waits=True, listener=listener)
    remove_resume(named_run(plan.dataset, name).state_path)  # nobody goes on with one of thirty cells
    return report


def _scores(plan: Plan, run: str, listener: Listener) -> dict[str, CellScores]:
    splits = {}
    for split in SCORED:
        try:
            report = score(plan.dataset, run=run, split=split, device=plan.settings.device)
        except MissingStageError as error:  # no such split, or no truth about it
            listener.say(f"{split} is not scored: {error.message}")
            continue
        clip_ids, counts, counts_common = counts_of_clips(plan.dataset, run, split, device=plan.settings.device)
        splits[split] = CellScores(
            clips=report.clips.scored,
            operating_points=report.operating_points,
            counts=counts,
            post_processing_common=report.post_processing_common,
            counts_common=counts_common,
            threshold_free=report.threshold_free,
            clip_ids=clip_ids,
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
