"""The operating point that a run's events were made with, as its scores tell it.

- :func:`settings_of`: its post-processing
- :func:`threshold_of`: its threshold for a class
"""

from __future__ import annotations

from typing import Any

from pipeline.postprocess import PostProcessing
from pipeline.report.scored_run import ScoredRun


def settings_of(run: ScoredRun) -> PostProcessing:
    """Post-processing of the events."""
    stored: dict[str, Any] = run.scores["post_processing"][run.scores["operating_point"]]
    return PostProcessing(**stored)


def threshold_of(run: ScoredRun, label: str) -> float:
    """Probability from which on a frame of the class is active."""
    return settings_of(run).threshold
