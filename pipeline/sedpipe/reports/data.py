"""What the verbs that make data say: ``download``, ``features``, ``status``.

- :class:`DownloadReport`
- :class:`FeatureReport`, :class:`FeatureExplanation`, with their counts
- :class:`StatusReport`, with :class:`Stages` and its parts; :class:`CacheStatus`: of all datasets
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sedpipe.io.records.form import Record
from sedpipe.steps.feature_plan import ReasonGroup
from sedpipe.steps.tally import ClassTally, Listed, Tally


@dataclass(frozen=True)
class DownloadReport:
    """Clips by state and by reason, or those that are listed alone; why the run ended before its last clip, if so.

    ``missing`` are files of the user's that are listed and not there, by split.
    """

    dataset: str
    splits: Mapping[str, Listed | Tally]
    seconds: float
    stopped: str | None = None
    missing: Mapping[str, list[str]] = field(default_factory=dict)
    stage: str = field(default="download")


@dataclass(frozen=True)
class FeatureCounts:
    """Clips of a split with audio: made now, stored before, not usable; of those to be made, damaged in the store."""

    clips: int
    computed: int
    reused: int
    failed: int
    damaged: int = 0


@dataclass(frozen=True)
class FeatureReport:
    """What was extracted; ``waiting`` clips are other parts' (``--shard``), before which nothing is merged."""

    dataset: str
    fingerprint: str
    splits: dict[str, FeatureCounts]
    seconds: float
    clips_per_second: float
    waiting: int = 0
    stage: str = field(default="features")

    @property
    def holds_any(self) -> bool:
        """Whether the features of any clip are there now."""
        return any(counts.computed or counts.reused for counts in self.splits.values())


@dataclass(frozen=True)
class PlannedCounts:
    """Clips of a split with audio: those whose features are stored, and those whose features would be made."""

    clips: int
    reused: int
    missing: int


@dataclass(frozen=True)
class FeatureExplanation:
    """What ``--explain`` says: by split, counts and the reasons of what is missing."""

    dataset: str
    fingerprint: str
    splits: dict[str, PlannedCounts]
    reasons: dict[str, list[ReasonGroup]]
    stage: str = field(default="features")


@dataclass(frozen=True)
class StoredCounts:
    """Clips whose features are stored, and those whose audio could not be used; or why the store cannot be read.

    Of the former, ``changed`` are those whose audio file is another one since, by its size and time.
    """

    clips: int
    failed: int
    unreadable: str = ""
    changed: int = 0


@dataclass(frozen=True)
class Progress:
    """Whether a run is finished, and how many epochs are done."""

    finished: bool
    epochs: int


class CellState(Record):
    """What a cell of a table has come to.

    ``state`` is ``done``, ``under_way`` (a process trains its run), ``begun`` (one was stopped), ``failed`` or
    ``missing``; ``run`` is known where the table says what it is to hold, epochs where it was begun and is not done.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset({"run", "epochs", "of", "reason"})

    state: str
    run: str = ""
    epochs: int = 0
    of: int = 0
    reason: str = ""


@dataclass(frozen=True)
class GridState:
    """How many cells a table has, in which state, and each of them by name."""

    all: int
    done: int
    under_way: int
    begun: int
    failed: int
    missing: int
    cells: dict[str, CellState]


@dataclass(frozen=True)
class Headline:
    """Segment-based scores of an operating point; None where undefined."""

    operating_point: str
    error_rate: float | None
    f1: float | None


@dataclass(frozen=True)
class Stages:
    """What each stage has.

    Downloads by split, features by fingerprint and split, runs and their scored splits by run, tables by name, and by
    run and split the scores, as far as they can be read.
    """

    download: dict[str, Tally] = field(default_factory=dict)
    features: dict[str, dict[str, StoredCounts]] = field(default_factory=dict)
    train: dict[str, Progress] = field(default_factory=dict)
    score: dict[str, list[str]] = field(default_factory=dict)
    reproduce: dict[str, GridState] = field(default_factory=dict)
    headlines: dict[str, dict[str, Headline]] = field(default_factory=dict)


@dataclass(frozen=True)
class StatusReport:
    """Counts by stage, the command to run next and, where asked for, clips by split and class."""

    dataset: str
    stages: Stages
    next: str
    classes: dict[str, dict[str, ClassTally]] = field(default_factory=dict)


@dataclass(frozen=True)
class CacheStatus:
    """Every dataset of a cache, those that cannot be read with the reason, and where to begin if there is none."""

    cache: str
    datasets: list[StatusReport]
    unreadable: dict[str, str]
    next: str
