"""How much the scores of a system hang on its post-processing: one setting is moved, the others stay.

**What is moved.** Around settings that were chosen (see :mod:`sedpipe.detection.tuning`):

- ``threshold``: the odds p / (1 - p) of every class's threshold p are multiplied by 2 ** value, so that thresholds
  stay in (0, 1), and low and high ones move alike. 0.5 goes to 0.67 for 1, and to 0.33 for -1
- ``median_s``: the median filter of all classes, in seconds; an odd number of frames, 1 for none
- ``min_duration_s``: the shortest event of all classes, in seconds

Where each class has settings of its own, the last two give all classes the same.

- :func:`sensitivity`: chosen settings -> segment-based scores along the three sweeps
- :class:`Sweep`: one of them
- :func:`with_odds`: settings with other thresholds
- :func:`scores_of_settings`: segment-based scores of any settings
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, logit

from sedpipe.detection.postprocess import PostProcessing, Setting, activity, countable_frames, frame_edges
from sedpipe.events import EventLists
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.metrics.detection_scores import OverallScores, detection_scores
from sedpipe.metrics.segment_based import count_of_segments, count_segments, segment_roll, segments_of_frames
from sedpipe.metrics.validation import validate

SWEPT = ("threshold", "median_s", "min_duration_s")
DOUBLINGS = tuple(k / 4 for k in range(-8, 9))
LONGEST_MEDIAN = 51
LONGEST_MIN_DURATION_S = 2.0


@dataclass(frozen=True)
class Sweep:
    """Scores where one setting is moved; fractions, None where undefined.

    Parameters
    ----------
    values : tuple of float
        Of the setting: doublings of the odds, or seconds.
    error_rate, f1 : tuple of float or None
        Segment-based, micro, one a value.
    """

    values: tuple[float, ...]
    error_rate: tuple[float | None, ...]
    f1: tuple[float | None, ...]


def sensitivity(
    frame_probs: np.ndarray,
    clip_ids: Sequence[str],
    reference: EventLists,
    durations: Mapping[str, float],
    labels: LabelSet,
    grid: FrameGrid,
    chosen: PostProcessing,
    *,
    clip_probs: np.ndarray,
    n_frames: np.ndarray,
    time_resolution: float = 1.0,
) -> dict[str, Sweep]:
    """Segment-based scores along each of :data:`SWEPT`.

    Parameters
    ----------
    frame_probs : ndarray [shape=(N, T, K)]
        Probability of each of K classes in each of T frames of N clips.
    clip_ids : sequence of str
        The N clips, in the order of ``frame_probs``.
    reference : mapping of str to sequence of Event
        What sounds in each of the N clips.
    durations : mapping of str to float
        Length in seconds of each of the N clips.
    labels : LabelSet
        Names of the K classes.
    grid : FrameGrid
        Where the T frames lie.
    chosen : PostProcessing
        The settings in the middle.
    clip_probs : ndarray [shape=(N, K)]
        Probability of each class in each clip, for the gate.
    n_frames : ndarray [shape=(N,)]
        How many frames of each clip count.
    time_resolution : float > 0
        Length of a segment in seconds.

    Returns
    -------
    dict of str to Sweep
        By name of the setting.

    Raises
    ------
    ValueError
        If arrays, lists and settings do not fit together.
    """
    clips = validate({clip_id: reference[clip_id] for clip_id in clip_ids}, {}, durations, labels)
    roll = segment_roll(clips.reference, clips.durations, len(labels), time_resolution)
    tried = _settings_around(chosen, grid)
    every = [settings for of_sweep in tried.values() for settings in of_sweep.values()]
    scores = iter(
        scores_of_settings(
            frame_probs, clip_probs, n_frames, clips.durations, roll, labels, grid, every, time_resolution
        )
    )
    sweeps = {}
    for name, of_sweep in tried.items():
        there = [next(scores) for _ in of_sweep]
        error_rates, f1s = tuple(one.error_rate for one in there), tuple(one.f1 for one in there)
        sweeps[name] = Sweep(tuple(of_sweep), error_rates, f1s)
    return sweeps


def with_odds(chosen: PostProcessing, doublings: float) -> PostProcessing:
    """The settings with the odds of each threshold doubled so many times; thresholds of 0 and 1 stay.

    >>> with_odds(PostProcessing((0.5, 0.2)), 1).threshold
    (0.6666666666666666, 0.3333333333333333)
    """
    return replace(chosen, threshold=_moved(chosen.threshold, doublings)) if doublings else chosen


def scores_of_settings(
    frame_probs: np.ndarray,
    clip_probs: np.ndarray,
    n_frames: np.ndarray,
    durations: Sequence[float] | np.ndarray,
    reference: np.ndarray,
    labels: LabelSet,
    grid: FrameGrid,
    settings: Sequence[PostProcessing],
    time_resolution: float = 1.0,
) -> list[OverallScores]:
    """Segment-based scores of each of some settings, without making events.

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
        Boolean, the reference in segments.
    labels : LabelSet
        K classes.
    grid : FrameGrid
        Where the T frames lie.
    settings : sequence of PostProcessing
        What to try.
    time_resolution : float > 0
        Length of a segment in seconds.

    Returns
    -------
    list of OverallScores
        One each.
    """
    edges = frame_edges(grid, frame_probs.shape[1])
    lengths = np.asarray(durations)
    counted = countable_frames(edges, n_frames, lengths)
    evaluated = np.arange(reference.shape[1]) < count_of_segments(lengths, time_resolution)[:, None]

    def scores(one: PostProcessing) -> OverallScores:
        active = activity(frame_probs, one, grid, counted, clip_probs)
        segments = segments_of_frames(np.moveaxis(active, 1, 0), edges, reference.shape[1], time_resolution)
        estimated = np.moveaxis(segments, 0, 1) & evaluated[..., None]
        return detection_scores(count_segments(reference, estimated), labels).overall

    return [scores(one) for one in settings]


def _settings_around(chosen: PostProcessing, grid: FrameGrid) -> dict[str, dict[float, PostProcessing]]:
    """Settings of each sweep, by value."""
    frame = grid.frame_duration
    medians = [round(n * frame, 6) for n in range(1, LONGEST_MEDIAN + 1, 2)]
    shortest = [round(n * frame, 6) for n in range(int(LONGEST_MIN_DURATION_S / frame + 1e-6) + 1)]
    return {
        "threshold": {doublings: with_odds(chosen, doublings) for doublings in DOUBLINGS},
        "median_s": {seconds: replace(chosen, median_s=seconds) for seconds in medians},
        "min_duration_s": {seconds: replace(chosen, min_duration_s=seconds) for seconds in shortest},
    }


def _moved(threshold: Setting, doublings: float) -> Setting:
    if isinstance(threshold, tuple):
        return tuple(float(_moved(each, doublings)) for each in threshold)  # type: ignore[arg-type]
    return float(expit(logit(threshold) + doublings * np.log(2)))
