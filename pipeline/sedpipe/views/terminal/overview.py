"""Overview of a cache, dataset by dataset, for the terminal.

- :func:`overview_parts`: the output of ``sedpipe status`` without a dataset
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sedpipe.views.terminal.data import unreadable_lines
from sedpipe.views.terminal.quantities import percent, rate
from sedpipe.views.terminal.table import Column, FittingTable, text
from sedpipe.wording import counted

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sedpipe.reports.data import CacheStatus, Stages, StatusReport

_COLUMNS = (
    Column("run"), Column("epochs", 2, "right"), Column("split", 1), Column("ER \N{DOWNWARDS ARROW}", 0, "right"),
    Column("F1 % \N{UPWARDS ARROW}", 0, "right"),
)  # fmt: skip


def overview_parts(report: CacheStatus) -> list[RenderableType]:
    """Return, for each dataset, a heading, its runs with their scores, and the next command."""
    parts: list[RenderableType] = [part for dataset in report.datasets for part in _dataset_parts(dataset)]
    parts += [f"problem: {name}: {why}" for name, why in report.unreadable.items()]
    if not report.datasets:
        parts.append(f"{report.cache} contains no dataset yet")
    if any(dataset.stages.headlines for dataset in report.datasets):
        parts.append(text("\N{DOWNWARDS ARROW} lower is better, \N{UPWARDS ARROW} higher is better", "dim"))
    return [*parts, *([f"next: {report.next}"] if report.next else [])]


def _dataset_parts(report: StatusReport) -> Iterator[RenderableType]:
    stages = report.stages
    ok, listed = (sum(getattr(counts, name) for counts in stages.download.values()) for name in ("ok", "listed"))
    features = sum(bool(stored) for stored in stages.features.values())
    told = [("" if ok == listed else f"{ok:,} of ") + counted(listed, "clip")]
    told += [f"features of {counted(features, 'kind')}"] if features else []
    told += [f"table {name}: {grid.done} of {counted(grid.all, 'cell')}" for name, grid in stages.reproduce.items()]
    yield text(report.dataset, "bold")
    yield text(f"  {', '.join(told)}" if stages.download else "  not downloaded")
    yield from (text(f"  {line}") for line in unreadable_lines(stages))
    if rows := list(_rows(stages)):
        yield FittingTable(_COLUMNS, rows)
    yield f"next: {report.next}"
    yield ""


def _rows(stages: Stages) -> Iterator[list[str]]:
    """Yield a row for each run and split; runs that belong to a table are left out."""
    of_tables = {cell.run for table in stages.reproduce.values() for cell in table.cells.values() if cell.run}
    for name, run in stages.train.items():
        if name in of_tables:
            continue
        epochs = f"{run.epochs}" if run.finished else f"{run.epochs}, not finished"
        headlines, scored = stages.headlines.get(name, {}), stages.score.get(name, [])
        for split in dict.fromkeys([*headlines, *scored]):
            told = ["cannot be read", ""]
            if split in headlines:
                told = [rate(headlines[split].error_rate).strip(), percent(headlines[split].f1).strip()]
            yield [f"  {name}", epochs, split, *told]
        if not headlines and not scored:
            yield [f"  {name}", epochs, "not scored", "", ""]
