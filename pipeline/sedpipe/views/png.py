"""Indexed images as PNG, encoded with no more than zlib.

- :func:`encode_png`: palette indices -> the bytes of a file

Source: Portable Network Graphics, ISO/IEC 15948:2004, colour type 3.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def encode_png(indices: np.ndarray, palette: np.ndarray) -> bytes:
    """Return the bytes of a PNG file.

    Parameters
    ----------
    indices : ndarray [shape=(height, width)]
        uint8; for each pixel, the row of ``palette`` with its colour. The first row is the top.
    palette : ndarray [shape=(colours, 3)]
        uint8, red, green and blue; 1 to 256 colours.

    Returns
    -------
    bytes
        Identical for identical images.

    Raises
    ------
    ValueError
        If a shape or a dtype is wrong, or an index is not in the palette.
    """
    if indices.dtype != np.uint8 or indices.ndim != 2 or 0 in indices.shape:
        raise ValueError(f"indices must be uint8 (height, width), got {indices.dtype} {indices.shape}")
    if palette.dtype != np.uint8 or palette.ndim != 2 or palette.shape[1] != 3 or not 1 <= len(palette) <= 256:
        raise ValueError(f"palette must be uint8 (1 to 256, 3), got {palette.dtype} {palette.shape}")
    if indices.max() >= len(palette):
        raise ValueError(f"index {indices.max()} has no colour: the palette has {len(palette)}")
    height, width = indices.shape
    unfiltered = np.zeros((height, 1), dtype=np.uint8)  # each row begins with its filter type: 0, none
    rows = np.hstack([unfiltered, indices]).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", palette.tobytes()), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
