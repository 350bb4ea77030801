"""Make the missing cells of a table, one or several at a time, and draw the table after each.

- :func:`make_table`: make missing cells, then the table
- :func:`missing_of`: trainings whose cells are missing
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sedpipe.commands import command, place
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.parallel import in_parallel
from sedpipe.io.records.table import Cell, TableRecord
from sedpipe.listener import Listener, clock, seconds_to_go
from sedpipe.reports.tables import ReproduceReport
from sedpipe.stages.reproduce.cells import Outcome, Plan, find_cell, find_cells, make_cell
from sedpipe.stages.reproduce.trainings import Training
from sedpipe.steps.work import Work
from sedpipe.wording import counted

Draw = Callable[[Table, Dataset, TableRecord, Sequence[Cell]], None]
"""Function that writes the pages and figures of a table into its folder."""


def make_table(
    plan: Plan,
    record: TableRecord,
    trainings: Sequence[Training],
    draw: Draw,
    work: Work,
    listener: Listener,
    failed: Sequence[Outcome] = (),
) -> ReproduceReport:
    """Make the missing cells, then the table of all finished cells.

    A cell that cannot be made does not stop the others; the next call tries it again.

    Parameters
    ----------
    plan : Plan
        Dataset and folder of the table.
    record : TableRecord
        Cells and settings of the whole table, stored so that its progress can be reported.
    trainings : sequence of Training
        One training per cell; cells that are made at the same time share the threads.
    draw : callable
        Function that writes the pages and figures of the table.
    work : Work
        Part of the cells to make, and processes that make them.
    listener : Listener
        Receiver of progress and remarks.
    failed : sequence of Outcome
        Cells that are already known to have failed.

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
    others = len(plan.table.done - record.runs.keys())
    if n_there and others:
        all_cells = command("reproduce", record.table, plan.dataset.called, "--out", place(plan.table.folder), "--draw")
        listener.say(f"{counted(others, 'more cell')} of this folder not in the table; `{all_cells}` draws all")
    n_made = sum(not outcome.failed for outcome in finished)
    counts = {"all": len(record.runs), "made": n_made, "missing": len(record.runs) - n_there}
    reasons = {outcome.cell: outcome.told for outcome in (*failed, *finished) if outcome.failed}
    return ReproduceReport(plan.dataset.name, record.table, counts, str(plan.table.folder), reasons)


def missing_of(plan: Plan, trainings: Sequence[Training], work: Work) -> list[Training]:
    """Return the trainings in this part of the work whose cells are missing."""
    own = [training for training in trainings if work.shard is None or work.shard.holds(training.cell)]
    return [training for training in own if find_cell(plan, training) is None]


def _with_clips(plan: Plan, record: TableRecord) -> TableRecord:
    """Copy what an earlier record of this table contains about the clips."""
    before = plan.table.find_record()
    if before is None or before.dataset != record.dataset:
        return record
    return record.model_copy(update={"recordings": before.recordings, "median_event_s": before.median_event_s})


def _make(plan: Plan, missing: Sequence[Training], work: Work, listener: Listener) -> Iterator[Outcome]:
    """Make cells; yield their outcomes as they are finished."""
    shared = [
        replace(one, settings=replace(one.settings, threads=max(1, one.settings.threads // work.jobs)))
        for one in missing
    ]
    heard = Listener() if work.is_elsewhere else listener  # messages about epochs of several cells would be mixed
    # workers may have another working directory
    dataset = replace(plan.dataset, root=plan.dataset.root.absolute())
    make = partial(make_cell, Plan(dataset, Table(plan.table.folder.absolute())), heard)
    outcomes = in_parallel(make, shared, work.jobs, work.scheduler, ordered=work.scheduler is not None)
    return listener.track(outcomes, len(missing), "cells")


def _draw(plan: Plan, record: TableRecord, trainings: Sequence[Training], draw: Draw) -> int:
    """Draw the table of the finished cells, if there are any; return their number."""
    cells = find_cells(plan, trainings)
    if cells:
        draw(plan.table, plan.dataset, record, cells)
    return len(cells)


def _cell_line(finished: Sequence[Outcome], n_cells: int, jobs: int) -> str:
    """Return a line with the result of the last cell and an estimate of when all will be finished."""
    last, n_left = finished[-1], n_cells - len(finished)
    said = f"{last.cell}: {'failed: ' if last.failed else ''}{last.told}, {clock(last.seconds)}"
    if not n_left:
        return f"{said}; the last of {n_cells}"
    made = [outcome.seconds for outcome in finished if not outcome.failed]
    seconds = seconds_to_go(made or [last.seconds], n_left, jobs)
    end = datetime.now() + timedelta(seconds=seconds)
    return f"{said}; {n_left} of {n_cells} left, {clock(seconds)}: until about {end:%a %H:%M}"
