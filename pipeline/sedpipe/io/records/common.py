"""Post-processing that is the same for all classes, and what it scores: in ``run.json``, scores and cells.

- :class:`Common`: the best of the rule of He, Shen & Zhang (2019), by which systems are compared
"""

from __future__ import annotations

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.io.records.form import Record
from sedpipe.metrics.detection_scores import OverallScores


class Common(Record):
    """Settings that are the same for all classes, and their segment-based scores."""

    settings: PostProcessing
    segment_based: OverallScores
