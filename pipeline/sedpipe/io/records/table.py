"""Files of a table that ``sedpipe reproduce`` makes: what it is to hold, its cells, and why some are missing.

- :class:`TableRecord`: ``table.json``, with each :class:`TableComparison`
- :class:`Cell`: ``cells/NAME.json``, one training with its scores; of Table 3 with :class:`Bench` and each
  :class:`Validation`
- :class:`Failure`: ``failed/NAME.json``
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, TypeAlias

from pydantic import Field, model_validator

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.sensitivity import Sweep
from sedpipe.io.records.common import Common
from sedpipe.io.records.form import Count, Name, Record, Table
from sedpipe.io.records.pace import Pace
from sedpipe.io.records.scores import ClipBased, Numbers
from sedpipe.metrics.comparison import Difference
from sedpipe.metrics.detection_scores import OverallScores

RULES = ("common", "threshold_free", "chosen")
"""By which two systems are compared: with one setting for all classes, without a threshold, with those chosen."""

Counts: TypeAlias = tuple[tuple[Count, Count, Count, Count], ...]
"""What each clip adds to a score: a row a clip, columns as in :data:`sedpipe.metrics.spread.COUNTED`."""


class TableComparison(Record):
    """What hierarchical pooling has over single pooling, on the same clips and with the seeds that both have.

    Attributes
    ----------
    rule : str
        One of :data:`RULES`.
    split, operating_point : str
        On what; the second is empty where no threshold has a part.
    pooling : str
    hierarchy : tuple of int
        Of the system that is compared with single pooling of the same function; of Table 3 empty.
    seeds : tuple of int
    differences : dict of str to Difference
        By score; judged among the primary endpoints, or all others of the rule; None where a score is undefined.
    system, against : str
        Of Table 3: what is compared with what.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset({"system", "against"})

    rule: str
    split: str
    operating_point: str
    pooling: str
    hierarchy: tuple[int, ...]
    seeds: tuple[Count, ...]
    differences: dict[str, Difference | None]
    system: str = ""
    against: str = ""


class TableRecord(Record):
    """What a table was asked to hold, last time, and what its cells came to.

    Attributes
    ----------
    dataset, table, preset, recipe, epochs, seeds
        Settings.
    runs : dict of str to str
        The run of each cell, by the cell's name.
    primary : str
        The rule by which systems are compared: ``common``, or ``chosen`` where cells lack it.
    recordings : dict of str to tuple
        By split, of which recordings each clip was made, in the order of the counts; no names: a recording of its own.
    median_event_s : dict of str to dict
        By split and class, the median length in seconds of its reference events.
    comparisons : tuple of TableComparison
    minutes : float or None
        Of Table 3: the budget of each training; None where epochs end it.
    systems : dict of str to str
        Of Table 3: the system of each cell, by the cell's name.
    baseline : str
        Of Table 3: the system that others are compared with.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset(
        {"primary", "recordings", "median_event_s", "comparisons", "minutes", "systems", "baseline"}
    )

    dataset: Name
    table: str
    preset: str
    recipe: str
    epochs: Count
    seeds: tuple[Count, ...]
    runs: dict[Name, Name]
    primary: str = ""
    recordings: dict[str, tuple[tuple[str, ...], ...]] = Field(default_factory=dict)
    median_event_s: dict[str, dict[str, float]] = Field(default_factory=dict)
    comparisons: tuple[TableComparison, ...] = ()
    minutes: float | None = None
    systems: dict[Name, Name] = Field(default_factory=dict)
    baseline: str = ""


class Failure(Record):
    """Why a cell could not be made, last time."""

    reason: str


class Around(Record):
    """How scores on ``testing`` move around an operating point: what was chosen, and a sweep by what is moved."""

    settings: PostProcessing
    sweeps: dict[str, Sweep]

    @model_validator(mode="after")
    def _scores_are_of_the_values(self) -> Around:
        for moved, sweep in self.sweeps.items():
            if not sweep.values or not len(sweep.values) == len(sweep.error_rate) == len(sweep.f1):
                raise ValueError(f"expected a score for each value of {moved[:40]}")
        return self


class CellScores(Record):
    """Scores of a cell on one split, by operating point, and what each of its clips adds to them.

    Attributes
    ----------
    clips : int
        How many were scored.
    operating_points : dict of str to OverallScores
    counts : dict of str to Counts
    post_processing_common, counts_common
        The same with one setting for all classes; early cells have none.
    threshold_free : dict
        Scores in which no threshold has a part; early cells have none.
    clip_ids : tuple of str
        Names of the clips, in the order of the counts; early cells have none.
    own_rule : Common, optional
        With the post-processing that the system was published with.
    clip_based : ClipBased, optional
        Of tags; early cells have none.
    listed : int
        Clips of the split, those that are missing, too; early cells do not tell (0).
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset(
        {"post_processing_common", "counts_common", "threshold_free", "clip_ids", "own_rule", "clip_based", "listed"}
    )

    clips: Annotated[int, Field(gt=0)]
    operating_points: dict[str, OverallScores]
    counts: dict[str, Counts]
    post_processing_common: dict[str, Common] = Field(default_factory=dict)
    counts_common: dict[str, Counts] = Field(default_factory=dict)
    threshold_free: Numbers = Field(default_factory=dict)
    clip_ids: tuple[str, ...] = ()
    own_rule: Common | None = None
    clip_based: ClipBased | None = None
    listed: Count = 0

    @model_validator(mode="after")
    def _counts_are_of_the_clips(self) -> CellScores:
        if (
            self.counts.keys() != self.operating_points.keys()
            or self.counts_common.keys() != self.post_processing_common.keys()
        ):
            raise ValueError("expected counts for each operating point")
        if any(len(rows) != self.clips for rows in (*self.counts.values(), *self.counts_common.values())):
            raise ValueError(f"expected a row of counts for each of the {self.clips} clips")
        if self.clip_ids and len(self.clip_ids) != self.clips:
            raise ValueError(f"expected the names of the {self.clips} clips")
        return self


