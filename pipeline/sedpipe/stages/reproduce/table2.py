"""``sedpipe reproduce``: a table of the paper, cell by cell, with seeds and intervals.

A cell is one training with its scores, a JSON of its own in the table's folder: what is there is kept, what is missing
is made, and a killed cell goes on inside its training.

- :func:`reproduce_table2`: pooling functions x single and hierarchical x seeds
- :class:`Cell`: one of them
- :class:`ReproduceReport`: what ``--json`` prints
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import torch

from sedpipe.choices import TUNED_ON
from sedpipe.errors import MissingStageError, SedpipeError, StaleError
from sedpipe.features.front_end import FRONT_ENDS
from sedpipe.features.spec import FeatureSpec
from sedpipe.hierarchy import as_name
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import named_run
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.files.atomic import write_json, write_text
from sedpipe.io.parallel import in_parallel
from sedpipe.io.records.settings import differences, filled, in_words
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener, clock, seconds_to_go
from sedpipe.nn.blocks import CONVOLUTIONS
from sedpipe.nn.networks.registry import NETWORKS
from sedpipe.nn.pooling import POOLING_FUNCTIONS, PoolingConfig
from sedpipe.shards import Shard
from sedpipe.stages.score import counts_of_clips, score
from sedpipe.stages.train import open_splits, train
from sedpipe.steps.sensitivity import found_later, sensitivity_of_run
from sedpipe.training.settings import TrainSettings
from sedpipe.views.tables.sensitivity_curves import curves_of, sensitivity_lines
from sedpipe.views.tables.sensitivity_figure import sensitivity_figure
from sedpipe.views.tables.table2 import csv_text, markdown, published_lines
from sedpipe.views.tables.table2_figure import table2_figure

POOLINGS = ("linear", "exponential", "attention")
HIERARCHIES: tuple[tuple[int, ...], ...] = ((), (5, 5))
SCORED = ("testing", "evaluation")
_REGISTRIES: tuple[dict[str, Any], ...] = (POOLING_FUNCTIONS, CONVOLUTIONS, NETWORKS, FRONT_ENDS)


@dataclass(frozen=True)
class Cell:
    """One training of the grid."""

    pooling: str
    hierarchy: tuple[int, ...]
    seed: int

    @property
    def name(self) -> str:
        """Of its file and, with preset, recipe and epochs, of its run."""
        return f"{self.pooling}-{as_name(self.hierarchy)}-seed{self.seed}"


@dataclass(frozen=True)
class ReproduceReport:
    """What ``--json`` prints: how many cells there are, were made now, and are missing; where; and why some failed."""

    dataset: str
    table: str
    cells: dict[str, int]
    folder: str
    failed: dict[str, str] = field(default_factory=dict)
    stage: str = field(default="reproduce")


@dataclass(frozen=True)
class _Outcome:
    """How the making of a cell ended: rough scores, or why there are none."""

    cell: str
    seconds: float
    told: str
    failed: bool = False


def grid(
    seeds: Sequence[int],
    hierarchies: Sequence[tuple[int, ...]] = HIERARCHIES,
    poolings: Sequence[str] = POOLINGS,
) -> list[Cell]:
    """All systems of the first seed, then of the next: a table with fewer seeds is a table, too."""
    return [Cell(pooling, stages, seed) for seed in seeds for pooling in poolings for stages in hierarchies]


def default_folder(dataset: Dataset, settings: TrainSettings) -> Path:
    """Where a table lies."""
    return dataset.folder / "tables" / f"table2-{settings.preset}"


def run_name(settings: TrainSettings, cell: Cell) -> str:
    """The run of a cell within its dataset."""
    return f"table2-{settings.preset}-{settings.recipe}-{settings.training.epochs}-{cell.name}"


def reproduce_table2(
    dataset: Dataset,
    settings: TrainSettings,
    spec: FeatureSpec,
    seeds: Sequence[int],
    *,
    poolings: Sequence[str] = POOLINGS,
    hierarchies: Sequence[tuple[int, ...]] = HIERARCHIES,
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
    seeds : sequence of int
    poolings : sequence of str
        Names of pooling functions.
    hierarchies : sequence of tuple of int
        ``()`` is single pooling, with which the others are compared.
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
        If a worker process is killed.
    """
    listener = listener or Listener()
    folder = folder or default_folder(dataset, settings)
    table, cells = Table(folder), grid(seeds, hierarchies, poolings)
    own = [cell for cell in cells if shard is None or shard.holds(cell.name)]
    missing = [cell for cell in own if _find(folder, dataset.name, settings, cell) is None]
    if missing:  # what no cell can do without is an error at once
        open_splits(dataset, spec, LabelSet(dataset.read_record().labels))
    write_json(table.record_path, _record(dataset.name, settings, seeds, cells))
    shared = replace(settings, threads=max(1, settings.threads // jobs))
    heard = listener if jobs == 1 else Listener()  # the epochs of several cells would be mixed up
    known = [dict(registry) for registry in _REGISTRIES]
    make = partial(_attempt, known, dataset, shared, spec, table, heard)
    outcomes = listener.track(in_parallel(make, missing, jobs, ordered=False), len(missing), "cells")
    finished: list[_Outcome] = []
    for outcome in outcomes:
        finished.append(outcome)
        _write_table(folder, dataset.name, settings, _made_cells(folder, dataset.name, settings, cells))
        listener.say(_cell_line(finished, len(missing), jobs))
    _add_sensitivity(folder, dataset, settings, own)
    there = _made_cells(folder, dataset.name, settings, cells)
    _write_table(folder, dataset.name, settings, there)
    failed = {outcome.cell: outcome.told for outcome in finished if outcome.failed}
    counts = {"all": len(cells), "made": len(finished) - len(failed), "missing": len(cells) - len(there)}
    return ReproduceReport(dataset.name, "table2", counts, str(folder), failed)


def _record(dataset: str, settings: TrainSettings, seeds: Sequence[int], cells: Sequence[Cell]) -> dict[str, Any]:
    """What the table is to hold, for whoever looks how far it is."""
    return {
        "dataset": dataset,
        "table": "table2",
        "preset": settings.preset,
        "recipe": settings.recipe,
        "epochs": settings.training.epochs,
        "seeds": list(seeds),
        "runs": {cell.name: run_name(settings, cell) for cell in cells},
    }


def _cell_line(finished: Sequence[_Outcome], n_cells: int, jobs: int) -> str:
    """What the last cell came to, and when all will be there."""
    last, n_left = finished[-1], n_cells - len(finished)
    said = f"{last.cell}: {'failed: ' if last.failed else ''}{last.told}, {clock(last.seconds)}"
    if not n_left:
        return f"{said}; the last of {n_cells}"
    made = [outcome.seconds for outcome in finished if not outcome.failed]
    seconds = seconds_to_go(made or [last.seconds], n_left, jobs)
    end = datetime.now() + timedelta(seconds=seconds)
    return f"{said}; {n_left} of {n_cells} left, {clock(seconds)}: until about {end:%a %H:%M}"


def _head(dataset: str, settings: TrainSettings, cell: Cell) -> dict[str, Any]:
    """What decides a cell, as JSON has it: a preset or a recipe may have changed behind its name."""
    head = {
        "dataset": dataset,
        "pooling": cell.pooling,
        "hierarchy": list(cell.hierarchy),
        "seed": cell.seed,
        "preset": settings.preset,
        "recipe": settings.recipe,
        "epochs": settings.training.epochs,
        "network": asdict(settings.network),
        "training": asdict(settings.training),
    }
    as_read_back: dict[str, Any] = json.loads(json.dumps(head))
    return as_read_back


def _find(folder: Path, dataset: str, settings: TrainSettings, cell: Cell) -> dict[str, Any] | None:
    path, head = Table(folder).cell_path(cell.name), _head(dataset, settings, cell)
    now: dict[str, Any] = {"network": settings.network, "training": settings.training}
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        there = {key: filled(found[key], now[key]) if key in now else found[key] for key in head}
        changed = differences(there, head)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SedpipeError(f"cannot read {path}: {error}", hint="delete it, and it is made anew") from error
    if changed:
        raise StaleError(
            f"{path} was made with other settings: {in_words(changed)}", hint="name another folder with --out"
        )
    return found


def _made_cells(folder: Path, dataset: str, settings: TrainSettings, cells: Sequence[Cell]) -> list[dict[str, Any]]:
    return [found for cell in cells if (found := _find(folder, dataset, settings, cell)) is not None]


def _attempt(
    known: Sequence[dict[str, Any]],
    dataset: Dataset,
    settings: TrainSettings,
    spec: FeatureSpec,
    table: Table,
    listener: Listener,
    cell: Cell,
) -> _Outcome:
    """Make a cell and store it; or store why that was not possible, since the others may be."""
    for registry, entries in zip(_REGISTRIES, known, strict=True):
        registry.update(entries)  # what a script of one's own has added, other processes have not
    begun = time.monotonic()
    try:
        made = _made(dataset, settings, spec, cell, listener)
    except Exception as error:  # a pooling function or a network may be anybody's
        reason = _reason(error)
        table.note_failure(cell.name, reason)
        return _Outcome(cell.name, time.monotonic() - begun, reason, failed=True)
    table.write_cell(cell.name, made)
    return _Outcome(cell.name, time.monotonic() - begun, _rough_scores(made))


def _reason(error: Exception) -> str:
    """A sentence; of what is nobody's mistake but a bug, with its place."""
    if isinstance(error, SedpipeError):
        return f"{error.message}; {error.hint}" if error.hint else error.message
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno})"


