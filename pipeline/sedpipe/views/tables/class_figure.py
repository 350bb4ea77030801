"""F1 gains of classes against the length of their events -> a drawing: a row per split, a panel per system.

- :func:`class_figure`: gains -> SVG
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sedpipe.views.charts import Scale, ticks_of_logarithms
from sedpipe.views.render import draw
from sedpipe.views.tables.classes import ClassGain
from sedpipe.views.tables.table2_words import name_of
from sedpipe.wording import counted

WIDTH, LEFT = 860, 24
_FIRST, _LAST, _GAP = 76, 836, 34
_HEAD, _PANEL, _BLOCK_GAP = 96, 200, 74
_REACH = 1.5  # times the largest difference: how far the wide interval of few seeds may stretch the axis


@dataclass(frozen=True)
class Dot:
    """A class: its coordinates, those of its interval, whether the interval goes on beyond the panel, and its name."""

    x: float
    y: float
    span: tuple[float, float] | None
    is_cut: bool
    label: str


@dataclass(frozen=True)
class Panel:
    """One system on one split."""

    name: str
    across: Scale
    dots: Sequence[Dot]

    @property
    def lengths(self) -> list[tuple[float, str]]:
        """The ticks of the horizontal axis, which is logarithmic: coordinates and labels."""
        return [(self.across.place(float(np.log10(one))), f"{one:g}") for one in ticks_of_logarithms(self.across)]


@dataclass(frozen=True)
class Block:
    """A split: panels that share the vertical axis."""

    split: str
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


def class_figure(gains: Sequence[ClassGain], title: str) -> str:
    """Draw the difference in F1 of each class, in percentage points, with its interval over seeds.

    Parameters
    ----------
    gains : sequence of ClassGain
        At least one.
    title : str

    Returns
    -------
    str
        An SVG.
    """
    systems = list(dict.fromkeys((gain.pooling, gain.hierarchy) for gain in gains))
    reach = _REACH * max(0.01, *(abs(gain.difference.difference) for gain in gains))
    width = (_LAST - _FIRST - _GAP * (len(systems) - 1)) / len(systems)
    logs = [float(np.log10(max(gain.median_event_s, 0.01))) for gain in gains]
    low, high = min(logs) - 0.1, max(logs) + 0.1
    blocks = []
    for k, split in enumerate(dict.fromkeys(gain.split for gain in gains)):
        top = _HEAD + k * (_PANEL + _BLOCK_GAP)
        up = Scale(-reach, reach, top + _PANEL, top)
        panels = []
        for place, (pooling, hierarchy) in enumerate(systems):
            first = _FIRST + place * (width + _GAP)
            across = Scale(low, high, first, first + width)
            own = [g for g in gains if (g.split, g.pooling, g.hierarchy) == (split, pooling, hierarchy)]
            panels.append(Panel(f"{pooling}, {name_of(hierarchy)}", across, [_dot(gain, across, up) for gain in own]))
        blocks.append(Block(split, up, panels))
    n_cut = sum(dot.is_cut for block in blocks for panel in block.panels for dot in panel.dots)
    cut = f"{counted(n_cut, 'interval')} drawn only as far as the panel reaches" if n_cut else ""
    height = round(blocks[-1].bottom + 52)
    return draw("classes.svg", title=title, blocks=blocks, cut=cut, left=LEFT, width=WIDTH, height=height)


def _dot(gain: ClassGain, across: Scale, up: Scale) -> Dot:
    found = gain.difference
    span, is_cut = None, False
    if found.interval is not None:
        low, high = (min(max(end, up.low), up.high) for end in found.interval)
        span, is_cut = (up.place(low), up.place(high)), (low, high) != found.interval
    x = across.place(float(np.log10(max(gain.median_event_s, 0.01))))
    return Dot(x, up.place(found.difference), span, is_cut, gain.label)
