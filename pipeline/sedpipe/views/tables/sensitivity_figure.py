"""Curves of scores against post-processing -> a drawing: a row per pooling function, a column per setting.

- :func:`sensitivity_figure`: curves -> SVG
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sedpipe.views.charts import Scale
from sedpipe.views.render import draw
from sedpipe.views.tables.sensitivity_curves import MOVED, NAMES, SCORES, Curve
from sedpipe.views.tables.table2 import styles_of
from sedpipe.views.tables.table2_words import name_of

WIDTH, LEFT = 860, 24
_COLUMNS = {"threshold": (72, 298), "median_s": (322, 548), "min_duration_s": (572, 798)}
_TITLES = {
    "threshold": "odds of all thresholds, times",
    "median_s": "median filter in s",
    "min_duration_s": "minimum event in s",
}
_HEAD, _PANEL, _GAP, _BLOCK_HEAD, _BLOCK_GAP = 100, 84, 24, 42, 70
_LABEL_HEIGHT = 13


@dataclass(frozen=True)
class Drawn:
    """One system in one panel."""

    style: str
    line: str
    area: str
    ticks: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Label:
    """A system's name at the end of its curve."""

    name: str
    style: str
    y: float


@dataclass(frozen=True)
class Panel:
    """A panel: the curves of one pooling function for one setting."""

    moved: str
    across: Scale
    systems: Sequence[Drawn]
    labels: Sequence[Label]


@dataclass(frozen=True)
class Row:
    """A pooling function: panels between ``top`` and ``bottom``, which share the vertical axis."""

    pooling: str
    up: Scale
    panels: Sequence[Panel]

    @property
    def top(self) -> float:
        """Upper edge."""
        return self.up.last

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.up.first


@dataclass(frozen=True)
class Block:
    """A score around its operating point."""

    score: str
    operating_point: str
    top: float
    rows: Sequence[Row]
    in_percent: bool

    def written(self, value: float) -> str:
        """Return a value as text, as on the axis."""
        return f"{100 * value:g}" if self.in_percent else f"{value:g}"


def sensitivity_figure(curves: Sequence[Curve], title: str) -> str:
    """Draw mean and range over seeds, and the tuned setting of each seed.

    Parameters
    ----------
    curves : sequence of Curve
        At least one.
    title : str

    Returns
    -------
    str
        An SVG.
    """
    styles = styles_of(curve.hierarchy for curve in curves)
    blocks: list[Block] = []
    for score, point in SCORES.items():
        top = blocks[-1].rows[-1].bottom + _BLOCK_GAP if blocks else _HEAD
        of_score = [curve for curve in curves if curve.score == score]
        blocks.append(Block(NAMES[score], point, top, _rows(of_score, styles, top), in_percent=score == "f1"))
    systems = [(name_of(hierarchy), styles[hierarchy]) for hierarchy in dict.fromkeys(c.hierarchy for c in curves)]
    height = round(blocks[-1].rows[-1].bottom + 44)
    return draw(
        "sensitivity.svg", title=title, blocks=blocks, systems=systems, titles=_TITLES, left=LEFT, width=WIDTH,
        height=height, odds=_odds,
    )  # fmt: skip


def _rows(curves: Sequence[Curve], styles: dict[tuple[int, ...], str], top: float) -> list[Row]:
    low, high = _range(curves)
    rows = []
    for k, pooling in enumerate(dict.fromkeys(curve.pooling for curve in curves)):
        upper = top + _BLOCK_HEAD + k * (_PANEL + _GAP)
        up = Scale(low, high, upper + _PANEL, upper)
        of_row = [curve for curve in curves if curve.pooling == pooling]
        rows.append(Row(pooling, up, [_panel(moved, of_row, curves, styles, up) for moved in MOVED]))
    return rows


def _range(curves: Sequence[Curve]) -> tuple[float, float]:
    """Return the range of the axis: all seeds, but not much above 1 or, if that is higher, the highest tuned score.

    Predicting nothing gives an error rate of 1; the much higher ones of low thresholds would leave no room for others.
    """
    bands = [band for curve in curves for band in curve.scores if band is not None]
    low, high = (min(band.low for band in bands), max(band.high for band in bands)) if bands else (0.0, 1.0)
    high = min(high, max([1.0, *(curve.as_chosen for curve in curves if curve.as_chosen is not None)]))
    margin = max(0.05 * (high - low), 0.005)
    return low - margin, high + margin


def _panel(
    moved: str, of_row: Sequence[Curve], curves: Sequence[Curve], styles: dict[tuple[int, ...], str], up: Scale
) -> Panel:
    ends = [end for curve in curves if curve.moved == moved for end in (*curve.values, *curve.chosen)]
    low, high = min(ends), max(ends)
    across = Scale(low, high if high > low else low + 1, *_COLUMNS[moved])
    here = [curve for curve in of_row if curve.moved == moved]
    drawn = [_drawn(curve, styles[curve.hierarchy], across, up, k) for k, curve in enumerate(here)]
    labels = _labels(here, styles, up) if moved == list(MOVED)[-1] else []
    return Panel(moved, across, drawn, labels)


def _drawn(curve: Curve, style: str, across: Scale, up: Scale, k: int) -> Drawn:
    known = [(value, band) for value, band in zip(curve.values, curve.scores, strict=True) if band is not None]
    line = across.path([value for value, _ in known], [up.place(band.mean) for _, band in known])
    outline = [(value, band.high) for value, band in known] + [(value, band.low) for value, band in reversed(known)]
    area = across.path([value for value, _ in outline], [up.place(score) for _, score in outline])
    ticks = [] if curve.moved == "threshold" else [(across.place(value), up.first - 6 * k) for value in curve.chosen]
    return Drawn(style, line, area + "Z" if area else "", ticks)


def _labels(curves: Sequence[Curve], styles: dict[tuple[int, ...], str], up: Scale) -> list[Label]:
    """Return the names of the systems at the ends of their curves, without overlaps."""
    last = [(curve.scores[-1], curve) for curve in curves]
    ends = [(max(up.place(band.mean), up.last), curve) for band, curve in last if band is not None]
    labels: list[Label] = []
    for y, curve in sorted(ends, key=lambda end: end[0]):
        free = labels[-1].y + _LABEL_HEIGHT if labels else -np.inf
        labels.append(Label(name_of(curve.hierarchy), styles[curve.hierarchy], round(float(max(y, free)), 2)))
    return labels


def _odds(doublings: float) -> str:
    """Return a factor of odds as text, from a number of doublings.

    >>> [_odds(value) for value in (-2, -1, 0, 1, 2)]
    ['1/4', '1/2', '1', '2', '4']
    """
    return f"1/{2**-doublings:g}" if doublings < 0 else f"{2**doublings:g}"
