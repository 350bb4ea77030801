"""HDF5 files opened for reading, and why one cannot be read: the disk refuses, or the file is damaged.

No file ever changes under its name, so readers need no HDF5 locks: if a (network) disk refuses one, the file is
opened without. ``HDF5_USE_FILE_LOCKING``, which has priority over what a program asks HDF5 for, forces either.

- :func:`open_to_read`: open a file
- :func:`refusal`: the operating system's error, unless the file is damaged
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import h5py

from sedpipe.errors import SedpipeError
from sedpipe.io.files.reading import opened, unreadable

_ERRNO = re.compile(r"errno = (\d+)")
_OF_DAMAGE = frozenset({0, errno.EINVAL, errno.EOVERFLOW})
"""Error numbers of a read from an address that no file has."""


def open_to_read(path: Path) -> h5py.File:
    """Open a file for reading.

    Raises
    ------
    SedpipeError
        If the file may not be read, or HDF5 is told to lock files on a disk that does not support locks.
    FileNotFoundError, NotADirectoryError
        If there is no such file.
    OSError, RuntimeError
        If HDF5 cannot open it; see :func:`refusal`.
    """
    try:
        opened(path).close()  # refuses a pipe, for which HDF5 would wait
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise unreadable(path, error) from error
    for locking in (None, False):  # HDF5's default first, since one process must open a file in one way only
        try:
            return h5py.File(path, "r", locking=locking)
        except (OSError, RuntimeError) as error:
            reason = error
    if "unable to lock file" in str(reason):
        hint = "this disk does not support file locks, which are not needed here: set HDF5_USE_FILE_LOCKING=FALSE"
        raise SedpipeError(f"cannot read {path}: {reason}", hint=hint) from reason
    raise reason


def refusal(error: Exception) -> OSError | None:
    """Return the operating system's error behind one of h5py, whose text contains its number; None for damage."""
    said = _ERRNO.search(str(error))
    number = int(said[1]) if said else getattr(error, "errno", None)
    return None if number is None or number in _OF_DAMAGE else OSError(number, os.strerror(number))
