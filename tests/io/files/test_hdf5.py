import re
import struct
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from sedpipe.io.files.hdf5 import check_heaps

TEXT = h5py.string_dtype("utf-8")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A file with strings in two heaps."""
    with h5py.File(tmp_path / "table.h5", "w") as file:
        file.attrs["labels"] = "Rain " * 200
        file["values"] = np.zeros(300_000)
        file.create_dataset("name", data=np.array(["", *(f"clip {n}" for n in range(500))], dtype=object), dtype=TEXT)
    return tmp_path / "table.h5"


def check(path: Path) -> None:
    with h5py.File(path) as file:
        check_heaps(file, path, "name")


def test_files_written_by_h5py_pass(table: Path, tmp_path: Path) -> None:
    assert table.read_bytes().count(b"GCOL\x01\0\0\0") == 2  # one for the attribute, one for the column
    check(table)
    with h5py.File(tmp_path / "none.h5", "w") as file:
        file.create_dataset("name", (0,), dtype=TEXT)
    check(tmp_path / "none.h5")


def test_a_flipped_bit_that_would_make_hdf5_read_forever_is_detected_in_every_heap(table: Path) -> None:
    whole = table.read_bytes()
    for heap in [match.start() for match in re.finditer(rb"GCOL\x01\0\0\0", whole)]:
        end = heap + struct.unpack_from("<Q", whole, heap + 8)[0]
        at = heap + 16
        while whole[at : at + 2] != bytes(2):  # object 0 is the free space at the end of the heap
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
def test_a_damaged_heap_is_detected(table: Path, offset: int, changed: bytes, message: str) -> None:
    with h5py.File(table) as file:
        _, address, _ = struct.unpack("<IQI", table.read_bytes()[file["name"].id.get_offset() + 16 :][:16])
    with table.open("r+b") as raw:
        raw.seek(address + offset)
        raw.write(changed)
    with pytest.raises(ValueError, match=message):
        check(table)


def test_a_string_in_a_heap_beyond_the_end_of_the_file_is_detected(table: Path) -> None:
    with h5py.File(table) as file:
        offset = file["name"].id.get_offset()
    with table.open("r+b") as raw:
        raw.seek(offset + 16 + 4)
        raw.write(b"\xff" * 8)
    with pytest.raises(ValueError, match=r"^a heap lies beyond the end of the file$"):
        check(table)


FILLS_UP = """
import resource, sys
from pathlib import Path
import numpy as np
from sedpipe.errors import SedpipeError
from sedpipe.io.files.hdf5 import made_in_memory, made_on_disk
path, how = Path(sys.argv[1]), sys.argv[2]
for limit in map(int, sys.argv[3:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        with made_in_memory(path) if how == "memory" else made_on_disk(path) as made:
            file = made if how == "memory" else made[0]
            file.create_dataset("rows", (20, 1000), "f2", chunks=(1, 1000))[:] = 1
            file["clip_id"] = ["a"] * 300
            file["probs"] = np.zeros(20)
    except SedpipeError as error:
        print(error.message)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="files have no limit there")
@pytest.mark.parametrize("how", ["memory", "disk"])
def test_a_full_disk_gives_a_one_line_error_at_any_point_and_does_not_end_the_process(tmp_path: Path, how: str) -> None:
    (tmp_path / "kept.h5").write_bytes(b"before")
    limits = [*range(0, 40_000, 1000), *range(40_000, 57_600, 400)]
    command = [sys.executable, "-c", FILLS_UP, str(tmp_path / "kept.h5"), how, *map(str, limits)]
    outcome = subprocess.run(command, check=False, capture_output=True, text=True)
    assert outcome.returncode == 0
    assert outcome.stderr == ""
    told = outcome.stdout.splitlines()
    assert len(told) == len(limits)
    assert all(line.startswith("cannot write ") for line in told)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"kept.h5": b"before"}
