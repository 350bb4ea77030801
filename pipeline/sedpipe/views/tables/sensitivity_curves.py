"""Cells of a grid -> how ER and F1 on ``testing`` depend on post-processing, over seeds, as curves and in sentences.

The erratum of He, Shen & Zhang (2019) says that scores are "sensitive to the parameter of threshold and
post-processing"; this module shows how much, for single and hierarchical pooling. Cells without sweeps are left out.

- :class:`Curve`, :class:`Band`, :func:`curves_of`: a system's score along one sweep, over its seeds
- :func:`sensitivity_lines`: tables and sentences, as Markdown (:mod:`.sensitivity_figure` draws the curves)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sedpipe.detection.sensitivity import Sweep
from sedpipe.io.records.table import Cell
from sedpipe.printable import markdown_text
from sedpipe.views.tables.table2_words import name_of

SCORES = {"error_rate": "min_er", "f1": "max_f1"}
"""The operating point around which settings are varied for each score: the one that was tuned for it."""

NAMES = {"error_rate": "ER", "f1": "F1"}
MOVED = {"threshold": "threshold", "median_s": "median filter", "min_duration_s": "minimum event"}
_SPLIT = "testing"


@dataclass(frozen=True)
class Band:
    """Mean, minimum and maximum over seeds."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """One score of one system while one setting is varied.

    Parameters
    ----------
    score : str
        ``error_rate`` or ``f1``.
    moved : str
        Name of the setting; see :mod:`sedpipe.detection.sensitivity`.
    pooling : str
    hierarchy : tuple of int
    seeds : tuple of int
    values : tuple of float
        Values of the setting.
    scores : tuple of Band or None
        The score at each value; None if it is undefined for a seed.
    chosen : tuple of float
        Tuned value for each seed; if classes differ, their mean. 0 for thresholds, which are varied relative to it.
    as_chosen : float or None
        The score with the tuned settings, as in the table: mean over seeds.
    """

    score: str
    moved: str
    pooling: str
    hierarchy: tuple[int, ...]
    seeds: tuple[int, ...]
    values: tuple[float, ...]
    scores: tuple[Band | None, ...]
    chosen: tuple[float, ...]
    as_chosen: float | None

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest mean along the sweep; nan if no mean is defined."""
        means = [band.mean for band in self.scores if band is not None] or [np.nan]
        return min(means), max(means)


def curves_of(cells: Sequence[Cell]) -> list[Curve]:
    """Return a curve for each score, system and setting, from the cells that have sweeps."""
    systems: dict[tuple[str, tuple[int, ...]], list[Cell]] = {}
    for cell in sorted(cells, key=lambda cell: cell.seed):
        if cell.sensitivity:
            systems.setdefault(cell.system, []).append(cell)
    in_order = dict.fromkeys(cell.system for cell in cells)
    return [
        _curve(systems[system], score, moved, *system)
        for score in SCORES
        for system in in_order
        if system in systems
        for moved in MOVED
    ]


def sensitivity_lines(curves: Sequence[Curve]) -> list[str]:
    """Return the section about sensitivity of the table's page."""
    lines = [
        f"## Sensitivity to post-processing, {_SPLIT} (tuned on this split)",
        "",
        "![ER and F1 against threshold, median filter and minimum event](sensitivity.svg)",
        "",
        _what_is_moved(curves),
        "",
    ]
    for score in SCORES:
        of_score = [curve for curve in curves if curve.score == score]
        lines += [*_table(score, of_score), "", *_sentences(score, of_score), ""]
    return lines


def _curve(cells: Sequence[Cell], score: str, moved: str, pooling: str, hierarchy: tuple[int, ...]) -> Curve:
    point = SCORES[score]
    values = _sweep(cells[0], point, moved).values
    alike = [cell for cell in cells if _sweep(cell, point, moved).values == values]
    each = [getattr(_sweep(cell, point, moved), score) for cell in alike]
    as_chosen = _band(getattr(cell.splits[_SPLIT].operating_points[point], score) for cell in alike)
    return Curve(
        score=score,
        moved=moved,
        pooling=pooling,
        hierarchy=hierarchy,
        seeds=tuple(cell.seed for cell in alike),
        values=values,
        scores=tuple(_band(of_value) for of_value in zip(*each, strict=True)),
        chosen=tuple(_chosen(getattr(cell.sensitivity[point].settings, moved), moved) for cell in alike),
        as_chosen=None if as_chosen is None else as_chosen.mean,
    )


