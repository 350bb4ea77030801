"""Compare what the header of a chunked file claims with what the file contains.

In WAV, RF64, W64, AIFF and CAF files, a header before the samples gives their number of bytes. A recorder that crashed
has left 0 there, one that continued beyond 4 GiB the number modulo 4 GiB, and a stream a value for "unknown"; or two
files may have been joined. A decoder that believes the header then reads only a part, or nothing.

- :func:`find_samples`: open file -> :class:`Samples`, or None if the file is of another kind or makes no sense
- :class:`Samples`: where the samples lie, and what the header claims
- :func:`mended`: the file with a correct header, to be read by any decoder

Sources: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF); EBU Tech 3306
(RF64); Apple, "Audio Interchange File Format" and "Core Audio Format Specification"; Sony's Wave64.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sedpipe.io.audio.headers import GUID, HEADERS, SPEEDS, W64_RIFF
from sedpipe.io.audio.level import Remark
from sedpipe.io.audio.pieces import Pieces, Seekable

# sizes that programs write while they do not know how much will follow: the largest that they consider possible, less
# the header or an incomplete frame: SoX (AIFF, WAV), arecord, FFmpeg and others
_STREAMED = (0x7F000000, 0x7FFF0000, 0x7FFFF000, 0x7FFFFF00, 0x80000000, 0xFFFFF000, 0xFFFFFF00, 1 << 32)
_TAKEN_OFF = 256
_STREAMED_64 = 1 << 62  # in 64 bits, sizes from here on mean that it is unknown
_IGNORED_S = 0.05  # seconds' worth of bytes after the samples that are ignored although they are no chunk
_MOST_HEADER = 1 << 20  # bytes before the samples
_MOST_JOINED = 64
_NEAR_BYTES = 64  # programs leave a few bytes after the last chunk
_MAGIC = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"FORM", b"caff", b"riff")


@dataclass(frozen=True)
class _Dialect:
    """How a container format writes its chunks; in the chunk with the samples, ``skipped`` bytes precede them."""

    name_bytes: int
    size: str
    counts_itself: bool
    align: int
    first: int
    samples: bytes
    described: bytes
    skipped: int = 0

    @property
    def head_bytes(self) -> int:
        return self.name_bytes + struct.calcsize(self.size)


_RIFF = _Dialect(4, "<I", counts_itself=False, align=2, first=12, samples=b"data", described=b"fmt ")
_RIFX = _Dialect(4, ">I", counts_itself=False, align=2, first=12, samples=b"data", described=b"fmt ")
_AIFF = _Dialect(4, ">I", counts_itself=False, align=2, first=12, samples=b"SSND", described=b"COMM", skipped=8)
_CAF = _Dialect(4, ">Q", counts_itself=False, align=1, first=8, samples=b"data", described=b"desc", skipped=4)
_W64 = _Dialect(16, "<Q", counts_itself=True, align=8, first=40, samples=b"data" + GUID, described=b"fmt " + GUID)


@dataclass(frozen=True)
class Samples:
    """Where the samples of a chunked file lie.

    Parameters
    ----------
    kind : str
        ``RIFF``, ``RIFX``, ``RF64``, ``AIFF``, ``CAF`` or ``W64``.
    spans : tuple of (int, int)
        Position of the first byte and number of bytes of each stretch of samples, in their order.
    claimed : int or None
        Number of bytes that the header claims; None if the header says that it is unknown.
    n_files : int
        How many files were joined.
    bytes_a_second : float
        Approximate number of bytes per second of audio.
    head, described : bytes
        The file up to its samples; the body of the chunk that describes the samples.
    is_followed : bool
        Whether another file follows, whose samples are of another kind.
    """

    kind: str
    spans: tuple[tuple[int, int], ...]
    claimed: int | None
    n_files: int
    bytes_a_second: float
    head: bytes = field(repr=False)
    described: bytes = field(repr=False)
    is_followed: bool = False

    @property
    def n_bytes(self) -> int:
        """Number of bytes of samples that the file contains."""
        return sum(size for _, size in self.spans)

    @property
    def is_as_claimed(self) -> bool:
        """Whether a decoder that believes the header reads all samples and nothing else."""
        return self.n_files == 1 and self.claimed == self.n_bytes

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What is wrong with the header: ``truncated``, ``header`` (there is more than it says), ``joined``."""
        if self.n_files > 1:
            return (("joined", f"{self.n_files} files joined into one: all of them are used"),)
        if self.is_followed:
            return (("joined", "it is followed by another file of another format, which is not used"),)
        if self.claimed is None or abs(self.claimed - self.n_bytes) < _IGNORED_S * self.bytes_a_second:
            return ()
        claimed_s, there_s = self.claimed / self.bytes_a_second, self.n_bytes / self.bytes_a_second
        told = f"its header says {claimed_s:,.1f} s, {there_s:,.1f} s are there"
        return (("truncated", told) if claimed_s > there_s else ("header", f"{told}: all of them are used"),)


def find_samples(file: Seekable) -> Samples | None:
    """Return where the samples of an open file lie.

    Parameters
    ----------
    file : Seekable
        Open file, at any position; its position changes.

    Returns
    -------
    Samples or None
        The samples; None for a container of another kind, or one without samples or without a description of them.
    """
    end = file.seek(0, 2)
    return _found_at(file, 0, end, _MOST_JOINED)


def mended(file: Seekable, samples: Samples) -> Pieces:
    """Return the file with a header that describes exactly the samples that it contains."""
    head = HEADERS[samples.kind](samples.described, samples.head, samples.n_bytes)
    return Pieces(file, [head, *samples.spans])


