"""``sedpipe reproduce table2``: a table of the paper, cell by cell, with seeds and intervals.

- :func:`reproduce_table2`: pooling functions x single and hierarchical x seeds
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.parallel import in_parallel
from sedpipe.io.records.table import TableRecord
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener, clock, seconds_to_go
from sedpipe.reports.tables import ReproduceReport
from sedpipe.shards import Shard
from sedpipe.stages.reproduce.cells import Outcome, Plan, find_cell, find_cells, make_cell
from sedpipe.stages.reproduce.completion import complete_cell
from sedpipe.stages.reproduce.drawing import write_table
from sedpipe.stages.reproduce.grid import GridPoint, default_folder
from sedpipe.stages.train import open_splits
from sedpipe.training.settings import TrainSettings


def reproduce_table2(
    dataset: Dataset,
    settings: TrainSettings,
    spec: FeatureSpec,
    points: Sequence[GridPoint],
    *,
    folder: Path | None = None,
    shard: Shard | None = None,
    jobs: int = 1,
    listener: Listener | None = None,
) -> ReproduceReport:
    """Make the missing cells of Table 2, then the table of all that are there.

    A cell that cannot be made stops no other; the next call tries it again.

    Parameters
    ----------
    dataset : Dataset
        With features and strong labels of ``testing``.
    settings : TrainSettings
        Of every cell, but for pooling and seed; cells made at the same time share the threads.
    spec : FeatureSpec
        Which features.
    points : sequence of GridPoint
        As :func:`~sedpipe.stages.reproduce.grid.grid` gives them; with single pooling the others are compared.
    folder : Path, optional
        Where cells and table lie; ``tables/table2-<preset>`` in the dataset's folder by default.
    shard : Shard, optional
        Make only this part of the cells.
    jobs : int
        Cells made at the same time, each in a process of its own (1: this one).
    listener : Listener, optional
        Hears of progress.

    Raises
    ------
    StaleError
        If the folder holds a cell that was made with other settings.
    MissingStageError
        If the dataset has no features, or no training or testing split.
    SedpipeError
        If a cell cannot be read, or a worker process is killed.
    """
    listener = listener or Listener()
    plan = Plan(dataset, settings, spec, Table(folder or default_folder(dataset, settings, spec)))
    own = [point for point in points if shard is None or shard.holds(point.name)]
    missing = [point for point in own if find_cell(plan, point) is None]
    if missing:  # what no cell can do without is an error at once
        open_splits(dataset, spec, LabelSet(dataset.read_record().labels))
    plan.table.write_record(_record(plan, points))
    finished: list[Outcome] = []
    for outcome in _make(plan, missing, jobs, listener):
        finished.append(outcome)
        _write_table(plan, points)
        listener.say(_cell_line(finished, len(missing), jobs))
    for point in own:
        complete_cell(plan, point)
    n_there = _write_table(plan, points)
    failed = {outcome.cell: outcome.told for outcome in finished if outcome.failed}
    counts = {"all": len(points), "made": len(finished) - len(failed), "missing": len(points) - n_there}
    return ReproduceReport(dataset.name, "table2", counts, str(plan.table.folder), failed)


def _make(plan: Plan, missing: Sequence[GridPoint], jobs: int, listener: Listener) -> Iterator[Outcome]:
    """Cells as they are finished."""
    shared = replace(plan, settings=replace(plan.settings, threads=max(1, plan.settings.threads // jobs)))
    heard = listener if jobs == 1 else Listener()  # the epochs of several cells would be mixed up
    outcomes = in_parallel(partial(make_cell, shared, heard), missing, jobs, ordered=False)
    return listener.track(outcomes, len(missing), "cells")


def _record(plan: Plan, points: Sequence[GridPoint]) -> TableRecord:
    """What the table is to hold, for whoever looks how far it is; what is known of its clips is kept."""
    before = plan.table.find_record()
    record = TableRecord(
        dataset=plan.dataset.name,
        table="table2",
        preset=plan.settings.preset,
        recipe=plan.settings.recipe,
        epochs=plan.settings.training.epochs,
        seeds=tuple(dict.fromkeys(point.seed for point in points)),
        runs={point.name: plan.run_name(point) for point in points},
    )
    if before is None or before.dataset != record.dataset:
        return record
    return record.model_copy(update={"recordings": before.recordings, "median_event_s": before.median_event_s})


def _cell_line(finished: Sequence[Outcome], n_cells: int, jobs: int) -> str:
    """What the last cell came to, and when all will be there."""
    last, n_left = finished[-1], n_cells - len(finished)
    said = f"{last.cell}: {'failed: ' if last.failed else ''}{last.told}, {clock(last.seconds)}"
    if not n_left:
        return f"{said}; the last of {n_cells}"
    made = [outcome.seconds for outcome in finished if not outcome.failed]
    seconds = seconds_to_go(made or [last.seconds], n_left, jobs)
    end = datetime.now() + timedelta(seconds=seconds)
    return f"{said}; {n_left} of {n_cells} left, {clock(seconds)}: until about {end:%a %H:%M}"


def _write_table(plan: Plan, points: Sequence[GridPoint]) -> int:
    """Write the table of the cells that are there; how many they are."""
    cells = find_cells(plan, points)
    if cells:
        write_table(plan.table, plan.dataset, _record(plan, points), cells)
    return len(cells)
