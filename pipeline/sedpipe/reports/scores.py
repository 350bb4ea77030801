"""Reports of ``sedpipe score`` on an event list, and of ``sedpipe demo``.

The report of ``score`` on a run is :class:`sedpipe.io.records.scores.ScoreReport`, which is stored, too.

- :class:`ListScoreReport`, with :class:`ListCoverage` and :class:`AgainstList`
- :class:`DemoReport`
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sedpipe.io.records.form import Table
from sedpipe.io.records.scores import EventBased, Intervals, Numbers, ScoreReport
from sedpipe.metrics.comparison import Difference
from sedpipe.metrics.detection_scores import ClassScores, OverallScores


@dataclass(frozen=True)
class ListCoverage:
    """Numbers of scored clips (all of the reference), of clips without estimated events, and of truncated events."""

    listed: int
    scored: int
    missing: list[str]
    without_output: int
    cut: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class AgainstList:
    """Differences between a list and another one on the same clips, by score; None if undefined."""

    estimated: str
    differences: dict[str, Difference | None]


@dataclass(frozen=True)
class ListScoreReport:
    """Scores of one event list, as fractions; ``None`` where undefined, with the reason in ``undefined``.

    ``remarks`` are sentences about what was guessed or left out. ``shown`` has the numbers of every metric that are
    shown on the terminal; ``metrics`` has all numbers of metrics that do not come with sedpipe.
    """

    reference: str
    estimated: str
    clips: ListCoverage
    time_resolution: float
    segment_based: OverallScores
    intervals: Intervals
    event_based: EventBased
    yardsticks: dict[str, OverallScores]
    commonest_class: str
    per_class: dict[str, ClassScores]
    against: AgainstList | None = None
    metrics: dict[str, Table] = field(default_factory=dict)
    shown: dict[str, Numbers] = field(default_factory=dict)
    undefined: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    stage: str = field(default="score")


@dataclass(frozen=True)
class DemoReport:
    """Scores of a trained and an untrained network on ``evaluation``, and the audio file of a clip with an event."""

    score: ScoreReport
    untrained: ScoreReport
    seconds: float
    clip: str
    stage: str = field(default="demo")
