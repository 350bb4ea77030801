"""A file put together from bytes of ours and stretches of another file, to be read like any file.

- :class:`Pieces`: what decoders read
- :class:`Seekable`: what it is made from
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Protocol


class Seekable(Protocol):
    """An open file, or something like one."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; none at the end."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a byte."""


class Pieces(io.RawIOBase):
    """Bytes and stretches of a file, one after another.

    Parameters
    ----------
    file : Seekable
    pieces : sequence of bytes or (int, int)
        Bytes of ours, or first byte and number of bytes of a stretch of ``file``.

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
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte; never before the first one."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """At most ``size`` bytes; all that are left for a negative one."""
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
        """Fill ``buffer`` as far as there are bytes."""
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def _taken(self, piece: bytes | tuple[int, int], skipped: int, n_bytes: int) -> bytes:
        if isinstance(piece, bytes):
            return piece[skipped : skipped + n_bytes]
        self._file.seek(piece[0] + skipped)
        return self._file.read(n_bytes)
