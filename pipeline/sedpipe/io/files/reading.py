"""Reading of files that may be missing, unreadable or far too large, which are three different cases.

A missing file is a valid answer. A file that may not be read is an error that says so: it is neither empty nor missing
nor damaged, and the user is not told to delete it.

- :func:`is_there`: whether a path exists
- :func:`names_in`, :func:`entries`, :func:`walk`: the content of a folder, and of the folders below it
- :func:`opened`, :func:`read_bounded`: an open file, and its bytes
- :func:`unreadable`: the error for a file that cannot be read
"""

from __future__ import annotations

import errno
import fnmatch
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from sedpipe.errors import SedpipeError

_NOT_THERE = (FileNotFoundError, NotADirectoryError)


def is_there(path: Path) -> bool:
    """Return whether a path exists; a broken symlink does not.

    Raises
    ------
    SedpipeError
        If this cannot be determined.
    """
    try:
        os.stat(path)
    except _NOT_THERE:
        return False
    except OSError as error:
        raise unreadable(path, error) from error
    return True


def names_in(folder: Path) -> list[str]:
    """Return the names of files and folders in a folder, in any order; none if the folder is missing.

    Raises
    ------
    SedpipeError
        If the folder cannot be read.
    """
    try:
        return os.listdir(folder)
    except _NOT_THERE:
        return []
    except OSError as error:
        raise unreadable(folder, error) from error


def entries(folder: Path, pattern: str = "[!.]*") -> list[Path]:
    """Return the paths in a folder whose names match, sorted; hidden ones only if the pattern asks for them.

    Unlike :meth:`pathlib.Path.glob`, which takes folders that it may not read for empty, it raises as
    :func:`names_in` does.
    """
    return sorted(folder / name for name in fnmatch.filter(names_in(folder), pattern))


def walk(folder: Path, *, into_links: bool = False) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield what :func:`os.walk` does, but raise for folders that may not be read instead of taking them for empty.

    Raises
    ------
    SedpipeError
        If a folder cannot be read; one that vanishes meanwhile is skipped.
    """

    def refuse(error: OSError) -> None:
        if not isinstance(error, _NOT_THERE):
            raise unreadable(Path(error.filename), error) from error

    yield from os.walk(folder, onerror=refuse, followlinks=into_links)


def opened(path: Path) -> BufferedReader:
    """Open a file for reading; pipes of a shell, such as ``<(command)`` and ``/dev/stdin``, are accepted as files.

    Raises
    ------
    OSError
        If it cannot be read, or is a named pipe among files: opening that would wait until something is written to it.
    """
    if stat.S_ISFIFO(os.stat(path).st_mode) and path.absolute().parts[1] not in ("dev", "proc"):
        raise OSError(errno.EINVAL, "it is a pipe, expected a file", str(path))
    return path.open("rb")


def read_bounded(path: Path, most_bytes: int) -> bytes | None:
    """Return the bytes of a file, or None if it is missing.

    Raises
    ------
    SedpipeError
        If it cannot be read.
    ValueError
        If it has more than ``most_bytes``; the message says so.
    """
    try:
        with opened(path) as file:
            raw = file.read(most_bytes + 1)
    except _NOT_THERE:
        return None
    except OSError as error:
        raise unreadable(path, error) from error
    if len(raw) > most_bytes:
        raise ValueError(f"it has more than {most_bytes:,} bytes")
    return raw


def unreadable(path: Path, error: OSError) -> SedpipeError:
    """Return the error for a file or folder that exists but cannot be read, with a hint for the reason."""
    if isinstance(error, PermissionError):
        hint = f"let your user read it, as with `chmod u+rX {path}`, or ask its owner"
    elif isinstance(error, IsADirectoryError):
        hint = "expected a file: move the folder elsewhere"
    else:
        hint = "check the disk; nothing was changed"
    return SedpipeError(f"cannot read {path}: {error.strerror or error}", hint=hint)
