"""Probabilities as they are stored in a page: in ten-thousandths, 16 bits each, base64.

When a reader moves a threshold, the page must find the same active frames as sedpipe would. So a probability is stored
as the largest ten-thousandth that it reaches: for every threshold with four decimals, the page then decides as
``postprocess`` does, which compares in the precision of the probabilities.

- :func:`ten_thousandths`: probabilities -> integers
- :func:`encoded`: probabilities -> text
"""

from __future__ import annotations

import base64
from functools import cache

import numpy as np

SCALE = 10_000


def ten_thousandths(probs: np.ndarray) -> np.ndarray:
    """Return the largest ``k`` with ``k / 10_000 <= probability``, as ``<u2``, compared in the precision of ``probs``.

    >>> ten_thousandths(np.array([0.7, 0.70005, 1.0], dtype=np.float32)).tolist()
    [7000, 7000, 10000]
    """
    steps = _steps(np.dtype(probs.dtype))
    return np.clip(np.searchsorted(steps, probs, side="right") - 1, 0, SCALE).astype("<u2")


@cache
def _steps(dtype: np.dtype[np.floating]) -> np.ndarray:
    return (np.arange(SCALE + 1) / SCALE).astype(dtype)


def encoded(probs: np.ndarray) -> str:
    """Return a row of probabilities in [0, 1] as text."""
    return base64.b64encode(ten_thousandths(probs).tobytes()).decode("ascii")
