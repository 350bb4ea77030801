"""Scores against the threshold: how much hangs on it.

- :func:`scores_by_threshold`: every filter as chosen, one threshold for all classes
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.frames import FrameGrid
from pipeline.labels import LabelSet
from pipeline.metrics.detection_scores import OverallScores, detection_scores
from pipeline.metrics.segment_based import count_of_segments, count_segments, segments_of_frames
from pipeline.postprocess import PostProcessing, activity, countable_frames, frame_edges

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
    edges = frame_edges(grid, frame_probs.shape[1])
    lengths = np.asarray(durations)
    counted = countable_frames(edges, n_frames, lengths)
    evaluated = np.arange(reference.shape[1]) < count_of_segments(lengths, TIME_RESOLUTION)[:, None]

    def scores(threshold: float) -> OverallScores:
        active = activity(frame_probs, replace(settings, threshold=threshold), grid, counted, clip_probs)
        segments = segments_of_frames(np.moveaxis(active, 1, 0), edges, reference.shape[1], TIME_RESOLUTION)
        estimated = np.moveaxis(segments, 0, 1) & evaluated[..., None]
        return detection_scores(count_segments(reference, estimated), labels).overall

    return [scores(threshold) for threshold in thresholds]
