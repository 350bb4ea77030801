"""Every run of frames that any threshold makes from probabilities, each once.

At a threshold, the frames of a class that reach it form runs; as the threshold falls, runs begin, grow and merge. All
thresholds together have no more different runs than there are frames: the run of a frame consists of the frames around
it without a lower value, and exists for thresholds from that frame's value down to the higher value of the run's two
neighbours.

- :class:`Runs`: first and last frame of each run, and the thresholds at which the run exists
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
        Index of the column of each run.
    starts, stops : ndarray [shape=(M,)]
        Indices of the first frame of each run, and of the first frame after it.
    highs, lows : ndarray [shape=(M,)]
        A run exists for thresholds t with ``lows < t <= highs``; ``lows`` is -inf if no threshold ends it.
    """

    columns: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    highs: np.ndarray
    lows: np.ndarray


def runs_of_all_thresholds(values: np.ndarray, counted: np.ndarray) -> Runs:
    """Find all runs of frames with ``value >= t``, for every t.

    Parameters
    ----------
    values : ndarray [shape=(T, C)]
        Finite values, such as probabilities.
    counted : ndarray [shape=(C,)]
        Number of frames of each column that count; the others are in no run.

    Examples
    --------
    >>> runs = runs_of_all_thresholds(np.array([[0.2], [0.9], [0.5], [0.7]]), np.array([4]))
    >>> sorted(zip(runs.starts.tolist(), runs.stops.tolist(), runs.highs.tolist(), runs.lows.tolist()))
    [(0, 4, 0.2, -inf), (1, 2, 0.9, 0.5), (1, 4, 0.5, 0.2), (3, 4, 0.7, 0.5)]
    """
    n_frames, n_columns = values.shape
    # a frame of -inf before and after: runs end where their column ends
    there = np.full((n_frames + 2, n_columns), -np.inf, dtype=np.result_type(values.dtype, np.float32))
    there[1:-1] = np.where(np.arange(n_frames)[:, None] < counted, values, -np.inf)
    left, same_before = _nearest_lower(there)
    right = n_frames + 1 - _nearest_lower(there[::-1])[0][::-1]
    # of the frames with the same value in one run, only the first one represents the run
    frame, column = np.nonzero((there > -np.inf) & ~same_before)
    start, stop = left[frame, column], right[frame, column]
    lows = np.maximum(there[start, column], there[stop, column])
    return Runs(column, start, stop - 1, there[frame, column], lows)


def _nearest_lower(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find, for each frame but those of -inf, the last lower one before it, and whether an equal one lies in between.

    The search for a frame starts at the frame before it, continues at that frame's result, and so on. Frames that it
    skips are never visited again by later frames, so that all columns together take a few steps per frame.
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
