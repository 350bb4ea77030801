"""Scores against the threshold: how much hangs on it.

- :func:`scores_by_threshold`: every filter as chosen, one threshold for all classes
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.sensitivity import scores_of_settings
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.metrics.detection_scores import OverallScores

THRESHOLDS = tuple(k / 50 for k in range(1, 50))
TIME_RESOLUTION = 1.0


def scores_by_threshold(
    frame_probs: np.ndarray,
    clip_probs: np.ndarray,
    n_frames: np.ndarray,
    durations: Sequence[float],
    reference: np.ndarray,
    labels: LabelSet,
    settings: PostProcessing,
    grid: FrameGrid,
    thresholds: Sequence[float] = THRESHOLDS,
) -> list[OverallScores]:
    """Segment-based scores at each threshold.

    Parameters
    ----------
    frame_probs : ndarray [shape=(N, T, K)]
        Probabilities.
    clip_probs : ndarray [shape=(N, K)]
        Of whole clips, for the gate.
    n_frames : ndarray [shape=(N,)]
        How many of the T frames count.
    durations : sequence of float
        Length of each clip in seconds.
    reference : ndarray [shape=(N, S, K)]
        Boolean, the reference in segments of one second.
    labels : LabelSet
        K classes.
    settings : PostProcessing
        Filters; its own threshold is not looked at.
    grid : FrameGrid
        Where the T frames lie.
    thresholds : sequence of float in [0, 1]
        What to try.

    Returns
    -------
    list of OverallScores
        One a threshold.
    """
    every = [replace(settings, threshold=threshold) for threshold in thresholds]
    return scores_of_settings(
        frame_probs, clip_probs, n_frames, durations, reference, labels, grid, every, TIME_RESOLUTION
    )
