"""Probabilities as a page holds them: ten-thousandths, 16 bits each, in base64.

A page that moves a threshold must find the frames that sedpipe would find. So a probability is stored as the largest
ten-thousandth that it reaches: at every threshold of four decimals, the page decides as ``postprocess`` does, which
compares in the probabilities' own precision.

- :func:`ten_thousandths`: probabilities -> integers
- :func:`encoded`: probabilities -> text
"""

from __future__ import annotations

import base64
from functools import cache

import numpy as np

SCALE = 10_000


def ten_thousandths(probs: np.ndarray) -> np.ndarray:
    """Largest ``k`` with ``k / 10_000 <= probability``, as ``<u2``, in the precision of ``probs``.

    >>> ten_thousandths(np.array([0.7, 0.70005, 1.0], dtype=np.float32)).tolist()
    [7000, 7000, 10000]
    """
    steps = _steps(np.dtype(probs.dtype))
    return np.clip(np.searchsorted(steps, probs, side="right") - 1, 0, SCALE).astype("<u2")


@cache
def _steps(dtype: np.dtype[np.floating]) -> np.ndarray:
    return (np.arange(SCALE + 1) / SCALE).astype(dtype)


def encoded(probs: np.ndarray) -> str:
    """Text of a row of probabilities in [0, 1]."""
    return base64.b64encode(ten_thousandths(probs).tobytes()).decode("ascii")