def _rough_scores(made: dict[str, Any]) -> str:
    points = made["splits"].get("testing", {}).get("operating_points")
    if points is None:
        return "not scored on testing"
    error_rate, f1 = points["min_er"]["error_rate"], points["max_f1"]["f1"]
    shown = ("-" if value is None else form.format(value) for form, value in (("{:.2f}", error_rate), ("{:.1%}", f1)))
    return "testing ER {}, F1 {} (tuned)".format(*shown)


def _made(
    dataset: Dataset, settings: TrainSettings, spec: FeatureSpec, cell: Cell, listener: Listener
) -> dict[str, Any]:
    """Train and score one cell; a run that was begun goes on with the threads that it was begun with."""
    run = run_name(settings, cell)
    folder = named_run(dataset, run)
    begun = folder.find_record()
    threads = settings.threads if begun is None else begun.settings.threads
    torch.set_num_threads(threads)  # for the scores, too
    pooling = PoolingConfig(cell.pooling, cell.hierarchy, settings.pooling.attention_axis)
    of_cell = replace(settings, pooling=pooling, seed=cell.seed, threads=threads)
    trained = train(dataset, of_cell, spec, run_name=run, waits=True, listener=listener)
    splits = {}
    for split in SCORED:
        try:
            report = score(dataset, run=run, split=split, device=settings.device)
        except MissingStageError as error:  # no such split, or no truth about it
            listener.say(f"{split} is not scored: {error.message}")
            continue
        splits[split] = {
            "clips": report.clips["scored"],
            "operating_points": report.operating_points,
            "counts": counts_of_clips(dataset, run, split, device=settings.device),
        }
    hangs_on = {}
    if TUNED_ON in splits:
        hangs_on = {"sensitivity": sensitivity_of_run(dataset, run, device=settings.device)}
    record = folder.find_record()
    made = {
        "seconds": trained.seconds,
        "threads": threads,
        "best_epoch": trained.best_epoch,
        "versions": {} if record is None else record.versions,
    }
    return {**_head(dataset.name, settings, cell), **made, "splits": splits, **hangs_on}


