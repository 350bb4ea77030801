"""Counts of segments of a system that is right about each segment with a given probability."""

import numpy as np
from sedpipe.metrics.detection_scores import DetectionCounts
from sedpipe.metrics.segment_scores import count_segments


def some_counts(seed: int, n_clips: int = 40, quality: float = 0.8) -> DetectionCounts:
    """Return counts of clips of ten segments and three classes; the reference is the same for every seed."""
    g = np.random.default_rng(seed)
    reference = np.random.default_rng(0).random((n_clips, 10, 3)) < 0.2
    return count_segments(reference, np.where(g.random(reference.shape) < quality, reference, ~reference))
