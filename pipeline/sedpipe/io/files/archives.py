"""Members of untrusted zip and tar archives, one at a time.

Nothing is unpacked to a path that the archive names: the caller opens the file. Links, devices, sparse files and names
that lead out of the folder (path traversal) are skipped; what is too big, locked or damaged is an error that says so.

- :func:`read_members`: archive -> (name, unpacker) of each plain file
- :func:`is_archive`: whether a file is an archive; :func:`begins_as_archive`: whether it is one, or was one before it
  was damaged
- :class:`ArchiveLimits`: how much an archive may contain
- :class:`ArchiveError`: why an archive cannot be used
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from sedpipe.errors import SedpipeError
from sedpipe.io.files.reading import opened
from sedpipe.io.files.tar_headers import StrictInfo


class ArchiveError(SedpipeError):
    """An archive, or one of its members, that is damaged, locked, or contains more than the limits allow."""


class Sink(Protocol):
    """Object that bytes are written to."""

    def write(self, content: bytes, /) -> object:
        """Write some bytes."""


@dataclass(frozen=True)
class Unpacker:
    """Callable that writes the bytes of one member to a sink; ``size`` is their number as the archive claims it."""

    size: int
    _write: Callable[[Sink], None]

    def __call__(self, sink: Sink, /) -> None:
        """Write the bytes."""
        self._write(sink)


_ZIP_BEGINS = (b"PK\x03\x04", b"PK\x05\x06")
_COMPRESSED: tuple[tuple[bytes, Callable[[Path], Any]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\0", lzma.open),
)
_TAR_MARK, _TAR_MARK_AT = b"ustar", 257
_HERE_BEFORE = re.compile(r"^(\./+)+")
_DRIVE = re.compile(r"[A-Za-z]:")
_PIECE = 4096  # zipfile passes bzip2 and LZMA as many packed bytes as were requested, without a limit on the output
_MOST_HEADER = 1 << 20  # bytes in one tar header with its long names; tarfile would read any number into memory
_IS_LOCKED = 0x1
_FREE_BYTES = 1 << 30  # may be unpacked from even the smallest archive

_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    RuntimeError,  # a compression that zipfile does not know, or nested headers
    ValueError,
    OverflowError,
    LookupError,
)
"""Exceptions that the standard library raises for damaged or malicious archives."""


@dataclass(frozen=True)
class ArchiveLimits:
    """How much an archive may contain, whatever it claims.

    Parameters
    ----------
    member_bytes : int
        Maximum size of one member, unpacked.
    total_bytes : int
        Maximum size of all that is unpacked, or skipped while unpacking.
    ratio : int
        Maximum ratio of that size to the archive's own, beyond the first gibibyte; audio hardly shrinks, but silence
        does.
    members : int
        Maximum number of entries of any kind.
    """

    member_bytes: int = 4 << 30
    total_bytes: int = 512 << 30
    ratio: int = 100
    members: int = 4_000_000

    def unpacked_of(self, archive: Path) -> int:
        """Return the maximum number of bytes that may be unpacked from an archive."""
        return min(self.total_bytes, max(_FREE_BYTES, self.ratio * archive.stat().st_size))


def is_archive(path: Path) -> bool:
    """Return whether a file is a zip or tar archive that :func:`read_members` can begin to read.

    False if it cannot be read. A file with a zip archive appended, as labels are to a LiteRT model, is not an archive.
    """
    try:
        with opened(path) as file:
            begin = file.read(8)
        if begin.startswith(_ZIP_BEGINS):
            return zipfile.is_zipfile(path)
        with closing(_read_tar(path, begin, ArchiveLimits())) as entries:  # tarfile's own check has no limits
            next(entries, None)
        return True
    except (*_DAMAGED, ArchiveError):
        return False


def begins_as_archive(path: Path) -> bool:
    """Return whether the first bytes are those of a zip or tar archive, or of a compressed file, complete or not.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with opened(path) as file:
        begin = file.read(_TAR_MARK_AT + len(_TAR_MARK))
    packed = tuple(magic for magic, _ in _COMPRESSED)
    return begin.startswith((*_ZIP_BEGINS, *packed)) or begin[_TAR_MARK_AT:] == _TAR_MARK


