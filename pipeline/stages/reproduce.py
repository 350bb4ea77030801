"""``sedpipe reproduce``: a table of the paper, cell by cell, with seeds and intervals.

A cell is one training with its scores, a JSON of its own in the table's folder: what is there is kept, what is missing
is made, and a killed cell goes on inside its training.

- :func:`reproduce_table2`: pooling functions x single and hierarchical x seeds
- :class:`Cell`: one of them
- :class:`ReproduceReport`: what ``--json`` prints
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.errors import MissingStageError, SedpipeError, StaleError
from pipeline.io.atomic import write_json, write_text
from pipeline.io.cache import DatasetCache
from pipeline.io.runs import differences, named_run
from pipeline.logmel import LogMelConfig
from pipeline.nn.crnn import PoolingConfig
from pipeline.report.sensitivity_curves import curves_of, sensitivity_lines
from pipeline.report.sensitivity_figure import sensitivity_figure
from pipeline.report.table2 import csv_text, markdown, published_lines
from pipeline.report.table2_figure import table2_figure
from pipeline.shards import Shard
from pipeline.stages.progress import Listener
from pipeline.stages.run_record import TrainSettings
from pipeline.stages.score import TUNED_ON, counts_of_clips, score
from pipeline.stages.sensitivity import found_later, sensitivity_of_run
from pipeline.stages.train import train

POOLINGS = ("linear", "exponential", "attention")
HIERARCHIES: tuple[tuple[int, ...], ...] = ((), (5, 5))
SCORED = ("testing", "evaluation")


@dataclass(frozen=True)
class Cell:
    """One training of the grid."""

    pooling: str
    hierarchy: tuple[int, ...]
    seed: int

    @property
    def name(self) -> str:
        """Of its file and, with preset, recipe and epochs, of its run."""
        stages = "x".join(map(str, self.hierarchy)) or "single"
        return f"{self.pooling}-{stages}-seed{self.seed}"


@dataclass(frozen=True)
class ReproduceReport:
    """What ``--json`` prints: how many cells there are, were made now, and are missing; and where the table lies."""

    dataset: str
    table: str
    cells: dict[str, int]
    folder: str
    stage: str = field(default="reproduce")


def grid(seeds: Sequence[int], hierarchies: Sequence[tuple[int, ...]] = HIERARCHIES) -> list[Cell]:
    """All systems of the first seed, then of the next: a table with fewer seeds is a table, too."""
    return [Cell(pooling, stages, seed) for seed in seeds for pooling in POOLINGS for stages in hierarchies]


def default_folder(dataset: str, cache_dir: Path, settings: TrainSettings) -> Path:
    """Where a table lies."""
    return DatasetCache(cache_dir, dataset).folder / "tables" / f"table2-{settings.preset}"


def run_name(settings: TrainSettings, cell: Cell) -> str:
    """The run of a cell within its dataset."""
    return f"table2-{settings.preset}-{settings.recipe}-{settings.training.epochs}-{cell.name}"


def reproduce_table2(
    dataset: str,
    cache_dir: Path,
    settings: TrainSettings,
    front_end: LogMelConfig,
    seeds: Sequence[int],
    *,
    hierarchies: Sequence[tuple[int, ...]] = HIERARCHIES,
    folder: Path | None = None,
    shard: Shard | None = None,
    listener: Listener | None = None,
) -> ReproduceReport:
    """Make the missing cells of Table 2, then the table of all that are there.

    Parameters
    ----------
    dataset : str
        Name of a dataset with features and strong labels of ``testing``.
    cache_dir : Path
        The cache.
    settings : TrainSettings
        Of every cell, but for pooling and seed.
    front_end : LogMelConfig
        Which features.
    seeds : sequence of int
    hierarchies : sequence of tuple of int
        ``()`` is single pooling, with which the others are compared.
    folder : Path, optional
        Where cells and table lie; ``tables/table2-<preset>`` in the dataset's folder by default.
    shard : Shard, optional
        Make only this part of the cells.
    listener : Listener, optional
        Hears of progress.

    Raises
    ------
    StaleError
        If the folder holds a cell that was made with other settings.
    SedpipeError
        Whatever training and scoring raise.
    """
    listener = listener or Listener()
    folder = folder or default_folder(dataset, cache_dir, settings)
    cells = grid(seeds, hierarchies)
    own = [cell for cell in cells if shard is None or shard.holds(cell.name)]
    missing = [cell for cell in own if _find(folder, cell, _head(dataset, settings, cell)) is None]
    for cell in listener.track(missing, len(missing), "cells"):
        write_json(_path(folder, cell), _made(dataset, cache_dir, settings, front_end, cell, listener))
    _add_sensitivity(folder, dataset, cache_dir, settings, own)
    there = [found for cell in cells if (found := _find(folder, cell, _head(dataset, settings, cell))) is not None]
    _write_table(folder, dataset, settings, there)
    counts = {"all": len(cells), "made": len(missing), "missing": len(cells) - len(there)}
    return ReproduceReport(dataset, "table2", counts, str(folder))


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


def _path(folder: Path, cell: Cell) -> Path:
    return folder / "cells" / f"{cell.name}.json"


def _find(folder: Path, cell: Cell, head: dict[str, Any]) -> dict[str, Any] | None:
    path = _path(folder, cell)
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        changed = differences({key: found[key] for key in head}, head)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SedpipeError(f"cannot read {path}: {error}", hint="delete it, and it is made anew") from error
    if changed:
        raise StaleError(
            f"{path} was made with other settings: {'; '.join(changed)}", hint="name another folder with --out"
        )
    return found


def _made(
    dataset: str, cache_dir: Path, settings: TrainSettings, front_end: LogMelConfig, cell: Cell, listener: Listener
) -> dict[str, Any]:
    """Train and score one cell."""
    pooling = PoolingConfig(cell.pooling, cell.hierarchy, settings.pooling.attention_axis)
    of_cell = replace(settings, pooling=pooling, seed=cell.seed)
    run = run_name(settings, cell)
    trained = train(dataset, cache_dir, of_cell, front_end, run_name=run, listener=listener)
    splits = {}
    for split in SCORED:
        try:
            report = score(dataset, cache_dir, run=run, split=split, device=settings.device)
        except MissingStageError as error:  # no such split, or no truth about it
            listener.say(f"{split} is not scored: {error.message}")
            continue
        splits[split] = {
            "clips": report.clips["scored"],
            "operating_points": report.operating_points,
            "counts": counts_of_clips(dataset, cache_dir, run, split, device=settings.device),
        }
    hangs_on = {}
    if TUNED_ON in splits:
        hangs_on = {"sensitivity": sensitivity_of_run(dataset, cache_dir, run, device=settings.device)}
    record = named_run(DatasetCache(cache_dir, dataset), run).find_record() or {}
    made = {"seconds": trained.seconds, "best_epoch": trained.best_epoch, "versions": record.get("versions", {})}
    return {**_head(dataset, settings, cell), **made, "splits": splits, **hangs_on}


def _add_sensitivity(
    folder: Path, dataset: str, cache_dir: Path, settings: TrainSettings, cells: Sequence[Cell]
) -> None:
    """To cells that were made before cells kept it, as far as their runs are still there."""
    for cell in cells:
        found = _find(folder, cell, _head(dataset, settings, cell))
        if found is not None and "sensitivity" not in found:
            sweeps = found_later(found, dataset, cache_dir, run_name(settings, cell), device=settings.device)
            if sweeps is not None:
                write_json(_path(folder, cell), {**found, "sensitivity": sweeps})


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
