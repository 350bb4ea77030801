"""HDF5 files in cases where the library alone would crash or hang: full disks and damaged files.

Text of any length is stored in "global heaps" (HDF5 File Format Specification 3.0, III.E). HDF5 2.0 walks through a
heap object by object and never ends if a damaged object claims to take no space: one flipped bit is enough.

- :func:`made_in_memory`: a file that is written once it is finished
- :func:`made_on_disk`: a file that is too large for that
- :func:`check_heaps`: check the heaps of a file's attributes and of a column of text
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import h5py

from sedpipe.io.files.atomic import write_atomically

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_SIGNATURE = re.compile(rb"GCOL\x01\0\0\0")
_HEADER = struct.Struct("<8sQ")  # signature and version, bytes of the heap
_OBJECT = struct.Struct("<HHxxxxQ")  # number, references, bytes
_REFERENCE = struct.Struct("<IQI")  # to a text: its length, the address of its heap, its number there
_HEAD = 1 << 20  # attributes are written first, so their heaps are within these bytes


@contextmanager
def made_in_memory(path: Path) -> Iterator[h5py.File]:
    """Yield a file to be filled, which is written completely or not at all when the block ends.

    If HDF5 itself runs into a full disk, it leaves objects behind that crash the process (SIGSEGV) when they are freed.

    Parameters
    ----------
    path : Path
        The file to write; it must fit into memory.
    """
    with h5py.File(path.name, "w", driver="core", backing_store=False) as file:
        yield file
        file.flush()
        image = file.id.get_file_image()
    with write_atomically(path) as temporary:
        temporary.write_bytes(image)


@contextmanager
def made_on_disk(path: Path) -> Iterator[tuple[h5py.File, Callable[[], None]]]:
    """Yield a file to be filled bit by bit, which is there completely or not at all when the block ends.

    A full disk is hidden from HDF5 (see :func:`made_in_memory`); the caller must check for it now and then.

    Parameters
    ----------
    path : Path
        The file to write.

    Yields
    ------
    h5py.File
        File to be filled.
    callable
        Function that raises the OSError, if any, with which the disk has refused a write so far.
    """
    with write_atomically(path) as temporary, _Disk(temporary) as disk:
        try:
            with h5py.File(disk, "w") as file:
                yield file, disk.check
        finally:
            disk.check()  # whatever HDF5 raises about data that it cannot read back


class _Disk(io.FileIO):
    """A file that accepts everything, and remembers the first error."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise the error, if there was one."""
        if self._error is not None:
            raise self._error

    def write(self, data: ReadableBuffer, /) -> int:
        rest = memoryview(data).cast("B")
        n_bytes = len(rest)
        try:
            while rest and self._error is None:  # the last bytes before a limit are written without an error
                rest = rest[super().write(rest) :]
        except OSError as error:
            self._error = error
        return n_bytes

    def truncate(self, size: int | None = None, /) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self._error = self._error or error
            return size or 0


def check_heaps(file: h5py.File, path: Path, column: str) -> None:
    """Walk through the heaps that hold the attributes and a column of text.

    Parameters
    ----------
    file : h5py.File
        File, open for reading, whose attributes were written before anything else.
    path : Path
        Path of the file.
    column : str
        Name of a dataset (N,) of text.

    Raises
    ------
    ValueError
        If a heap cannot be walked through.
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as raw:
        addresses = {match.start() for match in _SIGNATURE.finditer(raw.read(_HEAD))}
        addresses |= _heaps_of(file[column], raw)
        for address in sorted(addresses):
            _walk(_heap_at(address, raw))


def _heaps_of(column: h5py.Dataset, raw: BinaryIO) -> set[int]:
    """Return the addresses of the heaps that contain the texts of a column."""
    offset, n_bytes = column.id.get_offset(), column.size * _REFERENCE.size
    if offset is None:
        return set()
    raw.seek(offset)
    references = raw.read(min(n_bytes, _size(raw)))
    if len(references) != n_bytes:
        raise ValueError("a column goes beyond the end of the file")
    return {address for length, address, _ in _REFERENCE.iter_unpack(references) if length}


def _heap_at(address: int, raw: BinaryIO) -> bytes:
    if address > _size(raw) - _HEADER.size:
        raise ValueError("a heap lies beyond the end of the file")
    raw.seek(address)
    signature, n_bytes = _HEADER.unpack(raw.read(_HEADER.size))
    if not _SIGNATURE.fullmatch(signature) or not _HEADER.size <= n_bytes <= _size(raw) - address:
        raise ValueError("a heap is none, or goes beyond the end of the file")
    return raw.read(n_bytes - _HEADER.size)


def _walk(objects: bytes) -> None:
    """Go from object to object; number 0 is free space, including its header, and all others are padded to 8 bytes."""
    at = 0
    while len(objects) - at >= _OBJECT.size:
        number, _, n_bytes = _OBJECT.unpack_from(objects, at)
        room = n_bytes if number == 0 else _OBJECT.size + (n_bytes + 7) // 8 * 8
        if not _OBJECT.size <= room <= len(objects) - at:
            raise ValueError("an object of a heap takes no room, or more than there is")
        at += room


def _size(raw: BinaryIO) -> int:
    here = raw.tell()
    try:
        return raw.seek(0, 2)
    finally:
        raw.seek(here)
