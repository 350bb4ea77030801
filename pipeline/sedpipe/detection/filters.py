"""Filters of activities, with time along the first axis.

An activity is an array (T, ...) of booleans, or, for all filters but the median, of words with a bit for each clip.
Filters take lengths in whole frames:

- :func:`hysteresis`, :func:`median_filter`, :func:`close_gaps`, :func:`drop_short_runs`: the filters
- :func:`median_frames`, :func:`gap_frames`, :func:`shortest_frames`: seconds -> frames
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from sedpipe.frames import FrameGrid

# tolerance in frames for rounding errors: 0.56 s / 0.08 s = 7.000000000000001
_DUST = 1e-6

_MOST_SIDE_BY_SIDE = 4096  # values; with fewer, calling NumPy takes longer than the operation itself
_FEW_VALUES = 1024  # per frame; with more, adding frame to frame is many times faster than cumsum


def hysteresis(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Return ``high`` (T, ...) extended by the frames of ``low`` that are connected to it."""
    active = high.copy()
    _spread(active, low)
    _spread(active[::-1], low[::-1])
    return active


def _spread(active: np.ndarray, low: np.ndarray) -> None:
    """Make the frames of ``low`` active that follow an active frame, in place.

    This works frame by frame; if a frame has few values (one long recording), many stretches of time are processed side
    by side, and activity at the end of a stretch then spreads into the next one.
    """
    most = max(1, _MOST_SIDE_BY_SIDE // max(1, active[:1].size))
    n_stretches = min(most, math.isqrt(len(active))) or 1
    length = len(active) // n_stretches
    whole = n_stretches * length
    stretches, lows = (each[:whole].reshape(n_stretches, length, *active.shape[1:]) for each in (active, low))
    for t in range(1, length):
        stretches[:, t] |= lows[:, t] & stretches[:, t - 1]
    for n in range(1, n_stretches):
        stretches[n] |= np.bitwise_and.accumulate(lows[n], axis=0) & stretches[n - 1, -1]
    for t in range(max(1, whole), len(active)):
        active[t] |= low[t] & active[t - 1]


def median_filter(active: np.ndarray, width: int) -> np.ndarray:
    """Median over time of an activity, in a centred window; outside the array nothing is active.

    Parameters
    ----------
    active : ndarray [shape=(T, ...)]
        Activity, as booleans.
    width : int
        Length of the window, an odd number of frames.

    Returns
    -------
    ndarray [shape=(T, ...)]
        Filtered activity: active where more than half of the window is.

    Raises
    ------
    ValueError
        If ``width`` is not odd and positive.
    """
    if width < 1 or width % 2 == 0:
        raise ValueError(f"the median needs an odd number of frames, got {width}")
    half = min(width // 2, len(active))  # longer windows have no further effect
    if half == 0:
        return active
    width = 2 * half + 1
    # number of active frames before each frame, padded with the values at the ends for half a window
    before = np.zeros((len(active) + width, *active.shape[1:]), dtype=np.int32 if len(active) > 30_000 else np.int16)
    _count_up(active, before[half + 1 : half + 1 + len(active)])
    before[half + 1 + len(active) :] = before[half + len(active)]
    return np.asarray(before[width:] - before[:-width] > half)


def _count_up(active: np.ndarray, counts: np.ndarray) -> None:
    """Write the number of active frames up to and including each frame into ``counts``."""
    if active[:1].size < _FEW_VALUES:
        np.cumsum(active, axis=0, dtype=counts.dtype, out=counts)
        return
    counts[:] = active
    for t in range(1, len(counts)):
        counts[t] += counts[t - 1]


def close_gaps(active: np.ndarray, longest: int) -> np.ndarray:
    """Close gaps of at most ``longest`` frames between two runs of an activity (T, ...): a morphological closing."""
    longest = min(longest, len(active))
    if longest < 1:
        return active
    silence = np.full((longest + 1, *active.shape[1:]), ~np.zeros((), active.dtype))  # around it, never closed
    gaps = drop_short_runs(np.concatenate([silence, ~active, silence]), longest + 1)
    return np.asarray(~gaps[longest + 1 : -longest - 1])


def drop_short_runs(active: np.ndarray, shortest: int) -> np.ndarray:
    """Drop the runs of fewer than ``shortest`` frames from an activity (T, ...): a morphological opening."""
    if shortest <= 1:
        return active
    kept = active.copy()
    for shift in _doubled(shortest):  # then kept[t] means that the frames t, ..., t + shortest - 1 are all active
        kept[:-shift] &= kept[shift:]
        kept[-shift:] = False
    for shift in _doubled(shortest):
        kept[shift:] |= kept[:-shift]
    return kept


def _doubled(length: int) -> Iterator[int]:
    """Yield steps by which a reach of one frame grows to ``length``, each step at most as long as the reach before it.

    >>> list(_doubled(7))
    [1, 2, 3]
    """
    reached = 1
    while reached < length:
        step = min(reached, length - reached)
        yield step
        reached += step


def median_frames(median_s: float, grid: FrameGrid) -> int:
    """Odd number of frames nearest to ``median_s``; of two equally near ones the larger one.

    >>> [median_frames(seconds, FrameGrid(100, 8)) for seconds in (0, 0.1, 0.16, 0.24, 0.56)]
    [1, 1, 3, 3, 7]
    """
    return 2 * math.floor(median_s / grid.frame_duration / 2 + _DUST) + 1


def gap_frames(gap_s: float, grid: FrameGrid) -> int:
    """Number of frames of the longest gap that does not last longer than ``gap_s``.

    >>> [gap_frames(seconds, FrameGrid(100, 8)) for seconds in (0, 0.08, 0.1, 0.16)]
    [0, 1, 1, 2]
    """
    return math.floor(gap_s / grid.frame_duration + _DUST)


def shortest_frames(min_duration_s: float, grid: FrameGrid) -> int:
    """Number of frames of the shortest run that lasts ``min_duration_s``; a frame cut by the clip's end counts in full.

    >>> [shortest_frames(seconds, FrameGrid(100, 8)) for seconds in (0, 0.08, 0.1, 0.16)]
    [1, 1, 2, 2]
    """
    return max(1, math.ceil(min_duration_s / grid.frame_duration - _DUST))
