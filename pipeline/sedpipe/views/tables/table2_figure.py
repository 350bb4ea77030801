"""Cells of a grid -> a drawing of the paper's Table 2: mean and interval of each system, and every seed.

- :func:`table2_figure`: cells -> SVG
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sedpipe.io.records.table import Cell, TableComparison, TableRecord
from sedpipe.metrics.spread import Interval
from sedpipe.views.charts import Scale
from sedpipe.views.render import draw
from sedpipe.views.tables.table2 import Row, rows_of, shown, styles_of
from sedpipe.views.tables.table2_words import RULES, name_of

WIDTH, LEFT, NAMES = 860, 24, 168
PLACES = {"error_rate": (186, 406), "f1": (528, 748)}
"""Horizontal coordinates of the ends of each score's axis."""
TITLES = {"error_rate": ("ER", "lower"), "f1": ("F1 in %", "higher")}
_HEAD, _ROW, _GROUP_GAP, _BLOCK_HEAD, _BLOCK_GAP = 88, 20, 9, 34, 52
_REACH = 0.5  # of the seeds' range: how far an interval may stretch the axis; that of two seeds can be very wide


@dataclass(frozen=True)
class Panel:
    """One score: its axis, and how values are written on it."""

    name: str
    better: str
    scale: Scale
    in_percent: bool

    def written(self, value: float) -> str:
        """Return a value as text, as on the axis."""
        return f"{100 * value:g}" if self.in_percent else f"{value:g}"


@dataclass(frozen=True)
class Marks:
    """One system in one panel: coordinates of its seeds, its mean and its interval, and mean and interval as text."""

    dots: Sequence[float]
    mean: float | None
    span: tuple[float, float] | None
    text: str
    text_x: float
    differs: bool


@dataclass(frozen=True)
class System:
    """A row of the drawing."""

    name: str
    style: str
    y: float
    marks: Sequence[Marks]


@dataclass(frozen=True)
class Group:
    """A pooling function, single and hierarchical."""

    pooling: str
    y: float
    systems: Sequence[System]


@dataclass(frozen=True)
class Block:
    """A split at an operating point."""

    split: str
    operating_point: str
    tuned: bool
    top: float
    bottom: float
    panels: Sequence[Panel]
    groups: Sequence[Group]


def table2_figure(cells: Sequence[Cell], record: TableRecord, title: str, tuned_on: str = "testing") -> str:
    """Draw error rate and F1 of all systems by the primary rule, a block for each split and operating point.

    Parameters
    ----------
    cells : sequence of Cell
        Cells that give at least one row by the primary rule.
    record : TableRecord
        Record of the table, with the primary rule and the comparisons.
    title : str
    tuned_on : str
        The split on which post-processing was tuned; the drawing mentions it.

    Returns
    -------
    str
        An SVG.
    """
    rows = rows_of(cells, record.primary)
    comparisons = [one for one in record.comparisons if one.rule == record.primary]
    panels = [_panel(score, rows) for score in PLACES]
    styles = styles_of(row.hierarchy for row in rows)
    blocks: list[Block] = []
    for split, point in dict.fromkeys((row.split, row.operating_point) for row in rows):
        top = blocks[-1].bottom + _BLOCK_GAP if blocks else _HEAD
        of_block = [row for row in rows if (row.split, row.operating_point) == (split, point)]
        groups = _groups(of_block, comparisons, panels, styles, top + _BLOCK_HEAD)
        bottom = groups[-1].systems[-1].y + _ROW / 2 + 4
        blocks.append(Block(split, point, split == tuned_on, top, bottom, panels, groups))
    height = round(blocks[-1].bottom + 34)
    return draw(
        "table2.svg",
        title=title,
        rule=RULES[record.primary],
        blocks=blocks,
        width=WIDTH,
        height=height,
        left=LEFT,
        names=NAMES,
    )


def _panel(score: str, rows: Sequence[Row]) -> Panel:
    """Return the panel of a score; its axis, the same in all blocks, covers every seed, and intervals up to a limit."""
    seeds = [value for row in rows for value in row.by_seed[score] if value is not None] or [0.0, 1.0]
    low, high = min(seeds), max(seeds)
    reach = _REACH * max(high - low, 0.02)
    found = [row.scores[score] for row in rows]
    ends = [end for interval in found if interval for end in (interval.low, interval.high) if end is not None]
    low, high = max(min([low, *ends]), low - reach), min(max([high, *ends]), high + reach)
    margin = max(0.04 * (high - low), 0.005)
    return Panel(*TITLES[score], Scale(low - margin, high + margin, *PLACES[score]), in_percent=score == "f1")


def _groups(
    rows: Sequence[Row],
    comparisons: Sequence[TableComparison],
    panels: Sequence[Panel],
    styles: dict[tuple[int, ...], str],
    top: float,
) -> list[Group]:
    groups, y = [], top
    for pooling in dict.fromkeys(row.pooling for row in rows):
        systems = []
        for row in (row for row in rows if row.pooling == pooling):
            against = next((one for one in comparisons if _is_about(one, row)), None)
            marks = [_marks(row, against, score, panel) for score, panel in zip(PLACES, panels, strict=True)]
            systems.append(System(name_of(row.hierarchy), styles[row.hierarchy], y, marks))
            y += _ROW
        groups.append(Group(pooling, systems[0].y, systems))
        y += _GROUP_GAP
    return groups


def _is_about(one: TableComparison, row: Row) -> bool:
    return (one.split, one.operating_point, one.pooling, one.hierarchy) == (
        row.split, row.operating_point, row.pooling, row.hierarchy
    )  # fmt: skip


def _marks(row: Row, against: TableComparison | None, score: str, panel: Panel) -> Marks:
    interval, scale = row.scores[score], panel.scale
    found = None if against is None else against.differences.get(score)
    return Marks(
        dots=[scale.place(value) for value in row.by_seed[score] if value is not None],
        mean=None if interval is None else scale.place(interval.value),
        span=_span(interval, scale),
        text=shown(interval, score),
        text_x=scale.last + 14,
        differs=found is not None and found.outcome in ("better", "worse"),
    )


def _span(interval: Interval | None, scale: Scale) -> tuple[float, float] | None:
    """Return the coordinates of an interval's ends, cut off at the ends of the axis."""
    if interval is None or interval.low is None or interval.high is None:
        return None
    return scale.place(max(interval.low, scale.low)), scale.place(min(interval.high, scale.high))
