import errno
import os
from pathlib import Path

import h5py
import pytest
from rights import unreadable
from sedpipe.errors import SedpipeError
from sedpipe.io.files.hdf5_reading import open_to_read, refusal


def test_errors_of_the_system_are_distinguished_from_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["values"] = range(1000)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(OSError, match="truncated") as cut:
        open_to_read(path)
    assert refusal(cut.value) is None
    assert (
        refusal(OSError("Can't read data (file read failed: errno = 22, error message = 'Invalid argument')")) is None
    )
    assert refusal(ValueError("expected 3")) is None
    said = refusal(OSError("Can't read data (file read failed: time = 0, errno = 5, error message = 'Input/output')"))
    assert said is not None
    assert (said.errno, said.strerror) == (errno.EIO, os.strerror(errno.EIO))
    assert isinstance(refusal(PermissionError(errno.EACCES, "no")), PermissionError)


@pytest.mark.skipif(os.name != "posix", reason="no such rights here")
def test_a_missing_file_is_not_damaged_and_an_unreadable_one_gives_a_one_line_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_to_read(tmp_path / "a.h5")
    h5py.File(tmp_path / "a.h5", "w").close()
    with pytest.raises(NotADirectoryError):
        open_to_read(tmp_path / "a.h5" / "b.h5")
    with unreadable(tmp_path / "a.h5"), pytest.raises(SedpipeError, match=r"cannot read .*a\.h5: Permission denied"):
        open_to_read(tmp_path / "a.h5")
    os.mkfifo(tmp_path / "pipe.h5")
    with pytest.raises(SedpipeError, match="it is a pipe, expected a file"):
        open_to_read(tmp_path / "pipe.h5")