def _sweep(cell: Cell, point: str, moved: str) -> Sweep:
    return cell.sensitivity[point].sweeps[moved]


def _chosen(setting: float | Sequence[float], moved: str) -> float:
    """Return the tuned value on the axis of the sweep; thresholds are varied relative to it, so theirs is 0."""
    return 0.0 if moved == "threshold" else float(np.mean(setting))


def _band(values: Iterable[float | None]) -> Band | None:
    listed = list(values)
    known = [value for value in listed if value is not None]
    return Band(float(np.mean(known)), min(known), max(known)) if len(known) == len(listed) else None


def _what_is_moved(curves: Sequence[Curve]) -> str:
    ends = {curve.moved: (curve.values[0], curve.values[-1]) for curve in curves}
    low, high = (2**end for end in ends["threshold"])
    median, shortest = ("{:g} to {:g} s".format(*ends[moved]) for moved in ("median_s", "min_duration_s"))
    return (
        f"One setting is varied, the others stay as tuned: the odds of all thresholds from {low:g} to {high:g} times "
        f"the tuned ones, one median filter for all classes of {median}, one minimum event length for all classes of "
        f"{shortest}. "
        "Means over seeds, lowest to highest; ER around min_er, F1 (in %) around max_f1."
    )


def _table(score: str, curves: Sequence[Curve]) -> list[str]:
    lines = [f"| {NAMES[score]} | seeds | as tuned | " + " | ".join(MOVED.values()) + " |", "|---|---|---|---|---|---|"]
    for of_system in _by_system(curves).values():
        first = of_system[0]
        tuned = "-" if first.as_chosen is None else _written(first.as_chosen, score)
        ranges = [_range(curve, score) for curve in of_system]
        system = f"{markdown_text(first.pooling)}, {name_of(first.hierarchy)}"
        lines.append(f"| {system} | {len(first.seeds)} | {tuned} | {' | '.join(ranges)} |")
    return lines


def _sentences(score: str, curves: Sequence[Curve]) -> list[str]:
    """Return, for each pooling function, how much post-processing changes each system, and how far systems differ."""
    sentences = []
    for pooling in dict.fromkeys(curve.pooling for curve in curves):
        systems = {hierarchy: each for (of, hierarchy), each in _by_system(curves).items() if of == pooling}
        moves = " and ".join(f"{_extent(of_system, score)} for {name_of(h)}" for h, of_system in systems.items())
        sentence = f"- {markdown_text(pooling)}: post-processing changes {NAMES[score]} by up to {moves}"
        tuned = {hierarchy: of_system[0].as_chosen for hierarchy, of_system in systems.items()}
        single = tuned.pop((), None)
        for hierarchy, ours in tuned.items():
            if single is not None and ours is not None:
                gain = _written(ours - single, score, signed=True)
                sentence += f"; as tuned, {name_of(hierarchy)} differs from single by {gain}"
        sentences.append(sentence + ".")
    return sentences


def _extent(curves: Sequence[Curve], score: str) -> str:
    """Return the largest difference between lowest and highest mean, and the setting that causes it."""
    extents = {curve.moved: float(np.nan_to_num(curve.range[1] - curve.range[0])) for curve in curves}
    longest = max(extents, key=extents.__getitem__)
    return f"{_written(extents[longest], score)} ({MOVED[longest]})"


def _range(curve: Curve, score: str) -> str:
    low, high = curve.range
    return "-" if np.isnan(low) else f"{_written(low, score)} to {_written(high, score)}"


def _by_system(curves: Sequence[Curve]) -> dict[tuple[str, tuple[int, ...]], list[Curve]]:
    systems: dict[tuple[str, tuple[int, ...]], list[Curve]] = {}
    for curve in curves:
        systems.setdefault((curve.pooling, curve.hierarchy), []).append(curve)
    return systems


def _written(value: float, score: str, *, signed: bool = False) -> str:
    factor, decimals = (100, 1) if score == "f1" else (1, 3)
    return f"{factor * value:{'+' if signed else ''}.{decimals}f}"
