"""Frame probabilities -> events: threshold, median filter, shortest duration, runs of active frames.

Conventions: an activity is a boolean array; frame ``k`` of it sounds from edge ``k`` to edge ``k + 1`` of its
:class:`~pipeline.frames.FrameGrid`, which is the grid of the probabilities, not that of the features. Event times
are rounded to 1 ms. Frames at or past ``n_frames``, and frames that begin at or past the clip's end, are padding:
never active, before the median filter and after it.

- :class:`PostProcessing`: the settings, the same for all classes
- :func:`decode_events`: probabilities of one clip -> events
- :func:`activity`: probabilities of any number of clips -> activity
- :func:`decode_activity`, :func:`encode_activity`: activity <-> events, inverses on the grid
- :func:`median_filter`, :func:`drop_short_runs`: the two filters, with time along the first axis
- :func:`median_frames`, :func:`shortest_frames`, :func:`frame_edges`, :func:`countable_frames`: seconds -> frames
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pipeline.events import Event
from pipeline.frames import FrameGrid
from pipeline.labels import LabelSet

TIME_DECIMALS = 3
_DUST = 1e-6  # of a frame: 0.56 s / 0.08 s = 7.000000000000001


@dataclass(frozen=True)
class PostProcessing:
    """How probabilities become events.

    Parameters
    ----------
    threshold : float in [0, 1]
        A frame is active where its probability is at least this.
    median_s : float >= 0
        Length of the median filter in seconds; 0 for none.
    min_duration_s : float >= 0
        Shorter runs of active frames are dropped; 0 keeps all.

    Raises
    ------
    ValueError
        If a value is out of its range.
    """

    threshold: float
    median_s: float = 0.0
    min_duration_s: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must lie in [0, 1], got {self.threshold}")
        if not 0 <= self.median_s < math.inf:
            raise ValueError(f"median_s must be a length in seconds, got {self.median_s}")
        if not 0 <= self.min_duration_s < math.inf:
            raise ValueError(f"min_duration_s must be a length in seconds, got {self.min_duration_s}")


def decode_events(
    frame_probs: np.ndarray,
    labels: LabelSet,
    settings: PostProcessing,
    grid: FrameGrid,
    n_frames: int | None = None,
    duration: float | None = None,
) -> list[Event]:
    """Events of one clip.

    Parameters
    ----------
    frame_probs : ndarray [shape=(T, K)]
        Probability of each of K classes in each of T frames, in [0, 1].
    labels : LabelSet
        Names of the K classes.
    settings : PostProcessing
        Threshold and filters.
    grid : FrameGrid
        Where the T frames lie.
    n_frames : int, optional
        How many frames count; the others are padding. All, if not given.
    duration : float, optional
        Length of the clip in seconds; no event reaches past it. The end of the last frame, if not given.

    Returns
    -------
    list of Event
        In order of time; times rounded to 1 ms.

    Raises
    ------
    ValueError
        If the shape does not fit the labels, or a probability is not a number.

    Examples
    --------
    >>> probs = np.array([[0.1], [0.7], [0.9], [0.2]])
    >>> decode_events(probs, LabelSet(("Dog",)), PostProcessing(0.5), FrameGrid(100, 8))
    [Event(onset=0.08, offset=0.24, label='Dog')]
    """
    if frame_probs.ndim != 2 or frame_probs.shape[1] != len(labels):
        raise ValueError(f"frame_probs must have shape (T, {len(labels)}), got {frame_probs.shape}")
    counted = countable_frames(frame_edges(grid, len(frame_probs)), n_frames, duration)
    return decode_activity(activity(frame_probs, settings, grid, counted), labels, grid, duration)


def activity(
    frame_probs: np.ndarray, settings: PostProcessing, grid: FrameGrid, n_frames: int | np.ndarray | None = None
) -> np.ndarray:
    """Which class sounds in which frame, for one clip or for many at once.

    Parameters
    ----------
    frame_probs : ndarray [shape=(..., T, K)]
        Probabilities, in [0, 1].
    settings : PostProcessing
        Threshold and filters.
    grid : FrameGrid
        Where the T frames lie.
    n_frames : int or ndarray [shape=(...)], optional
        How many frames of each clip count. All, if not given.

    Returns
    -------
    ndarray [shape=(..., T, K)]
        Boolean.

    Raises
    ------
    ValueError
        If there is no axis of time and classes, or a probability is not a number.
    """
    if frame_probs.ndim < 2:
        raise ValueError(f"frame_probs must have shape (..., T, K), got {frame_probs.shape}")
    if np.isnan(frame_probs).any():
        raise ValueError("frame_probs holds a nan")
    probs = np.moveaxis(frame_probs, -2, 0)
    active = probs >= float(settings.threshold)
    counted = np.ones(len(probs), dtype=bool).reshape(-1, *[1] * (probs.ndim - 1))
    if n_frames is not None:
        counted = np.arange(len(probs)).reshape(counted.shape) < np.asarray(n_frames)[..., None]
    active &= counted
    active = median_filter(active, median_frames(settings.median_s, grid)) & counted
    return np.moveaxis(drop_short_runs(active, shortest_frames(settings.min_duration_s, grid)), 0, -2)


def median_filter(active: np.ndarray, width: int) -> np.ndarray:
    """Median over time of an activity, in a centred window; outside the array nothing is active.

    Parameters
    ----------
    active : ndarray [shape=(T, ...)]
        Boolean.
    width : int
        Odd number of frames.

    Returns
    -------
    ndarray [shape=(T, ...)]
        Active where more than half of the window is.

    Raises
    ------
    ValueError
        If ``width`` is not odd and positive.
    """
    if width < 1 or width % 2 == 0:
        raise ValueError(f"the median needs an odd number of frames, got {width}")
    half = width // 2
    if half == 0:
        return active
    active_before = np.zeros((len(active) + 1, *active.shape[1:]), dtype=np.int32)
    np.cumsum(active, axis=0, dtype=np.int32, out=active_before[1:])
    frame = np.arange(len(active))
    in_window = active_before[np.minimum(frame + half + 1, len(active))] - active_before[np.maximum(frame - half, 0)]
    return np.asarray(in_window > half)


def drop_short_runs(active: np.ndarray, shortest: int) -> np.ndarray:
    """Activity (T, ...) without its runs of fewer than ``shortest`` frames (a morphological opening)."""
    if shortest <= 1:
        return active
    run_starts = active.copy()  # run_starts[t]: the frames t, ..., t + shortest - 1 are all active
    for shift in range(1, shortest):
        run_starts[:-shift] &= active[shift:]
        run_starts[-shift:] = False
    kept = run_starts.copy()
    for shift in range(1, shortest):
        kept[shift:] |= run_starts[:-shift]
    return kept


def decode_activity(
    active: np.ndarray, labels: LabelSet, grid: FrameGrid, duration: float | None = None
) -> list[Event]:
    """Runs of an activity (T, K) as events, cut at ``duration``."""
    edges = frame_edges(grid, len(active))
    end = edges[-1] if duration is None else min(edges[-1], round(duration, TIME_DECIMALS))
    by_class = np.pad(active.T, ((0, 0), (1, 1))).astype(np.int8)
    changes = np.diff(by_class, axis=1)
    classes, starts = np.nonzero(changes == 1)
    _, stops = np.nonzero(changes == -1)
    onsets, offsets = edges[starts].tolist(), np.minimum(edges[stops], end).tolist()
    runs = zip(onsets, offsets, classes.tolist(), strict=True)
    return sorted(Event(onset, offset, labels.names[k]) for onset, offset, k in runs if onset < offset)


def encode_activity(events: Iterable[Event], labels: LabelSet, grid: FrameGrid, n_frames: int) -> np.ndarray:
    """Activity (n_frames, K) of events; an event begins and ends at the edge nearest to its time."""
    active = np.zeros((n_frames, len(labels)), dtype=bool)
    for event in events:
        first, end = (round(seconds / grid.frame_duration) for seconds in (event.onset, event.offset))
        active[first:end, labels.index(event.label)] = True
    return active


def median_frames(median_s: float, grid: FrameGrid) -> int:
    """Odd number of frames nearest to ``median_s``; of two equally near ones the larger.

    >>> [median_frames(seconds, FrameGrid(100, 8)) for seconds in (0, 0.1, 0.16, 0.24, 0.56)]
    [1, 1, 3, 3, 7]
    """
    return 2 * math.floor(median_s / grid.frame_duration / 2 + _DUST) + 1


def shortest_frames(min_duration_s: float, grid: FrameGrid) -> int:
    """Frames of the shortest run that lasts ``min_duration_s``; a frame that the clip's end cuts counts in full.

    >>> [shortest_frames(seconds, FrameGrid(100, 8)) for seconds in (0, 0.08, 0.1, 0.16)]
    [1, 1, 2, 2]
    """
    return max(1, math.ceil(min_duration_s / grid.frame_duration - _DUST))


def frame_edges(grid: FrameGrid, n_frames: int) -> np.ndarray:
    """The grid's ``n_frames + 1`` edges as events have them: rounded to 1 ms."""
    return np.array([round(edge, TIME_DECIMALS) for edge in grid.edges(n_frames).tolist()])


def countable_frames(
    edges: np.ndarray, n_frames: int | np.ndarray | None = None, duration: float | np.ndarray | None = None
) -> np.ndarray:
    """How many frames are no padding: those before ``n_frames`` that begin before ``duration`` ends.

    Parameters
    ----------
    edges : ndarray [shape=(T + 1,)]
        From :func:`frame_edges`.
    n_frames, duration : number or ndarray [shape=(N,)], optional
        Of one clip or of N.

    Returns
    -------
    ndarray [shape=() or (N,)]
        Integers in 0 .. T.
    """
    counted = np.asarray(len(edges) - 1)
    if n_frames is not None:
        counted = np.clip(n_frames, 0, counted)
    if duration is not None:
        rounded = np.vectorize(round, otypes=[float])(duration, TIME_DECIMALS)
        counted = np.minimum(counted, np.searchsorted(edges[:-1], rounded, side="left"))
    return counted
