"""The operating point that a run's events were made with, as its scores tell it.

- :func:`settings_of`: its post-processing
- :func:`common_threshold`: its threshold for all classes
- :func:`number_of`: what a post-processing says of one class
"""

from __future__ import annotations

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.views.page.scored_run import ScoredRun


def settings_of(run: ScoredRun) -> PostProcessing:
    """Post-processing of the events."""
    return run.scores.post_processing[run.scores.operating_point]


def number_of(point: PostProcessing, setting: str, k: int) -> float:
    """A setting as it is for class ``k``."""
    return float(getattr(point.of_class(k), setting))


def common_threshold(run: ScoredRun) -> float | None:
    """The threshold of all classes; None where each has its own."""
    threshold = settings_of(run).threshold
    return None if isinstance(threshold, tuple) else threshold