class Validation(Record):
    """What a network in training came to on ``testing``; scores at the best of a few thresholds, if events are known.

    Attributes
    ----------
    steps : int
        Of training, before it.
    loss : float
        Cross-entropy of the clips.
    error_rate, f1 : float or None
    """

    steps: Annotated[int, Field(gt=0)]
    loss: float
    error_rate: float | None
    f1: float | None


class Bench(Record):
    """What a cell of Table 3 tells beyond those of Table 2.

    Attributes
    ----------
    system : str
    title : str
        What the table calls it.
    pooling : dict
        All settings of its pooling; with the system, decides the cell, too.
    minutes : float or None
        Its budget; None where epochs ended it.
    pace : Pace
        What the budget was divided by.
    networks : int
        As how many networks it is scored: the checkpoints whose probabilities are averaged.
    cpu_seconds : float or None
        Of its training, on the machine that made the cell; None where they were not counted.
    published : dict of str to dict
        Scores of the publication, by split.
    differs : str
        What else the published system has, or how else it was scored.
    validations : tuple of Validation
        Of its training, in their order; early cells have none.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset({"validations"})

    system: Name
    title: str
    pooling: Table
    minutes: float | None
    pace: Pace
    networks: Annotated[int, Field(gt=0)]
    cpu_seconds: float | None
    published: dict[str, Numbers] = Field(default_factory=dict)
    differs: str = ""
    validations: tuple[Validation, ...] = ()

    def reckoned_s(self) -> list[float]:
        """Seconds of training until each validation was over, reckoned as the budget is, so the same on any machine."""
        return [self.pace.seconds_of(one.steps, count) for count, one in enumerate(self.validations, start=1)]


class Cell(Record):
    """One training of a grid: what decides it, what it took, and its scores.

    Attributes
    ----------
    dataset, pooling, hierarchy, seed, preset, recipe, epochs, network, training
        What decides it; a preset or a recipe may have changed behind its name.
    features : str
        Their fingerprint, which decides it, too; "" in early cells, which had the usual ones.
    front_end : str
        What made them.
    seconds, threads, best_epoch, validation_loss, versions
        Of its run.
    splits : dict of str to CellScores
    sensitivity : dict of str to Around
        By operating point; cells of early editions have none.
    bench : Bench, optional
        Of Table 3.
    pools : dict
        All settings of its pooling, which decide it, too; early cells have none.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset(
        {"sensitivity", "features", "front_end", "validation_loss", "bench", "pools"}
    )
    decisive: ClassVar[Sequence[str]] = (
        "dataset", "pooling", "hierarchy", "seed", "preset", "recipe", "epochs", "network", "training",
        "features",
    )  # fmt: skip

    dataset: Name
    pooling: str
    hierarchy: tuple[Annotated[int, Field(gt=0, lt=10**9)], ...]
    seed: Count
    preset: str
    recipe: str
    epochs: Count
    network: Table
    training: Table
    seconds: Annotated[float, Field(ge=0)]
    threads: Count
    best_epoch: Count
    versions: dict[str, str]
    splits: dict[str, CellScores]
    features: str = ""
    front_end: str = ""
    validation_loss: float | None = None
    sensitivity: dict[str, Around] = Field(default_factory=dict)
    bench: Bench | None = None
    pools: Table = Field(default_factory=dict)

    @property
    def system(self) -> tuple[str, tuple[int, ...]]:
        """What its seeds have in common: pooling function and hierarchy."""
        return self.pooling, self.hierarchy
