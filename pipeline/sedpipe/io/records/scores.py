"""``scores-SPLIT.json``: scores of one system on one split, which ``sedpipe score --json`` prints, too.

- :class:`ScoreReport`: the file
- :class:`Coverage`, :class:`EventBased`, :class:`ClipBased`, :class:`AgainstRun`: parts of it
- :data:`Numbers`, :data:`Intervals`: scores by name, and their 95 % confidence intervals
"""

from __future__ import annotations

from typing import TypeAlias

from pydantic import Field, model_validator

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.tuning import SearchStep
from sedpipe.io.records.common import Common
from sedpipe.io.records.form import Count, Record, Table
from sedpipe.metrics.clip_scores import TagScores
from sedpipe.metrics.comparison import Difference
from sedpipe.metrics.detection_scores import ClassScores, OverallScores

Numbers: TypeAlias = dict[str, float | None]
"""Scores by name; None where undefined."""

Intervals: TypeAlias = dict[str, tuple[float, float] | None]
"""95 % confidence intervals of scores by name; None where they cannot be computed."""


class Coverage(Record):
    """Numbers of clips that are listed and scored, and the names of missing ones, as far as they are known."""

    listed: Count
    scored: Count
    missing: tuple[str, ...] = ()


class EventBased(Record):
    """Event-based scores with DCASE's collars; ``onset_only``, without offsets, is None in files of early versions."""

    error_rate: float | None
    substitution_rate: float | None
    deletion_rate: float | None
    insertion_rate: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    macro_f1: float | None
    onset_only: OverallScores | None = None


class ClipBased(Record):
    """Tagging scores: micro precision, recall and F1 and macro mAP, as in DCASE; then all four, micro and macro."""

    precision: float | None
    recall: float | None
    f1: float | None
    map: float | None
    micro: TagScores | None = None
    macro: TagScores | None = None


class AgainstRun(Record):
    """Differences between a system and another on the same clips, by score; None where undefined.

    Attributes
    ----------
    run : str
        Name of the other system's run, or of its runs, joined by ``+``.
    differences : dict of str to Difference
        With each run's own settings at the operating point.
    differences_common : dict of str to Difference
        The same with one setting for all classes, which is the fair comparison; empty where it is not known.
    remarks : tuple of str
        What else you should know.
    """

    run: str
    differences: dict[str, Difference | None]
    differences_common: dict[str, Difference | None] = Field(default_factory=dict)
    remarks: tuple[str, ...] = ()


class Learned(Record):
    """The best epoch of a run, and its losses, as far as they are known."""

    best_epoch: Count
    training_loss: float | None = None
    validation_loss: float | None = None


class ScoreReport(Record):
    """Scores of one system on one split; fractions, ``None`` where undefined, with the reason in ``undefined``.

    Files of earlier versions contain less: a field with a default may be missing there.

    Attributes
    ----------
    dataset, run, split : str
    tuned_on_this_split : bool
    contaminated_by : tuple of str
        Pretrained encoders that may have been trained on these recordings: expect lower scores on other recordings.
    clips : Coverage
    operating_point : str
        The operating point of the events in ``estimated``, and of all scores here except ``operating_points``.
    post_processing : dict of str to PostProcessing
        Settings of each operating point.
    segment_based : OverallScores
    operating_points : dict of str to OverallScores
        Segment-based scores at each operating point.
    intervals : dict of str to Intervals
        Confidence intervals of the segment-based scores at each operating point.
    event_based : EventBased
    clip_based : ClipBased
    psds : dict
        PSDS by scenario.
    threshold_free : dict
        ``clip_map``, ``frame_map``, ``psds1`` and ``psds2``, which do not depend on any threshold or filter.
    training : Learned, optional
        Best epoch and losses of the run; None for the mean of several runs, and for a run without a result.
    metrics : dict of str to dict
        Numbers of metrics that do not come with sedpipe, by metric.
    shown : dict of str to Numbers
        The numbers that are shown on the terminal and the page, by metric and name.
    post_processing_common : dict of str to Common
        By operating point, the best scores with one threshold, one median filter and one minimum event length for all
        classes, without clip gate and hysteresis, as in the paper.
    own_rule : Common, optional
        Scores with the post-processing that the system was published with.
    yardsticks : dict of str to OverallScores
        Scores of the trivial baselines and oracles.
    commonest_class : str
        The class that the baseline ``commonest_everywhere`` predicts.
    per_class : dict of str to ClassScores
    tuning : dict of str to tuple of SearchStep
        How each operating point was found.
    estimated : str
        Path of the event list.
    against : AgainstRun, optional
    remarks : tuple of str
        Settings for which tuning chose the smallest or largest value that was tried.
    undefined : dict of str to str
        Why a score is None, by the path of its key.
    """

    dataset: str
    run: str
    split: str
    tuned_on_this_split: bool
    clips: Coverage
    operating_point: str
    post_processing: dict[str, PostProcessing]
    segment_based: OverallScores
    operating_points: dict[str, OverallScores]
    intervals: dict[str, Intervals] = Field(default_factory=dict)
    event_based: EventBased | None = None
    clip_based: ClipBased | None = None
    psds: Numbers = Field(default_factory=dict)
    threshold_free: Numbers = Field(default_factory=dict)
    training: Learned | None = None
    metrics: dict[str, Table] = Field(default_factory=dict)
    shown: dict[str, Numbers] = Field(default_factory=dict)
    post_processing_common: dict[str, Common] = Field(default_factory=dict)
    own_rule: Common | None = None
    yardsticks: dict[str, OverallScores] = Field(default_factory=dict)
    commonest_class: str = ""
    per_class: dict[str, ClassScores]
    tuning: dict[str, tuple[SearchStep, ...]] = Field(default_factory=dict)
    estimated: str
    against: AgainstRun | None = None
    remarks: tuple[str, ...] = ()
    undefined: dict[str, str] = Field(default_factory=dict)
    contaminated_by: tuple[str, ...] = ()
    stage: str = "score"

    @model_validator(mode="after")
    def _operating_point_is_one_of_them(self) -> ScoreReport:
        if self.operating_point not in self.operating_points or self.operating_point not in self.post_processing:
            raise ValueError(f"expected scores and settings of the operating point {self.operating_point[:40]!r}")
        return self

    @property
    def numbers_shown(self) -> dict[str, Numbers]:
        """``shown``; for files without it, the numbers that they contain."""
        if self.shown:
            return self.shown
        clip, event = self.clip_based, self.event_based
        there: dict[str, Numbers] = {}
        if clip:
            there["clip_based"] = {"clip-based F1": clip.f1, "clip-based mAP": clip.map}
        if event:
            there["event_based"] = {"event-based F1": event.f1}
        if self.psds:
            there["psds"] = {f"PSDS {name}": value for name, value in self.psds.items()}
        return there
