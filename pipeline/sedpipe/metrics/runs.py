"""Every run of frames that any threshold makes of probabilities, each once.

At a threshold, the frames of a class that reach it form runs; as the threshold falls, runs begin, grow and merge. All
runs of all thresholds together are no more than there are frames: the run of a frame is what is around it with no
lower value, and it lasts from that frame's own value down to the higher one of its two neighbours.

- :class:`Runs`: first and last frame, and the thresholds at which a run is there
- :func:`runs_of_all_thresholds`: probabilities -> runs
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Runs:
    """M runs in the columns of an array.

    Parameters
    ----------
    columns : ndarray [shape=(M,)]
    starts, stops : ndarray [shape=(M,)]
        Frames: the first of the run, and the first behind it.
    highs, lows : ndarray [shape=(M,)]
        A run is there for thresholds t with ``lows < t <= highs``; ``lows`` is -inf where nothing ends it.
    """

    columns: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    highs: np.ndarray
    lows: np.ndarray


def runs_of_all_thresholds(values: np.ndarray, counted: np.ndarray) -> Runs:
    """All runs of frames with ``value >= t``, for every t.

    Parameters
    ----------
    values : ndarray [shape=(T, C)]
        Finite.
    counted : ndarray [shape=(C,)]
        How many frames of each column count; the others are in no run.

    Examples
    --------
    >>> runs = runs_of_all_thresholds(np.array([[0.2], [0.9], [0.5], [0.7]]), np.array([4]))
    >>> sorted(zip(runs.starts.tolist(), runs.stops.tolist(), runs.highs.tolist(), runs.lows.tolist()))
    [(0, 4, 0.2, -inf), (1, 2, 0.9, 0.5), (1, 4, 0.5, 0.2), (3, 4, 0.7, 0.5)]
    """
    n_frames, n_columns = values.shape
    # a frame of -inf before and behind: where a column ends, so do its runs
    there = np.full((n_frames + 2, n_columns), -np.inf, dtype=np.result_type(values.dtype, np.float32))
    there[1:-1] = np.where(np.arange(n_frames)[:, None] < counted, values, -np.inf)
    left, same_before = _nearest_lower(there)
    right = n_frames + 1 - _nearest_lower(there[::-1])[0][::-1]
    # of frames of one value in one run, the first stands for it
    frame, column = np.nonzero((there > -np.inf) & ~same_before)
    start, stop = left[frame, column], right[frame, column]
    lows = np.maximum(there[start, column], there[stop, column])
    return Runs(column, start, stop - 1, there[frame, column], lows)


def _nearest_lower(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each frame that is not -inf, the last one before it with a lower value, and whether an equal one is between.

    Each frame looks at the one before it, then at what that one found, and so on: what it passes, none behind it will
    look at again, so that all columns take a few steps a frame.
    """
    found = np.zeros(values.shape, dtype=np.int64)
    equal = np.zeros(values.shape, dtype=bool)
    for t in range(1, len(values)):
        columns = np.flatnonzero(values[t] > -np.inf)
        at = np.full(len(columns), t - 1)
        while len(columns):
            there = values[at, columns]
            lower = there < values[t, columns]
            found[t, columns[lower]] = at[lower]
            equal[t, columns] |= there == values[t, columns]
            columns, at = columns[~lower], found[at[~lower], columns[~lower]]
    return found, equal
