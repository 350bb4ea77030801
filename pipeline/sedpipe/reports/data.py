"""Reports of the commands about data: ``download``, ``features``, ``status``.

- :class:`DownloadReport`
- :class:`FeatureReport`, :class:`FeatureExplanation`, with their counts
- :class:`StatusReport`, with :class:`Stages` and its parts; :class:`CacheStatus`: the status of all datasets
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
    """What was downloaded: by split, the number of clips by state and reason; with ``--dry-run`` only the listed clips.

    ``stopped`` is the reason why the run ended before its last clip, if it did. ``missing`` lists, by split, the user's
    files that are listed but do not exist.
    """

    dataset: str
    splits: Mapping[str, Listed | Tally]
    seconds: float
    stopped: str | None = None
    missing: Mapping[str, list[str]] = field(default_factory=dict)
    stage: str = field(default="download")


@dataclass(frozen=True)
class FeatureCounts:
    """Numbers of clips of a split that have audio.

    Their features were ``computed`` now, were stored before (``reused``), or could not be computed (``failed``);
    ``damaged`` features were stored before, but were found to be damaged and therefore computed again.
    """

    clips: int
    computed: int
    reused: int
    failed: int
    damaged: int = 0


@dataclass(frozen=True)
class FeatureReport:
    """What was computed; ``waiting`` clips belong to other shards (``--shard``), which are merged when all are done."""

    dataset: str
    fingerprint: str
    splits: dict[str, FeatureCounts]
    seconds: float
    clips_per_second: float
    waiting: int = 0
    stage: str = field(default="features")

    @property
    def holds_any(self) -> bool:
        """Whether the features of any clip are now available."""
        return any(counts.computed or counts.reused for counts in self.splits.values())


@dataclass(frozen=True)
class PlannedCounts:
    """Numbers of clips of a split that have audio: with stored features (``reused``), and without (``missing``)."""

    clips: int
    reused: int
    missing: int


@dataclass(frozen=True)
class FeatureExplanation:
    """What ``--explain`` reports: by split, how many clips lack features, and why."""

    dataset: str
    fingerprint: str
    splits: dict[str, PlannedCounts]
    reasons: dict[str, list[ReasonGroup]]
    stage: str = field(default="features")


@dataclass(frozen=True)
class StoredCounts:
    """Numbers of clips with stored features, and of those whose audio could not be used (``failed``).

    ``changed`` clips have stored features, but their audio file has changed since then, by its size and time.
    ``unreadable`` is the reason why the store cannot be read, if so.
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
    """The state of one cell of a table.

    ``state`` is ``done``, ``under_way`` (a process is training its run), ``begun`` (its training was stopped),
    ``failed`` or ``missing``. ``run`` is known if the table lists its cells; ``epochs`` is known for a cell that was
    begun and is not done.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset({"run", "epochs", "of", "reason"})

    state: str
    run: str = ""
    epochs: int = 0
    of: int = 0
    reason: str = ""


@dataclass(frozen=True)
class GridState:
    """Numbers of cells of a table by state, and each cell by its name."""

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
    """Results of each stage.

    ``download`` by split; ``features`` by fingerprint and split; ``train`` and ``score`` (the scored splits) by run;
    ``reproduce`` by table; ``headlines``, the scores that can be read, by run and split.
    """

    download: dict[str, Tally] = field(default_factory=dict)
    features: dict[str, dict[str, StoredCounts]] = field(default_factory=dict)
    train: dict[str, Progress] = field(default_factory=dict)
    score: dict[str, list[str]] = field(default_factory=dict)
    reproduce: dict[str, GridState] = field(default_factory=dict)
    headlines: dict[str, dict[str, Headline]] = field(default_factory=dict)


@dataclass(frozen=True)
class StatusReport:
    """Counts by stage, the command to run next and, with ``--classes``, numbers of clips by split and class."""

    dataset: str
    stages: Stages
    next: str
    classes: dict[str, dict[str, ClassTally]] = field(default_factory=dict)


@dataclass(frozen=True)
class CacheStatus:
    """Every dataset of a cache; why others cannot be read; and, if there are no datasets, the first command to run."""

    cache: str
    datasets: list[StatusReport]
    unreadable: dict[str, str]
    next: str
