"""Activities -> events.

Frame ``k`` of an activity lasts from edge ``k`` to edge ``k + 1`` of its :class:`~sedpipe.frames.FrameGrid`, which is
the grid of the probabilities, not that of the features. Event times are rounded to 1 ms.

- :func:`decode_events`: probabilities of one clip -> events
- :func:`decode_activity`: activity of one clip -> events
- :func:`frame_edges`, :func:`countable_frames`: the grid in seconds, and the number of frames that are not padding
- :func:`peak_and_mean`: the probabilities inside an event
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from sedpipe.detection.postprocess import PostProcessing, activity
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet

TIME_DECIMALS = 3


def decode_events(
    frame_probs: np.ndarray,
    labels: LabelSet,
    point: PostProcessing,
    grid: FrameGrid,
    *,
    n_frames: int | None = None,
    duration: float | None = None,
    clip_probs: np.ndarray | None = None,
) -> list[Event]:
    """Decode the events of one clip.

    Parameters
    ----------
    frame_probs : ndarray [shape=(T, K)]
        Probability of each of K classes in each of T frames, in [0, 1].
    labels : LabelSet
        Names of the K classes.
    point : PostProcessing
        Settings of the post-processing.
    grid : FrameGrid
        Grid of the T frames.
    n_frames : int, optional
        Number of frames that count; the others are padding. All, if not given.
    duration : float, optional
        Length of the clip in seconds; no event reaches past it. The end of the last frame, if not given.
    clip_probs : ndarray [shape=(K,) or (T, K)], optional
        Probability of each class in the clip, for the gate; or around each frame of a long recording.

    Returns
    -------
    list of Event
        Events in order of time, with times rounded to 1 ms.

    Raises
    ------
    ValueError
        If a shape does not fit the labels, a probability is not a number, or a gate lacks ``clip_probs``.

    Examples
    --------
    >>> probs = np.array([[0.1], [0.7], [0.9], [0.2]])
    >>> decode_events(probs, LabelSet(("Dog",)), PostProcessing(0.5), FrameGrid(100, 8))
    [Event(onset=0.08, offset=0.24, label='Dog')]
    """
    if frame_probs.ndim != 2 or frame_probs.shape[1] != len(labels):
        raise ValueError(f"frame_probs must have shape (T, {len(labels)}), got {frame_probs.shape}")
    counted = countable_frames(frame_edges(grid, len(frame_probs)), n_frames, duration)
    active = activity(frame_probs, point, grid, counted, clip_probs)
    return decode_activity(active, labels, grid, duration)


def decode_activity(
    active: np.ndarray, labels: LabelSet, grid: FrameGrid, duration: float | None = None
) -> list[Event]:
    """Return the runs of an activity (T, K) as events, cut at ``duration``.

    Parameters
    ----------
    active : ndarray [shape=(T, K)]
        Whether a class is active in a frame.
    labels : LabelSet
        Names of the K classes.
    grid : FrameGrid
        Grid of the T frames.
    duration : float, optional
        End of the clip in seconds.
    """
    # the events of all clips share these float objects, which would otherwise take more memory than the events
    edges = _rounded_edges(grid, len(active))
    end = edges[-1] if duration is None else min(edges[-1], round(duration, TIME_DECIMALS))
    by_class = np.pad(active.T, ((0, 0), (1, 1))).astype(np.int8)
    changes = np.diff(by_class, axis=1)
    classes, starts = np.nonzero(changes == 1)
    _, stops = np.nonzero(changes == -1)
    runs = zip(starts.tolist(), stops.tolist(), classes.tolist(), strict=True)
    times = ((edges[start], min(edges[stop], end), k) for start, stop, k in runs)
    return sorted(Event(onset, offset, labels.names[k]) for onset, offset, k in times if onset < offset)


def frame_edges(grid: FrameGrid, n_frames: int) -> np.ndarray:
    """Edges (n_frames + 1,) of the grid, rounded to 1 ms as the times of events are."""
    return np.array(_rounded_edges(grid, n_frames))


@lru_cache(4)
def _rounded_edges(grid: FrameGrid, n_frames: int) -> tuple[float, ...]:
    return tuple(round(edge, TIME_DECIMALS) for edge in grid.edges(n_frames).tolist())


def peak_and_mean(probs: np.ndarray, event: Event, edges: np.ndarray) -> tuple[float, float]:
    """Return the maximum and mean over the frames of an event, including one cut by the clip's end, to four decimals.

    Parameters
    ----------
    probs : ndarray [shape=(T,)]
        Probabilities of the event's class in the frames that count, at least one.
    event : Event
        Event decoded from these probabilities.
    edges : ndarray [shape=(T + 1,) or longer]
        Result of :func:`frame_edges`: onsets are exactly these values, and so are offsets before the end of the clip.

    Examples
    --------
    >>> peak_and_mean(np.array([0.1, 0.5, 0.9]), Event(0.48, 1.0, "Dog"), frame_edges(FrameGrid(100, 48), 3))
    (0.9, 0.7)
    """
    first, end = np.searchsorted(edges, (event.onset, event.offset)).tolist()
    first = min(first, len(probs) - 1)  # an event added to a list by hand may lie anywhere
    inside = probs[first : max(first + 1, end)]
    return round(float(inside.max()), 4), round(float(inside.mean()), 4)


def countable_frames(
    edges: np.ndarray, n_frames: int | np.ndarray | None = None, duration: float | np.ndarray | None = None
) -> np.ndarray:
    """Count the frames that are not padding: those before ``n_frames`` that begin before the end of the clip.

    Parameters
    ----------
    edges : ndarray [shape=(T + 1,)]
        Result of :func:`frame_edges`.
    n_frames, duration : number or ndarray [shape=(N,)], optional
        Number of frames and length in seconds of one clip or of N clips.

    Returns
    -------
    ndarray [shape=() or (N,)]
        Number of frames of each clip, integers in 0 .. T.
    """
    counted = np.asarray(len(edges) - 1)
    if n_frames is not None:
        counted = np.clip(n_frames, 0, counted)
    if duration is not None:
        rounded = np.vectorize(round, otypes=[float])(duration, TIME_DECIMALS)
        counted = np.minimum(counted, np.searchsorted(edges[:-1], rounded, side="left"))
    return counted
