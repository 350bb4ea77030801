"""A file put together from given bytes and stretches of another file, to be read like any file.

- :class:`Pieces`: the file that decoders read
- :class:`Seekable`: the file that the stretches come from
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Protocol


class Seekable(Protocol):
    """An open file or file-like object."""

    def read(self, size: int = -1, /) -> bytes:
        """Read at most ``size`` bytes; none at the end."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Set the position in the file, in bytes."""


class Pieces(io.RawIOBase):
    """Given bytes and stretches of a file, one after another.

    Parameters
    ----------
    file : Seekable
    pieces : sequence of bytes or (int, int)
        Bytes as they are, or position of the first byte and number of bytes of a stretch of ``file``.

    Examples
    --------
    >>> joined = Pieces(io.BytesIO(b"0123456789"), [b"ab", (3, 4), b"c"])
    >>> joined.seek(1), joined.read(4), joined.read(), joined.read()
    (1, b'b345', b'6c', b'')
    """

    def __init__(self, file: Seekable, pieces: Sequence[bytes | tuple[int, int]]) -> None:
        super().__init__()
        self._file, self._pieces = file, list(pieces)
        self._length = sum(len(piece) if isinstance(piece, bytes) else piece[1] for piece in pieces)
        self._at = 0

    def readable(self) -> bool:
        """Return True: the file can be read."""
        return True

    def seekable(self) -> bool:
        """Return True: the position can be set."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position in bytes, never before the first one."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Return the position of the next byte."""
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Read at most ``size`` bytes, or all that are left if ``size`` is negative."""
        left = max(0, self._length - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        found, begin = [], 0
        for piece in self._pieces:
            length = len(piece) if isinstance(piece, bytes) else piece[1]
            skipped = self._at - begin
            begin += length
            if wanted and 0 <= skipped < length:
                taken = self._taken(piece, skipped, min(wanted, length - skipped))
                found.append(taken)
                self._at += len(taken)
                wanted -= len(taken)
        return b"".join(found)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill ``buffer`` with as many bytes as there are left, and return their number."""
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def _taken(self, piece: bytes | tuple[int, int], skipped: int, n_bytes: int) -> bytes:
        if isinstance(piece, bytes):
            return piece[skipped : skipped + n_bytes]
        self._file.seek(piece[0] + skipped)
        return self._file.read(n_bytes)
