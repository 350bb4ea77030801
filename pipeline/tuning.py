"""Post-processing chosen on a split with known events, for two operating points.

Every candidate is scored as :func:`~pipeline.postprocess.decode_events` and the segment-based metric would score it,
but without making events: frames go to segments directly, and only integers are kept of each candidate.

- :data:`OPERATING_POINTS`: ``min_er``, the lowest error rate, and ``max_f1``, the highest micro F1
- :class:`Candidates`: the values that are tried, all with all
- :class:`OperatingPoint`: what was chosen, and its scores on the split
- :func:`tune`: the choice
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from pipeline.events import EventLists
from pipeline.frames import FrameGrid
from pipeline.labels import LabelSet
from pipeline.metrics.detection_scores import DetectionScores, detection_scores
from pipeline.metrics.segment_based import (
    count_of_segments,
    count_segments,
    segment_roll,
    segments_of_frames,
)
from pipeline.metrics.validation import validate
from pipeline.postprocess import (
    PostProcessing,
    activity,
    countable_frames,
    drop_short_runs,
    frame_edges,
    median_filter,
    median_frames,
    shortest_frames,
)

OPERATING_POINTS = ("min_er", "max_f1")
_COLUMNS_AT_ONCE = 2048  # clips times classes whose frames fit into the processor's cache


@dataclass(frozen=True)
class Candidates:
    """The values that are tried, all with all.

    Parameters
    ----------
    thresholds, medians_s, min_durations_s : tuple of float
        As in :class:`~pipeline.postprocess.PostProcessing`.

    Raises
    ------
    ValueError
        If one of them is empty.
    """

    thresholds: tuple[float, ...] = tuple(k / 50 for k in range(1, 46))
    medians_s: tuple[float, ...] = (0.0, 0.24, 0.4, 0.56, 0.88, 1.2, 1.52, 2.0)
    min_durations_s: tuple[float, ...] = (0.0, 0.16, 0.32, 0.48, 0.8)

    def __post_init__(self) -> None:
        if not (self.thresholds and self.medians_s and self.min_durations_s):
            raise ValueError("candidates need at least one threshold, one median_s and one min_duration_s")

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many of each."""
        return len(self.thresholds), len(self.medians_s), len(self.min_durations_s)

    def settings(self, index: tuple[int, int, int]) -> PostProcessing:
        """The candidate at ``index``."""
        threshold, median, shortest = index
        return PostProcessing(self.thresholds[threshold], self.medians_s[median], self.min_durations_s[shortest])


@dataclass(frozen=True)
class OperatingPoint:
    """A choice of post-processing.

    Parameters
    ----------
    settings : PostProcessing
        What was chosen.
    scores : DetectionScores
        Its segment-based scores on the split it was tuned on.
    """

    settings: PostProcessing
    scores: DetectionScores


