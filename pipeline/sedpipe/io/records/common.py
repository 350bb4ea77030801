"""Post-processing that is the same for all classes, and what it scores: in ``run.json``, scores and cells.

- :class:`Common`: the best of the rule of He, Shen & Zhang (2019), by which systems are compared
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.io.records.form import Record
from sedpipe.metrics.detection_scores import ClassScores, OverallScores


class Common(Record):
    """Settings that are the same for all classes, and their segment-based scores; early cells have none of classes."""

    parts_to_come: ClassVar[frozenset[str]] = frozenset({"per_class"})

    settings: PostProcessing
    segment_based: OverallScores
    per_class: dict[str, ClassScores] = Field(default_factory=dict)
