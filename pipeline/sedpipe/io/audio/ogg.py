"""Pages of an Ogg file (RFC 3533), which show damage that libsndfile passes over without an error.

- :func:`has_intact_pages`: whether nothing is damaged or missing between the first page and the last
"""

from __future__ import annotations

import zlib
from typing import BinaryIO

FIRST_PAGE = b"OggS\x00\x02"
"""Beginning of the first page of each stream."""

_HEADER_BYTES = 27
_CHECKSUM = slice(22, 26)
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def has_intact_pages(file: BinaryIO) -> bool:
    """Return whether the pages of a file with one stream follow one another, each with the right checksum.

    A last page that is cut off is no damage: the recording ends before it.
    """
    file.seek(0)
    number = 0
    while header := file.read(_HEADER_BYTES):
        sizes = file.read(header[-1]) if len(header) == _HEADER_BYTES else b""
        body = file.read(sum(sizes))
        if not header.startswith(b"OggS"[: len(header)]):
            return False
        if len(header) < _HEADER_BYTES or len(sizes) < header[-1] or len(body) < sum(sizes):
            return True
        if int.from_bytes(header[18:22], "little") != number:
            return False
        unsigned = header[:22] + bytes(4) + header[26:] + sizes + body
        if _checksum(unsigned) != int.from_bytes(header[_CHECKSUM], "little"):
            return False
        number += 1
    return True


def _checksum(page: bytes) -> int:
    """Return the checksum of a page: that of zlib with the bits of each byte reversed, and without its inversions.

    >>> hex(_checksum(bytes.fromhex("01")))  # the polynomial itself
    '0x4c11db7'
    """
    inverted = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{inverted:032b}"[::-1], 2)
