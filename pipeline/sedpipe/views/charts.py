"""Numbers -> coordinates in a drawing, as a template needs them.

- :class:`LineChart`, :class:`Line`, :class:`Mark`: curves over one axis, in the units of an SVG's ``viewBox``
- :class:`Scale`: a single axis
- :func:`ticks_up_to`, :func:`ticks_between`: round numbers for a linear axis; :func:`ticks_of_logarithms`: for a
  logarithmic one
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scale:
    """An axis: values from ``low`` to ``high`` are mapped to coordinates from ``first`` to ``last``."""

    low: float
    high: float
    first: float
    last: float

    def place(self, value: float) -> float:
        """Return the coordinate of a value, which may lie beyond the ends."""
        return round(self.first + (value - self.low) / (self.high - self.low) * (self.last - self.first), 2)

    def ticks(self, n: int = 5) -> list[float]:
        """Return about ``n`` round numbers on the axis."""
        return ticks_between(self.low, self.high, n)

    def path(self, values: Iterable[float], heights: Iterable[float]) -> str:
        """Return the SVG path through values, whose heights are coordinates counted from the top."""
        points = [f"{self.place(value):g},{height:g}" for value, height in zip(values, heights, strict=True)]
        return "M" + "L".join(points) if points else ""


@dataclass(frozen=True)
class Line:
    """A curve: its name, its points (x, y) in units of the data, and its class in the style sheet."""

    name: str
    points: Sequence[tuple[float, float]]
    style: str


@dataclass(frozen=True)
class Mark:
    """A marked point, such as the chosen operating point. Without ``x`` it is a level: a horizontal line."""

    name: str
    x: float | None
    y: float
    style: str


@dataclass(frozen=True)
class LineChart:
    """A chart of curves with a frame around them.

    Parameters
    ----------
    title, x_title : str
    x_ticks, y_ticks : sequence of (float, str)
        Values of the ticks, and their labels; the first and the last tick are the ends of the axis.
    lines : sequence of Line
    marks : sequence of Mark
    in_percent : bool
        Whether fractions are written in per cent.
    """

    title: str
    x_title: str
    x_ticks: Sequence[tuple[float, str]]
    y_ticks: Sequence[tuple[float, str]]
    lines: Sequence[Line]
    marks: Sequence[Mark] = ()
    in_percent: bool = False

    width = 440
    height = 270
    left, right, top, bottom = 46, 428, 12, 226

    def written(self, value: float) -> str:
        """Return a value of a line as text."""
        return f"{100 * value:.1f} %" if self.in_percent else f"{value:.2f}"

    def x(self, value: float) -> float:
        """Return the horizontal coordinate of a value."""
        first, last = self.x_ticks[0][0], self.x_ticks[-1][0]
        return round(self.left + (value - first) / (last - first) * (self.right - self.left), 1)

    def y(self, value: float) -> float:
        """Return the vertical coordinate of a value, from the top; beyond the axis it is outside the clipping frame."""
        first, last = self.y_ticks[0][0], self.y_ticks[-1][0]
        place = self.bottom - (value - first) / (last - first) * (self.bottom - self.top)
        return round(float(np.clip(place, -10 * self.height, 10 * self.height)), 1)

    def path(self, line: Line) -> str:
        """Return a line as an SVG path."""
        return "M" + "L".join(f"{self.x(x):g},{self.y(y):g}" for x, y in line.points) if line.points else ""


def ticks_up_to(highest: float, n: int = 5) -> list[float]:
    """Return multiples of 1, 2, 2.5 or 5 times a power of ten, about ``n``, from 0 until ``highest`` is reached.

    >>> ticks_up_to(1.1)
    [0.0, 0.25, 0.5, 0.75, 1.0, 1.25]
    """
    step = _round_step(highest / n)
    return [round(float(k * step), 6) for k in range(int(np.ceil(highest / step - 1e-9)) + 1)]


def ticks_between(low: float, high: float, n: int = 5) -> list[float]:
    """Return round numbers from ``low`` to ``high``, about ``n`` of them.

    >>> ticks_between(0.37, 0.74, 4)
    [0.4, 0.5, 0.6, 0.7]
    """
    step = _round_step((high - low) / n)
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return [round(float(k * step), 6) for k in range(first, last + 1)]


def ticks_of_logarithms(scale: Scale) -> list[float]:
    """Return 1, 2 and 5 times powers of ten on a logarithmic axis.

    >>> ticks_of_logarithms(Scale(0.0, 1.0, 0, 100))
    [1.0, 2.0, 5.0, 10.0]
    """
    powers = range(math.floor(scale.low), math.ceil(scale.high) + 1)
    values = [step * 10.0**power for power in powers for step in (1, 2, 5)]
    return [value for value in values if scale.low - 1e-9 <= math.log10(value) <= scale.high + 1e-9]


def _round_step(rough: float) -> float:
    """Return the next larger number that is 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(rough))
    return float(
        min((factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough - 1e-12), default=power)
    )
