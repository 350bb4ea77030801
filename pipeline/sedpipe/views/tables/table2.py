"""Cells of a grid (pooling x hierarchy x seed) -> the paper's Table 2, with intervals and plain sentences.

- :func:`rows_of`: cells -> a row per system, split and operating point; :func:`free_rows_of`: threshold-free scores
- :func:`markdown`, :func:`csv_text`: the table for people and for programs; :mod:`.table2_figure` draws it
- :data:`PUBLISHED`: the paper's numbers
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sedpipe.io.records.table import Cell, CellScores, TableRecord
from sedpipe.metrics.detection_scores import OverallScores
from sedpipe.metrics.spread import Interval, over_seeds
from sedpipe.printable import markdown_text, spreadsheet_cell
from sedpipe.views.tables.table2_words import FREE, RULES, SHOWN, TITLES, introduction, name_of, sentences

_AS_THEY_ARE = {
    **{name: (1, 3) for name in SHOWN if name.endswith("_rate")}, "validation_loss": (1, 4), "best_epoch": (1, 1)
}  # fmt: skip

PUBLISHED: dict[tuple[str, str, bool], tuple[float, ...]] = {
    ("testing", "linear", False): (0.25, 0.18, 0.36, 0.79, 0.3900, 0.4701, 0.4263),
    ("testing", "linear", True): (0.19, 0.40, 0.17, 0.76, 0.5307, 0.4131, 0.4646),
    ("testing", "exponential", False): (0.29, 0.35, 0.18, 0.82, 0.4467, 0.3724, 0.4062),
    ("testing", "exponential", True): (0.27, 0.26, 0.26, 0.79, 0.4590, 0.4572, 0.4581),
    ("testing", "attention", False): (0.30, 0.34, 0.19, 0.83, 0.4468, 0.3697, 0.4046),
    ("testing", "attention", True): (0.25, 0.33, 0.21, 0.79, 0.4817, 0.4251, 0.4516),
    ("evaluation", "linear", False): (0.21, 0.36, 0.18, 0.76, 0.5340, 0.4319, 0.4776),
    ("evaluation", "linear", True): (0.19, 0.30, 0.20, 0.69, 0.5639, 0.5078, 0.5344),
    ("evaluation", "exponential", False): (0.23, 0.35, 0.23, 0.81, 0.4835, 0.4378, 0.4595),
    ("evaluation", "exponential", True): (0.23, 0.28, 0.22, 0.73, 0.5340, 0.5138, 0.5237),
    ("evaluation", "attention", False): (0.21, 0.31, 0.27, 0.79, 0.4612, 0.4443, 0.4526),
    ("evaluation", "attention", True): (0.21, 0.28, 0.24, 0.73, 0.5227, 0.5058, 0.5141),
}
"""He, Shen & Zhang (2019), Table 2: the first seven scores of ``SHOWN`` by split, pooling, and whether hierarchical."""


@dataclass(frozen=True)
class Row:
    """Scores of one system over its seeds and for each seed; ``hierarchy`` is empty for single pooling."""

    rule: str
    split: str
    operating_point: str
    pooling: str
    hierarchy: tuple[int, ...]
    seeds: tuple[int, ...]
    scores: dict[str, Interval | None]
    by_seed: dict[str, tuple[float | None, ...]]

    @property
    def part(self) -> tuple[str, str, str]:
        """Rule, split and operating point, which rows of the same table have in common."""
        return self.rule, self.split, self.operating_point


def rows_of(cells: Sequence[Cell], rule: str) -> list[Row]:
    """Return a row for each system, split and operating point, in the order of the cells.

    Systems with a cell that was not scored by the rule are left out.
    """
    rows = []
    for split, point in _parts(cells):
        for system, of_system in _by_system(cells, split).items():
            scored = [_scores(cell.splits[split], point, rule) for cell in of_system]
            by_seed = {name: tuple(getattr(one, name) for one in scored if one) for name in SHOWN}
            if all(scored):
                rows.append(_row((rule, split, point), system, of_system, by_seed))
    return rows


def free_rows_of(cells: Sequence[Cell]) -> list[Row]:
    """Return a row for each system and split: :data:`FREE`, best epoch and validation loss.

    Systems with a cell without threshold-free scores are left out.
    """
    rows = []
    for split in dict.fromkeys(split for cell in cells for split in cell.splits):
        for system, of_system in _by_system(cells, split).items():
            free = [cell.splits[split].threshold_free for cell in of_system]
            by_seed = {name: tuple(one.get(name) for one in free) for name in FREE}
            by_seed["best_epoch"] = tuple(float(cell.best_epoch) for cell in of_system)
            by_seed["validation_loss"] = tuple(cell.validation_loss for cell in of_system)
            if all(free):
                rows.append(_row(("threshold_free", split, ""), system, of_system, by_seed))
    return rows


def _row(
    part: tuple[str, str, str],
    system: tuple[str, tuple[int, ...]],
    cells: Sequence[Cell],
    by_seed: dict[str, tuple[float | None, ...]],
) -> Row:
    scores = {name: _spread(values) for name, values in by_seed.items()}
    return Row(*part, *system, tuple(cell.seed for cell in cells), scores, by_seed)


def markdown(cells: Sequence[Cell], record: TableRecord, title: str, tuned_on: str = "testing") -> str:
    """Return tables of all splits and operating points, by each rule, with a sentence for each comparison."""
    lines = [f"# {title}", "", *introduction(record), ""]
    rows = [*rows_of(cells, "common"), *free_rows_of(cells), *rows_of(cells, "chosen")]
    for part in dict.fromkeys(row.part for row in rows):
        rule, split, point = part
        tuned = " (tuned on this split)" if split == tuned_on and point else ""
        lines += [f"## {', '.join(filter(None, (split, point, RULES[rule])))}{tuned}", ""]
        lines += [*_table([row for row in rows if row.part == part]), ""]
        below = [one for one in record.comparisons if (one.rule, one.split, one.operating_point) == part]
        lines += [line for one in below for line in sentences(one)] + [""]
    return "\n".join(lines)


def published_lines(split: str) -> list[str]:
    """Return the paper's rows for a split, as lines of a Markdown table."""
    lines = ["| published | Sub. | Del. | Ins. | ER | Pre. | Rec. | F1 |", "|---|" + "---|" * 7]
    for (of_split, pooling, hierarchical), values in PUBLISHED.items():
        if of_split == split:
            cells = [f"{value:.2f}" for value in values[:4]] + [f"{100 * value:.1f}" for value in values[4:]]
            lines.append(f"| {pooling}, {'hierarchical' if hierarchical else 'single'} | {' | '.join(cells)} |")
    return lines