def _add_sensitivity(folder: Path, dataset: Dataset, settings: TrainSettings, cells: Sequence[Cell]) -> None:
    """To cells that were made before cells kept it, as far as their runs are still there."""
    for cell in cells:
        found = _find(folder, dataset.name, settings, cell)
        if found is not None and "sensitivity" not in found:
            sweeps = found_later(found, dataset, run_name(settings, cell), device=settings.device)
            if sweeps is not None:
                write_json(Table(folder).cell_path(cell.name), {**found, "sensitivity": sweeps})


def _write_table(folder: Path, dataset: str, settings: TrainSettings, cells: Sequence[dict[str, Any]]) -> None:
    if not cells:
        return
    seconds = sum(cell["seconds"] for cell in cells)
    how = f"preset {settings.preset}, recipe {settings.recipe}, at most {settings.training.epochs} epochs"
    title = f"Table 2 on {dataset}: {how}"
    lines = [
        markdown(cells, title),
        "![error rate and F1 of all systems](table.svg)",
        "",
        f"{len(cells)} cells, {seconds / 3600:.1f} hours of training.",
        "",
        *(f"Not made: {name}: {reason}" for name, reason in Table(folder).failures.items()),
    ]
    curves = curves_of(cells)
    if curves:
        lines += sensitivity_lines(curves)
        write_text(folder / "sensitivity.svg", sensitivity_figure(curves, f"Post-processing on {dataset}: {how}"))
    if dataset == "dcase2017-task4":
        lines += [line for split in SCORED for line in ["", f"## published, {split}", "", *published_lines(split)]]
    write_text(folder / "table.md", "\n".join(lines) + "\n")
    write_text(folder / "table.csv", csv_text(cells))
    write_text(folder / "table.svg", table2_figure(cells, title))
