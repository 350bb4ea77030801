"""Many ranges of whole numbers as one array: the frames, segments or neighbours of each of many events.

- :func:`ranges`: first numbers and lengths -> all numbers
"""

from __future__ import annotations

import numpy as np


def ranges(firsts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return consecutive whole numbers from each of ``firsts`` on, one range after the other.

    Parameters
    ----------
    firsts, lengths : ndarray of int [shape=(M,)]
        First number and length of each range; no length is negative.

    Returns
    -------
    ndarray of int [shape=(sum of lengths,)]
        The numbers of all ranges.

    Examples
    --------
    >>> ranges(np.array([5, 0, 7]), np.array([2, 0, 3])).tolist()
    [5, 6, 7, 8, 9]
    """
    return np.asarray(np.arange(int(lengths.sum())) + np.repeat(firsts - (np.cumsum(lengths) - lengths), lengths))
