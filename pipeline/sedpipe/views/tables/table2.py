"""Cells of a grid (pooling x hierarchy x seed) -> the paper's Table 2, with intervals and plain sentences.

- :func:`rows_of`: cells -> a row a system, split and operating point
- :func:`comparisons_of`: single against hierarchical pooling, on the same seeds and clips
- :func:`markdown`, :func:`csv_text`: for a person, for a program; :mod:`sedpipe.views.tables.table2_figure` draws them
- :data:`PUBLISHED`: the paper's numbers
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sedpipe.io.records.table import Cell
from sedpipe.metrics.spread import Interval, over_seeds, paired_differences
from sedpipe.printable import spreadsheet_cell

SHOWN = {
    "substitution_rate": "Sub.",
    "deletion_rate": "Del.",
    "insertion_rate": "Ins.",
    "error_rate": "ER",
    "precision": "Pre.",
    "recall": "Rec.",
    "f1": "F1",
    "macro_f1": "macro F1",
}
"""Scores of a row, in the order of the paper's columns; then macro F1."""

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
"""He, Shen & Zhang (2019), Table 2, as the first seven of ``SHOWN``; by split, pooling, and whether hierarchical."""


@dataclass(frozen=True)
class Row:
    """Scores of one system over its seeds, and of each; ``hierarchy`` is empty for single pooling."""

    split: str
    operating_point: str
    pooling: str
    hierarchy: tuple[int, ...]
    seeds: tuple[int, ...]
    scores: dict[str, Interval | None]
    by_seed: dict[str, tuple[float | None, ...]]


@dataclass(frozen=True)
class Comparison:
    """What hierarchical pooling has over single pooling (differences), with the seeds that both have."""

    split: str
    operating_point: str
    pooling: str
    hierarchy: tuple[int, ...]
    seeds: tuple[int, ...]
    differences: dict[str, Interval]

    def tells_apart(self, score: str) -> bool:
        """Whether a difference is more than chance; one seed cannot tell."""
        return len(self.seeds) > 1 and self.differences[score].excludes_zero


def rows_of(cells: Sequence[Cell]) -> list[Row]:
    """A row for each system, split and operating point, in the order of the cells."""
    rows = []
    for split, point in _parts(cells):
        for system, of_system in _by_system(cells, split).items():
            scored = [cell.splits[split].operating_points[point] for cell in of_system]
            by_seed = {name: tuple(getattr(one, name) for one in scored) for name in SHOWN}
            scores = {name: _spread(values) for name, values in by_seed.items()}
            seeds = tuple(cell.seed for cell in of_system)
            rows.append(Row(split, point, *system, seeds, scores, by_seed))
    return rows


def comparisons_of(cells: Sequence[Cell]) -> list[Comparison]:
    """Each hierarchy against single pooling of the same function."""
    found = []
    for split, point in _parts(cells):
        systems = _by_system(cells, split)
        for (pooling, hierarchy), ours in systems.items():
            theirs = {cell.seed: cell for cell in systems.get((pooling, ()), ())}
            shared = [cell for cell in ours if cell.seed in theirs] if hierarchy else []
            if shared:
                pairs = (_counts(shared, split, point), _counts([theirs[cell.seed] for cell in shared], split, point))
                seeds = tuple(cell.seed for cell in shared)
                found.append(Comparison(split, point, pooling, hierarchy, seeds, paired_differences(*pairs)))
    return found


def markdown(cells: Sequence[Cell], title: str, tuned_on: str = "testing") -> str:
    """Tables of all splits and operating points, with a sentence for each comparison."""
    rows, comparisons = rows_of(cells), comparisons_of(cells)
    lines = [f"# {title}", ""]
    for split, point in _parts(cells):
        tuned = " (tuned on this split)" if split == tuned_on else ""
        lines += [f"## {split}, {point}{tuned}", "", *_table([r for r in rows if _is_of(r, split, point)]), ""]
        lines += [f"- {sentence(one)}" for one in comparisons if _is_of(one, split, point)] + [""]
    return "\n".join(lines)


def published_lines(split: str) -> list[str]:
    """The paper's rows of a split, as lines of a Markdown table."""
    lines = ["| published | Sub. | Del. | Ins. | ER | Pre. | Rec. | F1 |", "|---|" + "---|" * 7]
    for (of_split, pooling, hierarchical), values in PUBLISHED.items():
        if of_split == split:
            cells = [f"{value:.2f}" for value in values[:4]] + [f"{100 * value:.1f}" for value in values[4:]]
            lines.append(f"| {pooling}, {'hierarchical' if hierarchical else 'single'} | {' | '.join(cells)} |")
    return lines


