"""Cells of Table 3 -> a drawing: F1 of each system against the time to process an hour of audio.

- :func:`table3_figure`: cells -> SVG
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sedpipe.io.records.table import Cell, TableRecord
from sedpipe.metrics.spread import Interval
from sedpipe.views.charts import Scale, ticks_of_logarithms
from sedpipe.views.render import draw
from sedpipe.views.tables.table2 import shown
from sedpipe.views.tables.table3 import Cost, Row, clock_of, costs_of, rows_of, titled

WIDTH, LEFT, RIGHT, TOP, BOTTOM, NAMES = 920, 64, 540, 92, 452, 572
_ROW = 20
_SECONDS = {
    "CPU": "CPU seconds",
    "GPU": "seconds of the clock on a GPU, and CPU seconds of the front end,",
    "": "CPU seconds, of those marked (GPU) seconds of the clock,",
}


@dataclass(frozen=True)
class Spot:
    """One system: coordinates of its mean, its seeds and its interval, and its entry in the list beside the drawing."""

    number: int
    x: float
    y: float
    dots: Sequence[float]
    span: tuple[float, float] | None
    style: str
    text_y: float
    title: str
    f1: str
    cost: str


def table3_figure(cells: Sequence[Cell], record: TableRecord, title: str) -> str:
    """Draw F1 with one setting for all classes at ``max_f1`` against seconds per hour of audio.

    F1 is that on ``evaluation``, or on ``testing`` if no cell was scored on ``evaluation``.

    Parameters
    ----------
    cells : sequence of Cell
        At least one.
    record : TableRecord
        Record of the table, which names the baseline.
    title : str

    Returns
    -------
    str
        An SVG; systems whose F1 or cost is unknown are only counted.
    """
    split = "evaluation" if any("evaluation" in cell.splits for cell in cells) else "testing"
    rows = {row.system: row for row in rows_of(cells) if row.part == ("common", split, "max_f1")}
    costs = costs_of(cells)
    clock = clock_of(costs)
    known = [
        (interval, cost.hour_s, rows[cost.system], cost)
        for cost in costs
        if cost.hour_s is not None and cost.system in rows and (interval := rows[cost.system].scores["f1"]) is not None
    ]
    known.sort(key=lambda one: -one[0].value)
    hours = [hour_s for _, hour_s, _, _ in known] or [1.0]
    across = Scale(math.log10(min(hours) / 1.4), math.log10(max(hours) * 1.4), LEFT, RIGHT)
    seeds = [value for _, _, row, _ in known for value in row.by_seed["f1"] if value is not None] or [0.0, 1.0]
    margin = max(0.08 * (max(seeds) - min(seeds)), 0.02)
    up = Scale(max(min(seeds) - margin, 0.0), min(max(seeds) + margin, 1.0), BOTTOM, TOP)
    spots = [
        _spot(place, one, across, up, title=titled(one[3], clock), baseline=record.baseline)
        for place, one in enumerate(known, start=1)
    ]
    return draw(
        "table3.svg",
        title=title,
        split=split,
        spots=spots,
        missing=len(costs) - len(spots),
        seconds=_SECONDS[clock],
        x_ticks=[(across.place(math.log10(value)), f"{value:g}") for value in ticks_of_logarithms(across)],
        y_ticks=[(up.place(value), f"{100 * value:g}") for value in up.ticks(6)],
        left=LEFT,
        right=RIGHT,
        top=TOP,
        bottom=BOTTOM,
        names=NAMES,
        width=WIDTH,
        height=max(BOTTOM + 64, TOP + _ROW * (len(spots) + 1) + 24),
    )  # fmt: skip


def _spot(
    place: int, one: tuple[Interval, float, Row, Cost], across: Scale, up: Scale, *, title: str, baseline: str
) -> Spot:
    interval, hour_s, row, cost = one
    span = None
    if interval.low is not None and interval.high is not None:
        span = up.place(min(interval.high, up.high)), up.place(max(interval.low, up.low))
    return Spot(
        number=place,
        x=across.place(math.log10(hour_s)),
        y=up.place(interval.value),
        dots=[up.place(value) for value in row.by_seed["f1"] if value is not None],
        span=span,
        style="system-1" if cost.system == baseline else "system-0",
        text_y=TOP + _ROW * place,
        title=title,
        f1=shown(interval, "f1"),
        cost=f"{hour_s:,.0f}",
    )
