"""Booleans of up to 64 clips as the bits of a word, so that one operation processes all of these clips.

Words for few clips are short: a single recording of a day has a byte for each of its million frames.

- :func:`packed`, :func:`unpacked`: booleans <-> words
- :func:`are_words`: whether an array contains words or booleans
- :func:`alike`: booleans in the same form as an activity
"""

from __future__ import annotations

import numpy as np

_WORDS = (np.uint8, np.uint16, np.uint32, np.uint64)


def packed(flags: np.ndarray) -> np.ndarray:
    """Pack booleans (..., N) into words (..., W): the shortest that fits N bits, or several of 64; extra bits are 0."""
    n = flags.shape[-1]
    if n == 1:  # a byte each, as they are: there is nothing to pack
        return np.ascontiguousarray(flags).view(np.uint8)
    word = next((word for word in _WORDS if n <= 8 * np.dtype(word).itemsize), np.uint64)
    in_bytes = np.packbits(flags, axis=-1)
    missing = -in_bytes.shape[-1] % np.dtype(word).itemsize
    if missing:
        in_bytes = np.pad(in_bytes, [(0, 0)] * (flags.ndim - 1) + [(0, missing)])
    return np.asarray(np.ascontiguousarray(in_bytes).view(word))


def unpacked(words: np.ndarray, n: int) -> np.ndarray:
    """Unpack words (..., W) into booleans (..., N)."""
    in_bytes = np.ascontiguousarray(words).view(np.uint8)
    if n == 1:
        return (in_bytes & 1).view(bool)
    return np.unpackbits(in_bytes, axis=-1, count=n).view(bool)


def are_words(active: np.ndarray) -> bool:
    """Whether an activity consists of words, not of booleans."""
    return active.dtype in _WORDS


def alike(flags: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Pack booleans (..., N) into words if ``active`` consists of words; words are returned unchanged."""
    return packed(flags) if are_words(active) and not are_words(flags) else flags
