import re
import struct
from pathlib import Path

import h5py
import numpy as np
import pytest
from sedpipe.io.files.hdf5 import check_heaps

TEXT = h5py.string_dtype("utf-8")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A file with texts in two heaps."""
    with h5py.File(tmp_path / "table.h5", "w") as file:
        file.attrs["labels"] = "Rain " * 200
        file["values"] = np.zeros(300_000)
        file.create_dataset("name", data=np.array(["", *(f"clip {n}" for n in range(500))], dtype=object), dtype=TEXT)
    return tmp_path / "table.h5"


def check(path: Path) -> None:
    with h5py.File(path) as file:
        check_heaps(file, path, "name")


def test_what_h5py_writes_passes(table: Path, tmp_path: Path) -> None:
    assert table.read_bytes().count(b"GCOL\x01\0\0\0") == 2  # of the attribute, of the column
    check(table)
    with h5py.File(tmp_path / "none.h5", "w") as file:
        file.create_dataset("name", (0,), dtype=TEXT)
    check(tmp_path / "none.h5")


def test_a_turned_bit_for_which_hdf5_would_read_for_ever_is_noticed_in_every_heap(table: Path) -> None:
    whole = table.read_bytes()
    for heap in [match.start() for match in re.finditer(rb"GCOL\x01\0\0\0", whole)]:
        end = heap + struct.unpack_from("<Q", whole, heap + 8)[0]
        at = heap + 16
        while whole[at : at + 2] != bytes(2):  # number 0 is the free room at the end of the heap
            at += 16 + -(-struct.unpack_from("<Q", whole, at + 8)[0] // 8) * 8
        assert at + struct.unpack_from("<Q", whole, at + 8)[0] == end > at
        changed = bytearray(whole)
        changed[at + 8] ^= 16
        table.write_bytes(changed)
        with pytest.raises(ValueError, match=r"^an object of a heap takes no room, or more than there is$"):
            check(table)


@pytest.mark.parametrize(
    ("offset", "changed", "message"),
    [
        (4, b"\x09", r"^a heap is none, or goes beyond the end of the file$"),
        (8, b"\xff" * 7, r"^a heap is none, or goes beyond the end of the file$"),
        (8, b"\0" * 8, r"^a heap is none, or goes beyond the end of the file$"),
        (24, b"\xff" * 8, r"^an object of a heap takes no room, or more than there is$"),
    ],
)
def test_a_damaged_heap_is_noticed(table: Path, offset: int, changed: bytes, message: str) -> None:
    with h5py.File(table) as file:
        _, address, _ = struct.unpack("<IQI", table.read_bytes()[file["name"].id.get_offset() + 16 :][:16])
    with table.open("r+b") as raw:
        raw.seek(address + offset)
        raw.write(changed)
    with pytest.raises(ValueError, match=message):
        check(table)


def test_a_text_that_lies_nowhere_is_noticed(table: Path) -> None:
    with h5py.File(table) as file:
        offset = file["name"].id.get_offset()
    with table.open("r+b") as raw:
        raw.seek(offset + 16 + 4)
        raw.write(b"\xff" * 8)
    with pytest.raises(ValueError, match=r"^a heap lies beyond the end of the file$"):
        check(table)
