"""The missing cells of a table, one by one or several at a time, and the table after each.

- :func:`make_table`
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.parallel import in_parallel
from sedpipe.io.records.table import Cell, TableRecord
from sedpipe.listener import Listener, clock, seconds_to_go
from sedpipe.reports.tables import ReproduceReport
from sedpipe.stages.reproduce.cells import Outcome, Plan, find_cell, find_cells, make_cell
from sedpipe.stages.reproduce.trainings import Training
from sedpipe.steps.work import Work

Draw = Callable[[Table, Dataset, TableRecord, Sequence[Cell]], None]
"""Writes what is to be looked at into a table's folder."""


def make_table(
    plan: Plan,
    record: TableRecord,
    trainings: Sequence[Training],
    draw: Draw,
    work: Work,
    listener: Listener,
    failed: Sequence[Outcome] = (),
) -> ReproduceReport:
    """Make missing cells, then the table of all that are there.

    A cell that cannot be made stops no other; the next call tries it again.

    Parameters
    ----------
    plan : Plan
    record : TableRecord
        What the table is to hold, for whoever looks how far it is.
    trainings : sequence of Training
        A cell each; those that work together share the threads.
    draw : callable
    work : Work
        Which of the cells, by whom.
    listener : Listener
        Receives progress and remarks.
    failed : sequence of Outcome
        Cells that it is known already cannot be made.

    Raises
    ------
    StaleError
        If the folder holds a cell that was made with other settings.
    SedpipeError
        If a cell cannot be read, or a worker process is killed.
    """
    record = _with_clips(plan, record)
    missing = missing_of(plan, trainings, work)
    plan.table.write_record(record)
    finished: list[Outcome] = []
    for outcome in _make(plan, missing, work, listener):
        finished.append(outcome)
        _draw(plan, record, trainings, draw)
        listener.say(_cell_line(finished, len(missing), work.jobs))
    n_there = _draw(plan, record, trainings, draw)
    n_made = sum(not outcome.failed for outcome in finished)
    counts = {"all": len(record.runs), "made": n_made, "missing": len(record.runs) - n_there}
    reasons = {outcome.cell: outcome.told for outcome in (*failed, *finished) if outcome.failed}
    return ReproduceReport(plan.dataset.name, record.table, counts, str(plan.table.folder), reasons)


def missing_of(plan: Plan, trainings: Sequence[Training], work: Work) -> list[Training]:
    """Those of this part of the work whose cells are not made."""
    own = [training for training in trainings if work.shard is None or work.shard.holds(training.cell)]
    return [training for training in own if find_cell(plan, training) is None]


def _with_clips(plan: Plan, record: TableRecord) -> TableRecord:
    """With what is known of the clips from before."""
    before = plan.table.find_record()
    if before is None or before.dataset != record.dataset:
        return record
    return record.model_copy(update={"recordings": before.recordings, "median_event_s": before.median_event_s})


def _make(plan: Plan, missing: Sequence[Training], work: Work, listener: Listener) -> Iterator[Outcome]:
    """Cells as they are finished."""
    shared = [
        replace(one, settings=replace(one.settings, threads=max(1, one.settings.threads // work.jobs)))
        for one in missing
    ]
    heard = Listener() if work.is_elsewhere else listener  # the epochs of several cells would be mixed up
    # workers may have another working directory
    dataset = replace(plan.dataset, root=plan.dataset.root.absolute())
    make = partial(make_cell, Plan(dataset, Table(plan.table.folder.absolute())), heard)
    outcomes = in_parallel(make, shared, work.jobs, work.scheduler, ordered=work.scheduler is not None)
    return listener.track(outcomes, len(missing), "cells")


def _draw(plan: Plan, record: TableRecord, trainings: Sequence[Training], draw: Draw) -> int:
    """Draw the table of the cells that are there; how many they are."""
    cells = find_cells(plan, trainings)
    if cells:
        draw(plan.table, plan.dataset, record, cells)
    return len(cells)


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
