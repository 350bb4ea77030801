"""The operating point that a run's events were made with, as its scores tell it.

- :func:`settings_of`: its post-processing
- :func:`threshold_of`: its threshold for a class; :func:`common_threshold`: for all of them
"""

from __future__ import annotations

from typing import Any

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.views.page.scored_run import ScoredRun


def settings_of(run: ScoredRun) -> PostProcessing:
    """Post-processing of the events."""
    return PostProcessing(**_stored(run))


def threshold_of(run: ScoredRun, label: str) -> float:
    """Probability from which on a frame of the class is active."""
    threshold = _stored(run)["threshold"]
    return float(threshold[run.labels.index(label)] if isinstance(threshold, list) else threshold)


def common_threshold(run: ScoredRun) -> float | None:
    """The threshold of all classes; None where each has its own."""
    threshold = _stored(run)["threshold"]
    return None if isinstance(threshold, list) else float(threshold)


def _stored(run: ScoredRun) -> dict[str, Any]:
    stored: dict[str, Any] = run.scores["post_processing"][run.scores["operating_point"]]
    return stored
