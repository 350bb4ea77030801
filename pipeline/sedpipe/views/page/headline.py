"""The headline numbers of a run: scores with intervals, and baselines.

- :class:`Gauge`, :func:`gauges`: error rate, F1 and macro F1 on a line, with interval and baselines
- :func:`score_rows`, :func:`named_row`, :func:`yardstick_rows`: operating points and baselines, number by number
- :func:`other_scores`: scores other than segment-based ones
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sedpipe.io.records.scores import ScoreReport
from sedpipe.metrics.detection_scores import OverallScores
from sedpipe.views.baselines import baseline_name
from sedpipe.views.page.scored_run import ScoredRun

OPERATING_POINTS = {"min_er": "lowest error rate", "max_f1": "highest F1"}

_METRICS = (
    ("error_rate", "Error rate", "lower is better"),
    ("f1", "F1", "micro, higher is better"),
    ("macro_f1", "Macro F1", "mean of the classes, higher is better"),
)
_COLUMNS = {
    "error_rate": "ER",
    "substitution_rate": "sub",
    "deletion_rate": "del",
    "insertion_rate": "ins",
    "precision": "P",
    "recall": "R",
    "f1": "F1",
    "macro_f1": "macro F1",
}
SCORE_COLUMNS = tuple(_COLUMNS.values())
"""Column titles of the score tables: four rates, then four scores that are written in per cent."""


@dataclass(frozen=True)
class Tick:
    """A named value and its place on a gauge, in per cent of its width; None if it lies beyond the scale."""

    name: str
    value: float
    place: float | None


@dataclass(frozen=True)
class Gauge:
    """One score.

    Parameters
    ----------
    metric : str
        ``error_rate``, ``f1`` or ``macro_f1``.
    title, note : str
    value : float or None
    interval : tuple of two floats or None
        95 % confidence interval.
    ends : tuple of two floats
        Values at the ends of the line.
    ticks : sequence of Tick
        Baselines.
    """

    metric: str
    title: str
    note: str
    value: float | None
    interval: tuple[float, float] | None
    ends: tuple[float, float]
    ticks: Sequence[Tick]

    def place(self, value: float) -> float:
        """Return the place of a value, in per cent of the line's width; values beyond an end are placed at that end."""
        low, high = self.ends
        return round(100 * min(max((value - low) / (high - low), 0.0), 1.0), 2)


def gauges(run: ScoredRun) -> list[Gauge]:
    """Return error rate, F1 and macro F1 of the operating point that the events were made with."""
    intervals = run.scores.intervals.get(run.scores.operating_point, {})
    return [_gauge(metric, title, note, run.scores, intervals.get(metric)) for metric, title, note in _METRICS]


def _gauge(metric: str, title: str, note: str, scores: ScoreReport, interval: tuple[float, float] | None) -> Gauge:
    value = getattr(scores.segment_based, metric)
    yardsticks = {
        baseline_name(name): number
        for name, numbers in scores.yardsticks.items()
        if (number := getattr(numbers, metric)) is not None
    }
    shown = [number for number in (value, *(interval or ())) if number is not None]
    ends = (0.0, 1.0 if metric != "error_rate" else max([1.25, *(1.1 * number for number in shown)]))
    bare = Gauge(metric, title, note, value, interval, ends, ())
    ticks = [
        Tick(name, number, bare.place(number) if ends[0] <= number <= ends[1] else None)
        for name, number in yardsticks.items()
    ]
    return Gauge(metric, title, note, value, interval, ends, ticks)


@dataclass(frozen=True)
class ScoreRow:
    """A row of the score table: eight scores, some of them with an interval."""

    name: str
    kind: str
    chosen: bool
    values: Sequence[float | None]
    intervals: Sequence[tuple[float, float] | None]


def score_rows(run: ScoredRun) -> list[ScoreRow]:
    """Return a row for each operating point, then one for each baseline."""
    return [*point_rows(run), *yardstick_rows(run)]


def point_rows(run: ScoredRun) -> list[ScoreRow]:
    """Return a row for each operating point."""
    return [
        ScoreRow(
            f"{point}: {OPERATING_POINTS[point]}" if point in OPERATING_POINTS else point,
            "point",
            point == run.scores.operating_point,
            _numbers(numbers),
            _intervals(run, point),
        )
        for point, numbers in run.scores.operating_points.items()
    ]


def named_row(run: ScoredRun) -> ScoreRow:
    """Return the row of the operating point that the events were made with, titled with the name of the run."""
    point = run.scores.operating_point
    return ScoreRow(run.name, "point", False, _numbers(run.scores.segment_based), _intervals(run, point))


def yardstick_rows(run: ScoredRun) -> list[ScoreRow]:
    """Return a row for each baseline: what is easily reached, and what can be reached at most."""
    return [
        ScoreRow(baseline_name(name), "yardstick", False, _numbers(numbers), [None] * len(_COLUMNS))
        for name, numbers in run.scores.yardsticks.items()
    ]


def _numbers(scores: OverallScores) -> list[float | None]:
    return [getattr(scores, column) for column in _COLUMNS]


def _intervals(run: ScoredRun, point: str) -> list[tuple[float, float] | None]:
    of_point = run.scores.intervals.get(point, {})
    return [of_point.get(column) for column in _COLUMNS]


def other_scores(run: ScoredRun) -> list[tuple[str, float]]:
    """Return clip-based, event-based and threshold-free scores by name; undefined ones are left out."""
    shown = run.scores.numbers_shown.values()
    return [(f"{title} (%)", number) for each in shown for title, number in each.items() if number is not None]
