"""Files of a table that ``sedpipe reproduce`` makes: what it is to hold, its cells, and why some are missing.

- :class:`TableRecord`: ``table.json``
- :class:`Cell`: ``cells/NAME.json``, one training with its scores
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
from sedpipe.io.records.scores import Numbers
from sedpipe.metrics.detection_scores import OverallScores

Counts: TypeAlias = tuple[tuple[Count, Count, Count, Count], ...]
"""What each clip adds to a score: a row a clip, columns as in :data:`sedpipe.metrics.spread.COUNTED`."""


class TableRecord(Record):
    """What a table was asked to hold, last time: settings, and the run of each cell by the cell's name."""

    dataset: Name
    table: str
    preset: str
    recipe: str
    epochs: Count
    seeds: tuple[Count, ...]
    runs: dict[Name, Name]


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
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset({"post_processing_common", "counts_common", "threshold_free"})

    clips: Annotated[int, Field(gt=0)]
    operating_points: dict[str, OverallScores]
    counts: dict[str, Counts]
    post_processing_common: dict[str, Common] = Field(default_factory=dict)
    counts_common: dict[str, Counts] = Field(default_factory=dict)
    threshold_free: Numbers = Field(default_factory=dict)

    @model_validator(mode="after")
    def _counts_are_of_the_clips(self) -> CellScores:
        if (
            self.counts.keys() != self.operating_points.keys()
            or self.counts_common.keys() != self.post_processing_common.keys()
        ):
            raise ValueError("expected counts for each operating point")
        if any(len(rows) != self.clips for rows in (*self.counts.values(), *self.counts_common.values())):
            raise ValueError(f"expected a row of counts for each of the {self.clips} clips")
        return self


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
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset({"sensitivity", "features", "front_end", "validation_loss"})
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

    @property
    def system(self) -> tuple[str, tuple[int, ...]]:
        """What its seeds have in common: pooling function and hierarchy."""
        return self.pooling, self.hierarchy
