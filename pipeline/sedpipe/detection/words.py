"""Booleans of 64 clips as the bits of a word: what holds for one clip is done for 64 at once.

- :func:`packed`, :func:`unpacked`: booleans <-> words
- :func:`alike`: booleans in the form that an activity has
"""

from __future__ import annotations

import numpy as np

_BITS = 64


def packed(flags: np.ndarray) -> np.ndarray:
    """Booleans (..., N) as words (..., W) of 64 bits; the bits beyond N are 0."""
    padding = [(0, 0)] * (flags.ndim - 1) + [(0, -flags.shape[-1] % _BITS)]
    return np.asarray(np.ascontiguousarray(np.packbits(np.pad(flags, padding), axis=-1)).view(np.uint64))


def unpacked(words: np.ndarray, n: int) -> np.ndarray:
    """Booleans (..., N) of words (..., W)."""
    return np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=-1, count=n).view(bool)


def alike(flags: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Booleans (..., N) as words if ``active`` is of words; words stay what they are."""
    return packed(flags) if active.dtype == np.uint64 and flags.dtype == bool else flags