def read_members(
    archive: Path, limits: ArchiveLimits | None = None, pass_over: Callable[[str], object] = lambda _: None
) -> Iterator[tuple[str, Unpacker]]:
    """Yield the plain files of an archive, in its order.

    Parameters
    ----------
    archive : Path
        A zip file, or a tar file, plain or compressed with gzip, bzip2 or xz; recognised by its first bytes.
    limits : ArchiveLimits, optional
    pass_over : callable
        Called with the name of each entry that is neither a plain file nor a folder, or that leads out of the folder.

    Yields
    ------
    name : str
        Name in the archive, but with ``/`` between folders (older programs of Windows write backslashes) and without
        ``./`` before it; to be shown, never to be written to.
    unpack : Unpacker
        Function that writes the bytes to a sink; valid only until the next member is requested. Raises
        :class:`ArchiveError` if this member is too big, locked or damaged, or has another size than it claims (what
        was written by then is worthless); the others may be intact.

    Raises
    ------
    ArchiveError
        If the file is not an archive, is damaged from this point on, or contains more than ``limits`` allow.
    """
    limits = limits or ArchiveLimits()
    place = "at its beginning"
    try:
        with archive.open("rb") as file:
            begin = file.read(8)
        read = _read_zip if begin.startswith(_ZIP_BEGINS) else _read_tar
        for number, entry in enumerate(read(archive, begin, limits), start=1):
            if number > limits.members:
                raise _refused(archive, f"holds more than {limits.members:,} files")
            place = f"after {_shown(entry.name)}"
            if entry.is_plain and _is_safe(entry.name):
                yield entry.name, entry.unpacker(archive, limits)
            elif not entry.is_folder:
                pass_over(entry.name)
    except _DAMAGED as error:
        raise _unreadable(f"{archive}, {place}", error) from error


@dataclass(frozen=True)
class _Entry:
    name: str
    size: int  # as claimed
    is_plain: bool
    is_folder: bool
    is_locked: bool
    opened: Callable[[], IO[bytes]]
    budget: _Budget

    def unpacker(self, archive: Path, limits: ArchiveLimits) -> Unpacker:
        return Unpacker(self.size, lambda sink: self._unpack(archive, limits.member_bytes, sink))

    def _unpack(self, archive: Path, most: int, sink: Sink) -> None:
        where = f"{archive}: {_shown(self.name)}"
        if self.is_locked:
            raise ArchiveError(f"{where} is locked with a password", hint="unpack it and name the folder")
        if self.size > most:
            raise _refused(where, f"claims {self.size:,} bytes, more than the {most:,} that are read of a file")
        n_bytes = 0
        for piece in self._pieces(where):
            n_bytes += len(piece)
            self.budget.spend(len(piece))
            if n_bytes > self.size:
                break
            sink.write(piece)
        if n_bytes != self.size:
            found = "more" if n_bytes > self.size else f"{n_bytes:,}"
            raise _refused(where, f"claims {self.size:,} bytes and holds {found}")

    def _pieces(self, where: str) -> Iterator[bytes]:
        try:
            with self.opened() as packed:
                while piece := packed.read(_PIECE):
                    yield piece
        except _DAMAGED as error:
            raise _unreadable(where, error) from error


class _Budget:
    """Number of bytes that may still be unpacked."""

    def __init__(self, archive: Path, limits: ArchiveLimits) -> None:
        self._archive = archive
        self._most = limits.unpacked_of(archive)
        self._left = self._most

    def spend(self, n_bytes: int) -> None:
        self._left -= n_bytes
        if self._left < 0:
            raise _refused(self._archive, f"unpacks to more than {self._most:,} bytes")


