"""Booleans of up to 64 clips as the bits of a word: what holds for one clip is done for all of them at once.

Words of few clips are short: a recording of a day, alone, has a byte for each of its million frames.

- :func:`packed`, :func:`unpacked`: booleans <-> words
- :func:`are_words`: which of the two an array holds
- :func:`alike`: booleans in the form that an activity has
"""

from __future__ import annotations

import numpy as np

_WORDS = (np.uint8, np.uint16, np.uint32, np.uint64)


def packed(flags: np.ndarray) -> np.ndarray:
    """Booleans (..., N) as words (..., W), the shortest that hold N bits, or several of 64; bits beyond N are 0."""
    n = flags.shape[-1]
    if n == 1:  # as they are: no bits to bring together
        return np.ascontiguousarray(flags).view(np.uint8)
    word = next((word for word in _WORDS if n <= 8 * np.dtype(word).itemsize), np.uint64)
    in_bytes = np.packbits(flags, axis=-1)
    missing = -in_bytes.shape[-1] % np.dtype(word).itemsize
    if missing:
        in_bytes = np.pad(in_bytes, [(0, 0)] * (flags.ndim - 1) + [(0, missing)])
    return np.asarray(np.ascontiguousarray(in_bytes).view(word))


def unpacked(words: np.ndarray, n: int) -> np.ndarray:
    """Booleans (..., N) of words (..., W)."""
    in_bytes = np.ascontiguousarray(words).view(np.uint8)
    if n == 1:
        return (in_bytes & 1).view(bool)
    return np.unpackbits(in_bytes, axis=-1, count=n).view(bool)


def are_words(active: np.ndarray) -> bool:
    """Whether an activity is of words, not of booleans."""
    return active.dtype in _WORDS


def alike(flags: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Booleans (..., N) as words if ``active`` is of words; words stay what they are."""
    return packed(flags) if are_words(active) and not are_words(flags) else flags
