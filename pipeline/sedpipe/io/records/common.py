"""Post-processing that is the same for all classes, and its scores, as in ``run.json``, scores and cells.

- :class:`Common`: the best settings by the rule of He, Shen & Zhang (2019), with which systems are compared
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.io.records.form import Record
from sedpipe.metrics.detection_scores import ClassScores, OverallScores


class Common(Record):
    """Settings that are the same for all classes, and their segment-based scores; no ``per_class`` in early cells.

    As the ``own_rule`` of a system, settings may differ between classes.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset({"per_class"})

    settings: PostProcessing
    segment_based: OverallScores
    per_class: dict[str, ClassScores] = Field(default_factory=dict)