def _read_zip(archive: Path, _: bytes, limits: ArchiveLimits) -> Iterator[_Entry]:
    budget = _Budget(archive, limits)
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            name = _as_path(info.orig_filename)  # zipfile's own name ends at a NUL
            is_folder = info.is_dir() or name.endswith("/")
            yield _Entry(
                name=name,
                size=info.file_size,
                is_plain=not is_folder and kind in (0, stat.S_IFREG),
                is_folder=is_folder,
                is_locked=bool(info.flag_bits & _IS_LOCKED),
                opened=lambda info=info: opened.open(info),  # type: ignore[misc]
                budget=budget,
            )


def _read_tar(archive: Path, begin: bytes, limits: ArchiveLimits) -> Generator[_Entry]:
    unpack = next((unpack for magic, unpack in _COMPRESSED if begin.startswith(magic)), None)
    # A compressed tar can only be read forward; in a plain one, members that are not requested are skipped by seeking.
    with archive.open("rb") if unpack is None else unpack(archive) as raw:
        budget = _Budget(archive, limits)
        file = _Counted(raw, _Budget(archive, limits))
        file.begin_header()
        with tarfile.open(
            fileobj=file,  # type: ignore[call-overload]
            mode="r:" if unpack is None else "r|",
            tarinfo=StrictInfo,
        ) as opened:
            last = -1
            while info := _next_of(opened, file, is_packed=unpack is not None):
                if info.size < 0 or info.offset <= last:
                    raise tarfile.ReadError("its headers lead backwards")
                last = info.offset
                is_plain = info.isreg() and not info.issparse()
                yield _Entry(
                    _as_path(info.name), info.size, is_plain, info.isdir(), False, _opener(opened, info), budget
                )
                file.end_header()


def _opener(opened: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], IO[bytes]]:
    def open_member() -> IO[bytes]:
        file = opened.extractfile(info)
        if file is None:
            raise tarfile.ReadError("it is not a plain file")
        return file

    return open_member


def _next_of(opened: tarfile.TarFile, file: _Counted, *, is_packed: bool) -> tarfile.TarInfo | None:
    """Return the next header; the rest of the previous member is read first, so that only the header counts."""
    file.end_header()
    if is_packed and opened.firstmember is None:  # type: ignore[attr-defined]  # else the first member is returned next
        _skip_to(opened, opened.offset)
    file.begin_header()
    info = opened.next()
    file.end_header()
    opened.members.clear()  # type: ignore[attr-defined]  # tarfile would keep every header
    return info


def _skip_to(opened: tarfile.TarFile, offset: int) -> None:
    stream: Any = opened.fileobj
    missing = offset - stream.tell()
    while missing > 0:
        piece = stream.read(min(missing, 1 << 16))
        if not piece:
            raise tarfile.ReadError("unexpected end of data")
        missing -= len(piece)


class _Counted:
    """File object that reads from ``file``, with a limit on the bytes in total and in one header."""

    def __init__(self, file: Any, budget: _Budget) -> None:
        self._file = file
        self._budget = budget
        self._header_left: int | None = None

    def begin_header(self) -> None:
        self._header_left = _MOST_HEADER

    def end_header(self) -> None:
        self._header_left = None

    def read(self, size: int = -1) -> bytes:
        if self._header_left is not None:
            if size < 0 or size > self._header_left:
                raise tarfile.ReadError("a header of more than a mebibyte")
            self._header_left -= size
        content: bytes = self._file.read(size)
        self._budget.spend(len(content))
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())


def _as_path(name: str) -> str:
    """Return a name in the usual form; where it leads is checked afterwards."""
    return _HERE_BEFORE.sub("", name.replace("\\", "/"))


def _is_safe(name: str) -> bool:
    """Return whether a name stays in its folder, on any system."""
    if not name or "\0" in name or name.startswith("/") or _DRIVE.match(name):
        return False
    return ".." not in name.split("/")


def _shown(name: str) -> str:
    return ascii(name[:200])


def _refused(where: object, why: str) -> ArchiveError:
    return ArchiveError(f"{where} {why}", hint="unpack what you need of it and name the folder")


def _unreadable(where: object, error: BaseException) -> ArchiveError:
    return ArchiveError(
        f"cannot read the archive {where}: {str(error) or type(error).__name__}",
        hint="fetch it again, or unpack what is intact and name the folder",
    )
