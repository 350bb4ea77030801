"""Files of a table that ``sedpipe reproduce`` makes: its settings, its cells, and why some are missing.

- :class:`TableRecord`: ``table.json``, with each :class:`TableComparison`
- :class:`Cell`: ``cells/NAME.json``, one training with its scores; in Table 3 with :class:`Bench` and each
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
"""Rules for comparing systems: with one setting for all classes, without a threshold, with the settings chosen."""

Counts: TypeAlias = tuple[tuple[Count, Count, Count, Count], ...]
"""What each clip adds to a score: one row per clip, columns as in :data:`sedpipe.metrics.spread.COUNTED`."""


class TableComparison(Record):
    """Hierarchical pooling compared with single pooling, on the same clips and with the seeds that both have.

    Attributes
    ----------
    rule : str
        One of :data:`RULES`.
    split, operating_point : str
        Split and operating point of the scores; the latter is empty for threshold-free scores.
    pooling : str
    hierarchy : tuple of int
        Hierarchy of the system that is compared with single pooling by the same function; empty in Table 3.
    seeds : tuple of int
    differences : dict of str to Difference
        Differences by score; their significance is judged together with that of the other primary endpoints, or of
        all other comparisons by the rule; None where a score is undefined.
    system, against : str
        In Table 3, the system and the one that it is compared with.
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
    """Settings of a table, as it was last requested, and the results of its cells.

    Attributes
    ----------
    dataset, table, preset, recipe, epochs, seeds
        Settings; once the table has been drawn from its cells, ``seeds`` are those of all cells.
    runs : dict of str to str
        The run of each cell, by the cell's name.
    primary : str
        The rule by which systems are compared: ``common``, or ``chosen`` if cells lack scores by it.
    recordings : dict of str to tuple
        Names of the recordings from which each clip was made, by split, in the order of the counts; a clip without
        names is a recording of its own.
    median_event_s : dict of str to dict
        Median length of reference events in seconds, by split and class.
    comparisons : tuple of TableComparison
    minutes : float or None
        In Table 3, the budget of each training; None if trainings end after a number of epochs.
    systems : dict of str to str
        In Table 3, the system of each cell, by the cell's name.
    baseline : str
        In Table 3, the system that others are compared with.
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
    """Why a cell could not be made at the last attempt."""

    reason: str


class Around(Record):
    """Scores on ``testing`` around an operating point: the settings chosen, and a sweep for each setting varied."""

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
        Number of clips that were scored.
    operating_points : dict of str to OverallScores
    counts : dict of str to Counts
    post_processing_common, counts_common
        The same with one setting for all classes; empty in early cells.
    threshold_free : dict
        Scores that do not depend on a threshold; empty in early cells.
    clip_ids : tuple of str
        Names of the clips, in the order of the counts; empty in early cells.
    own_rule : Common, optional
        Scores with the post-processing that the system was published with.
    clip_based : ClipBased, optional
        Tagging scores; None in early cells.
    listed : int
        Number of clips in the split, including those that are missing; 0, for unknown, in early cells.
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
    """Loss and scores on ``testing`` during training; scores are at the best of a few thresholds, if events are known.

    Attributes
    ----------
    steps : int
        Number of training steps before it.
    loss : float
        Cross-entropy of the clip probabilities.
    error_rate, f1 : float or None
    """

    steps: Annotated[int, Field(gt=0)]
    loss: float
    error_rate: float | None
    f1: float | None


class Bench(Record):
    """What a cell of Table 3 contains beyond those of Table 2.

    Attributes
    ----------
    system : str
    title : str
        Name of the system in the table.
    pooling : dict
        All settings of its pooling; together with the system, they determine the cell, too.
    minutes : float or None
        Budget of its training; None if the training ended after a number of epochs.
    pace : Pace
        Computing times by which the budget was divided.
    networks : int
        Number of networks in the system that is scored: checkpoints whose probabilities are averaged.
    cpu_seconds : float or None
        CPU time of its training in seconds, on the machine that made the cell; None if it was not measured.
    published : dict of str to dict
        Published scores, by split.
    differs : str
        How the published system, or its scoring, differs.
    validations : tuple of Validation
        Validations during its training, in order; empty in early cells.
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

    def seconds_at_validations(self) -> list[float]:
        """Return the seconds of training up to the end of each validation.

        They are computed as the budget is, and so are the same on any machine.
        """
        return [self.pace.seconds_of(one.steps, count) for count, one in enumerate(self.validations, start=1)]


class Cell(Record):
    """One training of a grid: what determines it, what it took, and its scores.

    Attributes
    ----------
    dataset, pooling, hierarchy, seed, preset, recipe, epochs, network, training
        What determines the cell; a preset or a recipe may have changed although its name has not.
    features : str
        Fingerprint of the features, which determines the cell, too; "" in early cells, which had the usual features.
    front_end : str
        Front end that computed the features.
    seconds, threads, best_epoch, validation_loss, training_loss, versions
        Values of its run.
    device, precision : str
        Kind of device that it was trained on, such as ``cpu``, and precision of convolutions in training, ``float32``
        or ``bfloat16``; "" in cells of early editions.
    splits : dict of str to CellScores
    sensitivity : dict of str to Around
        Sensitivity to post-processing, by operating point; empty in cells of early editions.
    bench : Bench, optional
        What only cells of Table 3 contain.
    pools : dict
        All settings of its pooling, which determine the cell, too; empty in early cells.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset(
        {
            "sensitivity",
            "features",
            "front_end",
            "validation_loss",
            "training_loss",
            "device",
            "precision",
            "bench",
            "pools",
        }
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
    training_loss: float | None = None
    device: str = ""
    precision: str = ""
    sensitivity: dict[str, Around] = Field(default_factory=dict)
    bench: Bench | None = None
    pools: Table = Field(default_factory=dict)

    @property
    def system(self) -> tuple[str, tuple[int, ...]]:
        """What cells of the same system with different seeds have in common: pooling function and hierarchy."""
        return self.pooling, self.hierarchy
