"""``sedpipe reproduce table3``: published systems and ours on one dataset, each trained within the same budget.

- :func:`reproduce_table3`: make the cells: systems x seeds
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.records.pace import Pace
from sedpipe.io.records.table import TableRecord
from sedpipe.listener import Listener
from sedpipe.reports.tables import ReproduceReport
from sedpipe.stages.reproduce.cells import Outcome, Plan, failed
from sedpipe.stages.reproduce.entrants import Budget, Entrant, check_features
from sedpipe.stages.reproduce.making import make_table
from sedpipe.stages.reproduce.pace import known_pace, pace_of
from sedpipe.stages.reproduce.scored_clips import check_truth
from sedpipe.stages.reproduce.table3_files import write_table3
from sedpipe.stages.reproduce.trainings import Training
from sedpipe.steps.work import Work
from sedpipe.wording import counted


def reproduce_table3(
    dataset: Dataset,
    systems: Sequence[Entrant],
    seeds: Sequence[int],
    budget: Budget,
    *,
    baseline: str = "",
    folder: Path | None = None,
    work: Work | None = None,
    listener: Listener | None = None,
) -> ReproduceReport:
    """Make the missing cells of Table 3, then the table of all finished cells.

    The time of a training step is measured for each system before its first cell is made, and stored: from then on its
    trainings have the same number of steps, wherever and whenever they run.

    Parameters
    ----------
    dataset : Dataset
        Dataset with features for each system, and strong labels of ``testing``, or of ``evaluation`` alone.
    systems : sequence of Entrant
        Systems of the table.
    seeds : sequence of int
        Random seeds: one cell for each, in every system; all systems with one seed come before the next seed.
    budget : Budget
        Budget of each training.
    baseline : str
        Name of the system that others are compared with; by default the first one.
    folder : Path, optional
        Folder of cells and table; by default ``tables/table3-<budget>`` in the dataset's folder.
    work : Work, optional
        Part of the cells to make, and processes that make them; by default all cells in this process.
    listener : Listener, optional
        Receiver of progress and remarks.

    Raises
    ------
    StaleError
        If the folder holds a cell or a pace that was made with other settings.
    MissingStageError
        If the dataset lacks features of a system, a training or testing split, or strong labels to score with.
    SedpipeError
        If a cell cannot be read, or a worker process is killed.
    """
    listener, work = listener or Listener(), work or Work()
    plan = Plan(dataset, Table(folder or dataset.folder / "tables" / f"table3-{budget.name}"))
    to_make = [one for one in systems if _has_work(plan, one, seeds, work)]
    check_features(dataset, to_make)
    if to_make:
        check_truth(dataset)
    paces, not_made = _paces(plan, systems, to_make, seeds, budget, work, listener)
    trainings = [one.training(seed, budget, paces[one.name]) for seed in seeds for one in systems if one.name in paces]
    record = TableRecord(
        dataset=dataset.name,
        table="table3",
        preset="",
        recipe="",
        epochs=budget.epochs or 0,
        seeds=tuple(seeds),
        runs={one.cell(seed): one.run(seed, budget) for seed in seeds for one in systems},
        minutes=budget.minutes,
        systems={one.cell(seed): one.name for seed in seeds for one in systems},
        baseline=baseline or systems[0].name,
    )
    return make_table(plan, record, trainings, write_table3, work, listener, not_made)


def _has_work(plan: Plan, entrant: Entrant, seeds: Sequence[int], work: Work) -> bool:
    """Whether this part of the work includes a missing cell of a system."""
    cells = {entrant.cell(seed) for seed in seeds}
    return any(cell not in plan.table.done and (work.shard is None or work.shard.holds(cell)) for cell in cells)


def _paces(
    plan: Plan,
    systems: Sequence[Entrant],
    to_make: Sequence[Entrant],
    seeds: Sequence[int],
    budget: Budget,
    work: Work,
    listener: Listener,
) -> tuple[dict[str, Pace], list[Outcome]]:
    """Return the pace of each system, as far as it is known, and failed cells of systems that cannot be measured."""
    paces, not_made = dict[str, Pace](), list[Outcome]()
    for entrant in systems:
        begun, known = time.monotonic(), known_pace(plan.table, entrant.name)
        if entrant not in to_make and known is None:
            continue
        threads = max(1, entrant.settings.threads // work.jobs)
        settings = replace(entrant.settings, threads=threads)
        try:
            paces[entrant.name] = pace_of(plan.table, entrant.name, plan.dataset, settings, entrant.spec)
        except Exception as error:  # users' own networks and front ends may raise anything
            if known is not None:
                raise
            seconds = time.monotonic() - begun
            cells = [Training(entrant.cell(seed), "", settings, entrant.spec) for seed in seeds]
            not_made += [failed(plan, cell, error, seconds) for cell in cells]
            listener.remark(f"{entrant.name}: failed: {not_made[-1].told}")
            continue
        if known is None:
            listener.say(_pace_line(entrant, paces[entrant.name], budget))
    return paces, not_made


def _pace_line(entrant: Entrant, pace: Pace, budget: Budget) -> str:
    training = budget.applied_to(entrant.settings.training, pace)
    steps = f"{counted(training.steps, 'step')} and {counted(training.epochs, 'validation')}"
    total = steps if training.steps else counted(training.epochs, "epoch")
    return f"{entrant.name}: {pace.step_s:.2g} s a step, {pace.validation_s:.2g} s a validation: {total}"