@dataclass(frozen=True, eq=False)
class _Split:
    """Frames and truth of the clips, time first: ``probs`` (T, K, N), ``reference`` (S, K, N)."""

    probs: np.ndarray
    counted: np.ndarray  # (T, 1, N) whether a frame is no padding
    reference: np.ndarray
    evaluated: np.ndarray  # (S, 1, N) whether a segment lies in the clip

    def chunks(self) -> Iterator[_Split]:
        """The same, some clips at a time."""
        _, K, N = self.probs.shape
        step = max(1, _COLUMNS_AT_ONCE // K)
        for start in range(0, N, step):
            clips = slice(start, start + step)
            parts = (self.probs, self.counted, self.reference, self.evaluated)
            yield _Split(*(np.ascontiguousarray(part[..., clips]) for part in parts))


def tune(
    frame_probs: np.ndarray,
    clip_ids: Sequence[str],
    reference: EventLists,
    durations: Mapping[str, float],
    labels: LabelSet,
    grid: FrameGrid,
    *,
    n_frames: np.ndarray | None = None,
    candidates: Candidates | None = None,
    time_resolution: float = 1.0,
) -> dict[str, OperatingPoint]:
    """Choose post-processing for each of :data:`OPERATING_POINTS`.

    Of equally good candidates that with the shortest median filter is chosen, among those the shortest
    ``min_duration_s``, then the threshold nearest to 0.5, then the lower one.

    Parameters
    ----------
    frame_probs : ndarray [shape=(N, T, K)]
        Probability of each of K classes in each of T frames of N clips.
    clip_ids : sequence of str
        The N clips, in the order of ``frame_probs``.
    reference : mapping of str to sequence of Event
        What sounds in each of the N clips; other clips are ignored, so clips without audio may be there.
    durations : mapping of str to float
        Length in seconds of each of the N clips.
    labels : LabelSet
        Names of the K classes.
    grid : FrameGrid
        Where the T frames lie.
    n_frames : ndarray [shape=(N,)], optional
        How many frames of each clip count. All, if not given.
    candidates : Candidates, optional
        The values to try.
    time_resolution : float > 0
        Length of a segment in seconds.

    Returns
    -------
    dict of str to OperatingPoint
        By name of the operating point.

    Raises
    ------
    ValueError
        If the arrays and lists do not fit together, or no clip has a located event: nothing can be tuned then.
    """
    _check(frame_probs, clip_ids, reference, labels, n_frames)
    candidates = candidates or Candidates()
    clips = validate({clip_id: reference[clip_id] for clip_id in clip_ids}, {}, durations, labels)
    lengths = clips.durations
    roll = segment_roll(clips.reference, lengths, len(labels), time_resolution)
    if not roll.any():
        raise ValueError("no clip has a located event, so there is nothing to tune on")
    edges = frame_edges(grid, frame_probs.shape[1])
    counted = countable_frames(edges, n_frames, lengths)
    evaluated = np.arange(roll.shape[1])[:, None] < count_of_segments(lengths, time_resolution)
    split = _Split(
        probs=frame_probs.transpose(1, 2, 0),
        counted=(np.arange(frame_probs.shape[1])[:, None] < counted)[:, None],
        reference=roll.transpose(1, 2, 0),
        evaluated=evaluated[:, None],
    )
    errors, correct, n_estimated = _tally(split, candidates, grid, edges, time_resolution)
    f1 = 2 * correct / (roll.sum() + n_estimated)
    chosen = {"min_er": _lowest(errors, candidates), "max_f1": _lowest(-f1, candidates)}

    def scores(settings: PostProcessing) -> DetectionScores:
        active = np.moveaxis(activity(frame_probs, settings, grid, counted), 1, 0)
        segments = segments_of_frames(active, edges, roll.shape[1], time_resolution) & evaluated[..., None]
        return detection_scores(count_segments(roll, np.moveaxis(segments, 0, 1)), labels)

    return {name: OperatingPoint(chosen[name], scores(chosen[name])) for name in OPERATING_POINTS}


def _check(
    frame_probs: np.ndarray,
    clip_ids: Sequence[str],
    reference: EventLists,
    labels: LabelSet,
    n_frames: np.ndarray | None,
) -> None:
    if frame_probs.ndim != 3 or (frame_probs.shape[0], frame_probs.shape[2]) != (len(clip_ids), len(labels)):
        raise ValueError(f"frame_probs must have shape ({len(clip_ids)}, T, {len(labels)}), got {frame_probs.shape}")
    if n_frames is not None and n_frames.shape != (len(clip_ids),):
        raise ValueError(f"n_frames must have shape ({len(clip_ids)},), got {n_frames.shape}")
    if len(set(clip_ids)) < len(clip_ids):
        raise ValueError("clip_ids holds a clip twice")
    for clip_id in clip_ids:
        if clip_id not in reference:
            raise ValueError(f"clip {clip_id!r} has probabilities but is not in the reference")


def _tally(
    split: _Split, candidates: Candidates, grid: FrameGrid, edges: np.ndarray, time_resolution: float
) -> np.ndarray:
    """Integers (3, *candidates.shape): errors, correct and estimated segments of each candidate."""
    widths = [median_frames(median_s, grid) for median_s in candidates.medians_s]
    shortests = [shortest_frames(min_duration_s, grid) for min_duration_s in candidates.min_durations_s]
    tally = np.zeros((3, *candidates.shape), dtype=np.int64)
    for chunk in split.chunks():
        in_reference = _classes_per_segment(chunk.reference)
        for t, threshold in enumerate(candidates.thresholds):
            above = (chunk.probs >= float(threshold)) & chunk.counted
            for m, width in enumerate(widths):
                smooth = median_filter(above, width) & chunk.counted
                for d, shortest in enumerate(shortests):
                    active = drop_short_runs(smooth, shortest)
                    roll = segments_of_frames(active, edges, len(chunk.reference), time_resolution) & chunk.evaluated
                    in_estimated = _classes_per_segment(roll)
                    correct = np.count_nonzero(roll & chunk.reference)
                    # per segment S + D + I = max(reference, estimated) - correct
                    errors = np.maximum(in_reference, in_estimated).sum() - correct
                    tally[:, t, m, d] += np.array([errors, correct, in_estimated.sum()])
    return tally


def _classes_per_segment(roll: np.ndarray) -> np.ndarray:
    return np.asarray(roll.sum(axis=1, dtype=np.int32))


def _lowest(values: np.ndarray, candidates: Candidates) -> PostProcessing:
    """The candidate with the lowest of ``values``; ties as :func:`tune` says."""

    def rank(index: tuple[int, int, int]) -> tuple[float, ...]:
        settings = candidates.settings(index)
        off_middle = math.fabs(settings.threshold - 0.5)
        return values[index], settings.median_s, settings.min_duration_s, off_middle, settings.threshold

    n_thresholds, n_medians, n_shortests = candidates.shape
    return candidates.settings(min(product(range(n_thresholds), range(n_medians), range(n_shortests)), key=rank))
