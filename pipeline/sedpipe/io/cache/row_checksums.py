"""Checksums of the rows of stored features, which show a reader whether a row is what was written.

CRC-32 finds every burst of damage of up to 32 bits, and misses one in 4 billion larger ones. It processes 4 GB per
second, so the features of 51,172 clips (4.1 GB) take one second, once per run.

- :func:`checksum_of`: the checksum of a row
- :func:`is_intact`: whether a row that was read is what was written
"""

from __future__ import annotations

import zlib

import numpy as np


def checksum_of(features: np.ndarray, n_frames: int, audio_sha256: str) -> int:
    """Return the CRC-32 of a row: its values as stored (little-endian, row by row), then ``n_frames`` and the sha256.

    Parameters
    ----------
    features : np.ndarray [shape=(T, F)]
        Features in their stored data type.
    n_frames : int
        Number of the T frames that count.
    audio_sha256 : str
        Checksum of the audio file that the features were made from.

    Returns
    -------
    int
        Checksum in [0, 2**32).
    """
    little = np.ascontiguousarray(features, dtype=features.dtype.newbyteorder("<"))
    return zlib.crc32(f"{n_frames} {audio_sha256}".encode(), zlib.crc32(little.data))


def is_intact(features: np.ndarray, n_frames: int, audio_sha256: str, checksum: int | None) -> bool:
    """Return whether a row is what was written.

    Parameters
    ----------
    features, n_frames, audio_sha256
        As for :func:`checksum_of`.
    checksum : int, optional
        Checksum stored with the row. Stores of sedpipe 0.1 have none: their rows count as damaged only if they are
        impossible, with values that are not finite or a number of frames out of range.
    """
    if checksum is not None:
        return checksum_of(features, n_frames, audio_sha256) == checksum
    return 0 <= n_frames <= len(features) and bool(np.isfinite(features).all())
