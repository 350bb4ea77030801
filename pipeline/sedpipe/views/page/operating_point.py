"""The operating point that a run's events were made with, as recorded in its scores.

- :func:`settings_of`: its post-processing
- :func:`common_threshold`: its threshold for all classes
- :func:`number_of`: a setting of a post-processing for one class
"""

from __future__ import annotations

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.views.page.scored_run import ScoredRun


def settings_of(run: ScoredRun) -> PostProcessing:
    """Return the post-processing that the events were made with."""
    return run.scores.post_processing[run.scores.operating_point]


def number_of(point: PostProcessing, setting: str, k: int) -> float:
    """Return the value of a setting for class ``k``."""
    return float(getattr(point.of_class(k), setting))


def common_threshold(run: ScoredRun) -> float | None:
    """Return the threshold for all classes; None if each class has its own."""
    threshold = settings_of(run).threshold
    return None if isinstance(threshold, tuple) else threshold