def styles_of(hierarchies: Iterable[tuple[int, ...]]) -> dict[tuple[int, ...], str]:
    """Return the CSS class of each hierarchy in the figures; single pooling has the same class in all of them."""
    others = [hierarchy for hierarchy in dict.fromkeys(hierarchies) if hierarchy]
    return {(): "system-0", **{hierarchy: f"system-{k}" for k, hierarchy in enumerate(others, start=1)}}


def csv_text(cells: Sequence[Cell]) -> str:
    """Return a line for each system, split, operating point and rule: mean and interval of each score, as fractions."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [*SHOWN, *FREE, "best_epoch", "validation_loss"]
    bounds = [f"{name}{suffix}" for name in names for suffix in ("", "_low", "_high")]
    writer.writerow(["split", "operating_point", "pooling", "hierarchy", "seeds", *bounds, "rule"])
    for row in [*rows_of(cells, "chosen"), *rows_of(cells, "common"), *free_rows_of(cells)]:
        values: list[float | None] = []
        for interval in map(row.scores.get, names):
            values += [None] * 3 if interval is None else [interval.value, interval.low, interval.high]
        stages = "x".join(map(str, row.hierarchy)) or "none"
        texts = map(spreadsheet_cell, (row.split, row.operating_point, row.pooling, stages))
        writer.writerow([*texts, len(row.seeds), *values, row.rule])
    return out.getvalue()


def _parts(cells: Iterable[Cell]) -> list[tuple[str, str]]:
    """Return the splits and operating points of the cells, in order of their first occurrence."""
    parts = (
        (split, point) for cell in cells for split, scores in cell.splits.items() for point in scores.operating_points
    )
    return list(dict.fromkeys(parts))


def _scores(scores: CellScores, point: str, rule: str) -> OverallScores | None:
    if rule == "chosen":
        return scores.operating_points.get(point)
    common = scores.post_processing_common.get(point)
    return None if common is None else common.segment_based


def _by_system(cells: Iterable[Cell], split: str) -> dict[tuple[str, tuple[int, ...]], list[Cell]]:
    systems: dict[tuple[str, tuple[int, ...]], list[Cell]] = {}
    for cell in cells:
        if split in cell.splits:
            systems.setdefault(cell.system, []).append(cell)
    return {system: sorted(of_system, key=lambda cell: cell.seed) for system, of_system in systems.items()}


def _spread(values: Sequence[float | None]) -> Interval | None:
    known = [value for value in values if value is not None]
    return over_seeds(known) if len(known) == len(values) else None


def _table(rows: Sequence[Row]) -> list[str]:
    names = [name for name in rows[0].scores if name in SHOWN or any(row.scores[name] for row in rows)]
    titles = " | ".join(TITLES[name] for name in names)
    lines = [f"| system | seeds | {titles} |", "|---|---|" + "---|" * len(names)]
    for row in rows:
        cells = [shown(row.scores[name], name) for name in names]
        system = f"{markdown_text(row.pooling)}, {name_of(row.hierarchy)}"
        lines.append(f"| {system} | {len(row.seeds)} | {' | '.join(cells)} |")
    return lines


def shown(interval: Interval | None, name: str) -> str:
    """Return a mean and half the width of its interval; rates, losses and epochs are not in per cent, others are."""
    if interval is None:
        return "-"
    factor, decimals = _AS_THEY_ARE.get(name, (100, 1))
    half = "" if interval.high is None else f" ± {factor * (interval.high - interval.value):.{decimals}f}"
    return f"{factor * interval.value:.{decimals}f}{half}"
