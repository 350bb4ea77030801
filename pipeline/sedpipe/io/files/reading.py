"""Looking at files that may be missing, unreadable or far too large, which are three different things.

What is not there is an answer. What may not be read is an error that says so: it is neither empty nor gone nor
damaged, and nobody is told to delete it.

- :func:`is_there`: whether a path exists
- :func:`names_in`, :func:`entries`, :func:`walk`: what lies in a folder, and below it
- :func:`opened`, :func:`read_bounded`: a file, and its bytes
- :func:`unreadable`: the error
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
    """Whether a path exists; a link that leads nowhere does not.

    Raises
    ------
    SedpipeError
        If that cannot be told.
    """
    try:
        os.stat(path)
    except _NOT_THERE:
        return False
    except OSError as error:
        raise unreadable(path, error) from error
    return True


def names_in(folder: Path) -> list[str]:
    """Names of what lies in a folder, in any order; none where there is no folder.

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
    """Paths in a folder whose names match, sorted; hidden ones only where the pattern says so.

    Unlike :meth:`pathlib.Path.glob`, which takes what it may not read for empty, it raises what :func:`names_in` does.
    """
    return sorted(folder / name for name in fnmatch.filter(names_in(folder), pattern))


def walk(folder: Path, *, into_links: bool = False) -> Iterator[tuple[str, list[str], list[str]]]:
    """What :func:`os.walk` gives, which takes folders that it may not read for empty: this one raises.

    Raises
    ------
    SedpipeError
        If a folder cannot be read; one that vanishes meanwhile is passed over.
    """

    def refuse(error: OSError) -> None:
        if not isinstance(error, _NOT_THERE):
            raise unreadable(Path(error.filename), error) from error

    yield from os.walk(folder, onerror=refuse, followlinks=into_links)


def opened(path: Path) -> BufferedReader:
    """A file to be read; pipes of a shell, as ``<(command)`` and ``/dev/stdin``, are files.

    Raises
    ------
    OSError
        If it cannot be read, or is a pipe among files: who opens that waits until somebody writes into it.
    """
    if stat.S_ISFIFO(os.stat(path).st_mode) and path.absolute().parts[1] not in ("dev", "proc"):
        raise OSError(errno.EINVAL, "it is a pipe, expected a file", str(path))
    return path.open("rb")


def read_bounded(path: Path, most_bytes: int) -> bytes | None:
    """The bytes of a file, or None where there is none.

    Raises
    ------
    SedpipeError
        If it cannot be read.
    ValueError
        If it has more bytes; its text says so.
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
    """The error for what is there and cannot be read: by whom, or why."""
    if isinstance(error, PermissionError):
        hint = f"let your user read it, as with `chmod u+rX {path}`, or ask its owner"
    elif isinstance(error, IsADirectoryError):
        hint = "expected a file: move the folder elsewhere"
    else:
        hint = "check the disk; nothing was changed"
    return SedpipeError(f"cannot read {path}: {error.strerror or error}", hint=hint)