def _found_at(file: Seekable, at: int, end: int, most_files: int) -> Samples | None:
    kind, dialect = _kind_of(_read(file, at, 40))
    if dialect is None:
        return None
    described, size_64 = b"", None
    for name, body, size in _chunks(file, dialect, at + dialect.first, end):
        if name == dialect.samples:
            if not described:
                return None
            long = size_64 if kind == "RF64" and size == 0xFFFFFFFF else None
            is_long = long is not None or struct.calcsize(dialect.size) == 8
            found = _Found(kind, dialect, at, body, size if long is None else long, is_long, described)
            return _held_against_the_file(file, found, end, most_files)
        if body + size > end:
            return None
        if name == dialect.described:
            described = _read(file, body, min(size, _MOST_HEADER))
            if kind == "AIFF":  # without the number of frames, which is another claim
                described = described[:2] + bytes(4) + described[6:]
        if name == b"ds64" and size >= 16:
            size_64 = int(struct.unpack("<Q", _read(file, body + 8, 8))[0])
    return None


@dataclass(frozen=True)
class _Found:
    """The chunk of samples of the file that begins at byte ``at``; its header gives the size in 64 bits or in 32."""

    kind: str
    dialect: _Dialect
    at: int
    body: int
    claimed: int
    is_long: bool
    described: bytes

    @property
    def begin(self) -> int:
        return self.body + self.dialect.skipped


def _held_against_the_file(file: Seekable, found: _Found, end: int, most_files: int) -> Samples | None:
    if found.begin > end or found.begin - found.at > _MOST_HEADER:
        return None
    claimed = found.claimed - found.dialect.skipped
    rest = end - found.begin
    speed = SPEEDS[found.kind](found.described)
    if not speed > 0:
        return None
    head = _read(file, found.at, found.begin - found.at)

    def there(n_bytes: int, claimed: int | None) -> Samples:
        return Samples(found.kind, ((found.begin, n_bytes),), claimed, 1, speed, head, found.described)

    if _is_streamed(found) and claimed > rest:
        return there(rest, None)
    if claimed > rest:
        return there(rest, claimed)
    if claimed < 0:  # the claim does not even cover the bytes before the samples
        return there(rest, 0)
    after = found.begin + claimed
    after += -(after - found.at) % found.dialect.align
    left = end - after
    if left <= 0:
        return there(min(claimed, rest), claimed)
    another, is_all_chunks = _what_follows(file, found.dialect, after, end, most_files - 1)
    if another is not None and (another.kind, another.described) == (found.kind, found.described):
        spans = ((found.begin, claimed), *another.spans)
        return replace(another, spans=spans, claimed=claimed, n_files=another.n_files + 1, head=head)
    if another is not None:
        return replace(there(claimed, claimed), is_followed=True)
    is_tag = _read(file, after, 3) in (b"TAG", b"ID3")
    if is_all_chunks or is_tag or left < _IGNORED_S * speed:
        return there(claimed, claimed)
    return there(rest, claimed)


def _is_streamed(found: _Found) -> bool:
    """Return whether the header says that the number of bytes is unknown."""
    if found.is_long:
        return found.claimed >= _STREAMED_64
    claims = (found.claimed, found.claimed - found.dialect.skipped)
    return any(0 <= most - claimed < _TAKEN_OFF for most in _STREAMED for claimed in claims)


def _what_follows(file: Seekable, dialect: _Dialect, at: int, end: int, most_files: int) -> tuple[Samples | None, bool]:
    """Return the next of several joined files, if there is one, and whether everything that follows is chunks."""
    reached = at
    for name, body, size in _chunks(file, dialect, at, end):
        if name[:4] in _MAGIC and most_files > 0:
            another = _found_at(file, body - dialect.head_bytes, end, most_files)
            if another is not None:
                return another, False
        reached = body + size
    return None, at < reached <= end + 1 and end - reached < _NEAR_BYTES


def _chunks(file: Seekable, dialect: _Dialect, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, first byte of the body and size of the body of each chunk, as long as they make sense."""
    begin = at
    while at + dialect.head_bytes <= end:
        head = _read(file, at, dialect.head_bytes)
        name = head[: dialect.name_bytes]
        if len(head) < dialect.head_bytes or not all(32 <= letter < 127 for letter in name[:4]):
            return
        size = int(struct.unpack(dialect.size, head[dialect.name_bytes :])[0])
        size -= dialect.head_bytes if dialect.counts_itself else 0
        body = at + dialect.head_bytes
        yield name, body, size
        if size < 0:
            return
        at = body + size
        at += -(at - begin) % dialect.align


def _kind_of(beginning: bytes) -> tuple[str, _Dialect | None]:
    form = beginning[8:12]
    if form == b"WAVE" and beginning[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64"):
        return {b"RIFF": ("RIFF", _RIFF), b"RIFX": ("RIFX", _RIFX)}.get(beginning[:4], ("RF64", _RIFF))
    if beginning[:4] == b"FORM" and form in (b"AIFF", b"AIFC"):
        return "AIFF", _AIFF
    if beginning[:4] == b"caff":
        return "CAF", _CAF
    if beginning[:16] == W64_RIFF and beginning[24:40] == b"wave" + GUID:
        return "W64", _W64
    return "", None


def _read(file: Seekable, at: int, n_bytes: int) -> bytes:
    file.seek(at)
    return file.read(n_bytes)