def sentence(comparison: Comparison) -> str:
    """Better, worse, or not to be told apart; of one seed, differences alone."""
    error_rate, f1 = comparison.differences["error_rate"], comparison.differences["f1"]
    against = f"{comparison.pooling}, {name_of(comparison.hierarchy)} against single"
    shown = _signed(error_rate, 3), f"{_signed(f1, 1, 100)} points"
    if len(comparison.seeds) == 1:
        return f"{against}, 1 seed, so chance between trainings is not counted: ER {shown[0]}, F1 {shown[1]}"
    return (
        f"{against}, {len(comparison.seeds)} seeds: "
        f"ER {_verdict(error_rate, lower_is_better=True)} ({shown[0]}), "
        f"F1 {_verdict(f1, lower_is_better=False)} ({shown[1]})"
    )


def name_of(hierarchy: Sequence[int]) -> str:
    """``single``, or the groups of a hierarchy."""
    return ",".join(map(str, hierarchy)) or "single"


def styles_of(hierarchies: Iterable[tuple[int, ...]]) -> dict[tuple[int, ...], str]:
    """Class of each hierarchy in the figures' style sheet; single pooling has the same one in all of them."""
    others = [hierarchy for hierarchy in dict.fromkeys(hierarchies) if hierarchy]
    return {(): "system-0", **{hierarchy: f"system-{k}" for k, hierarchy in enumerate(others, start=1)}}


def csv_text(cells: Sequence[Cell]) -> str:
    """A line a system, split and operating point: mean, low and high of each score, as fractions."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    bounds = [f"{name}{suffix}" for name in SHOWN for suffix in ("", "_low", "_high")]
    writer.writerow(["split", "operating_point", "pooling", "hierarchy", "seeds", *bounds])
    for row in rows_of(cells):
        values: list[float | None] = []
        for interval in row.scores.values():
            values += [None] * 3 if interval is None else [interval.value, interval.low, interval.high]
        stages = "x".join(map(str, row.hierarchy)) or "none"
        texts = map(spreadsheet_cell, (row.split, row.operating_point, row.pooling, stages))
        writer.writerow([*texts, len(row.seeds), *values])
    return out.getvalue()


def _parts(cells: Iterable[Cell]) -> list[tuple[str, str]]:
    """Splits and operating points that occur, in order."""
    parts = (
        (split, point) for cell in cells for split, scores in cell.splits.items() for point in scores.operating_points
    )
    return list(dict.fromkeys(parts))


def _by_system(cells: Iterable[Cell], split: str) -> dict[tuple[str, tuple[int, ...]], list[Cell]]:
    systems: dict[tuple[str, tuple[int, ...]], list[Cell]] = {}
    for cell in cells:
        if split in cell.splits:
            systems.setdefault(cell.system, []).append(cell)
    return {system: sorted(of_system, key=lambda cell: cell.seed) for system, of_system in systems.items()}


def _counts(cells: Sequence[Cell], split: str, point: str) -> np.ndarray:
    return np.array([cell.splits[split].counts[point] for cell in cells])


def _spread(values: Sequence[float | None]) -> Interval | None:
    known = [value for value in values if value is not None]
    return over_seeds(known) if len(known) == len(values) else None


def _is_of(one: Row | Comparison, split: str, point: str) -> bool:
    return (one.split, one.operating_point) == (split, point)


def _table(rows: Sequence[Row]) -> list[str]:
    lines = ["| system | seeds | " + " | ".join(SHOWN.values()) + " |", "|---|---|" + "---|" * len(SHOWN)]
    for row in rows:
        cells = [shown(row.scores[name], name.endswith("_rate")) for name in SHOWN]
        system = f"{row.pooling}, {name_of(row.hierarchy)}"
        lines.append(f"| {system} | {len(row.seeds)} | {' | '.join(cells)} |")
    return lines


def shown(interval: Interval | None, is_rate: bool) -> str:
    """A mean and half its interval: a rate as it is, anything else in per cent."""
    if interval is None:
        return "-"
    factor, decimals = (1, 3) if is_rate else (100, 1)
    half = "" if interval.high is None else f" ± {factor * (interval.high - interval.value):.{decimals}f}"
    return f"{factor * interval.value:.{decimals}f}{half}"


def _verdict(difference: Interval, *, lower_is_better: bool) -> str:
    if not difference.excludes_zero:
        return "not distinguishable"
    return "better" if (difference.value < 0) == lower_is_better else "worse"


def _signed(interval: Interval, decimals: int, factor: float = 1) -> str:
    bounds = ""
    if interval.low is not None and interval.high is not None:
        bounds = f", 95 %: {factor * interval.low:+.{decimals}f} to {factor * interval.high:+.{decimals}f}"
    return f"{factor * interval.value:+.{decimals}f}{bounds}"
