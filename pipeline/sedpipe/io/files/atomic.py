"""Atomic writing: a file is there completely or not at all, whatever happens while it is written.

- :func:`write_atomically`: a temporary path beside the target, renamed to it when the block ends without an error
- :func:`write_text`, :func:`write_pieces`, :func:`write_json`: the common uses
- :func:`cannot_write`: the error for a full disk and similar failures
- :func:`check_name`: raise if the name of a file is too long
- :func:`remove_leftovers`: delete what killed processes left behind
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sedpipe.errors import NameTooLongError, SedpipeError
from sedpipe.io.files.owners import TEMPORARY_PREFIX, is_abandoned, is_temporary_name, temporary_name

_DISK_TROUBLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO})


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary file to be filled; at the end of the block it becomes ``path``.

    The temporary file is in the same folder (which is created if needed), exists already and is empty, has a
    unique name, and keeps the suffix for libraries that depend on it. When the block ends, its bytes are
    forced to disk and it replaces ``path`` in one step, so a reader sees the old file or the new one. If the
    block raises, the temporary file is removed and ``path`` is left as it was.

    Parameters
    ----------
    path : Path
        The file to write.

    Yields
    ------
    Path
        The temporary file, to be opened by name (``"wb"``, ``h5py.File(..., "w")``) and closed before the block ends.

    Raises
    ------
    NameTooLongError
        If the disk does not allow such long names; raised before anything is written.
    SedpipeError
        If ``path`` has no file name, or is a device or a pipe, if the folder cannot be written to, or if the disk is
        full.
    """
    path = Path(path)
    if not path.name:
        raise SedpipeError(f"cannot write {path}: it is a folder", hint="name a file")
    if _is_special(path):
        raise SedpipeError(f"cannot write {path}: it is a device or a pipe, expected a file", hint="name a file")
    temporary = path.with_name(temporary_name(path.suffix))
    _create(temporary, path)
    try:
        yield temporary
        _replace(temporary, path)
    except OSError as error:
        _remove(temporary)
        if error.errno in _DISK_TROUBLE:
            raise cannot_write(path, error) from error
        raise
    except BaseException:
        _remove(temporary)
        raise


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, with line ends as they are."""
    write_pieces(path, [text])


def write_pieces(path: Path, pieces: Iterable[str]) -> None:
    """Write text that is too long to be held in memory, as UTF-8, with line ends as they are."""
    with write_atomically(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces)


def write_json(path: Path, value: object) -> None:
    """Write ``value`` as indented JSON; nan and infinity, which JSON lacks, raise ``ValueError``."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def remove_leftovers(*folders: Path) -> None:
    """Delete unfinished files that killed processes left in these folders, but not in folders below them.

    Unfinished files of running processes stay. The folders may be a user's own, with files of other programs in them.
    """
    found = (path for folder in folders for path in folder.glob(f"{TEMPORARY_PREFIX}*") if is_temporary_name(path.name))
    for path in filter(is_abandoned, found):
        with suppress(OSError):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def check_name(path: Path) -> None:
    """Raise ``NameTooLongError`` if a file cannot have this name; if its folder is missing, writing raises it."""
    try:
        os.lstat(path)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise cannot_write(path, error) from error


def _is_special(path: Path) -> bool:
    """Return whether a path is a device, a pipe or a link to one: a file must not replace ``/dev/null``."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):  # nothing is there, or nothing can be; writing raises the reason
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _create(temporary: Path, path: Path) -> None:
    try:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        check_name(path)  # creating the temporary file would not raise, since its name is short
        # 0o666 lets the user's umask decide, as an ordinary open() would
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise cannot_write(path, error) from error


def _replace(temporary: Path, path: Path) -> None:
    """Force the bytes to disk, rename, then force the new name to disk."""
    _fsync(temporary, os.O_RDWR)
    try:
        os.replace(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    if os.name == "posix":  # Windows cannot open a folder
        _fsync(path.parent, os.O_RDONLY)


def _fsync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(temporary: Path) -> None:
    with suppress(OSError):  # whatever went wrong matters more than a leftover
        temporary.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> SedpipeError:
    """Return the error for a file that could not be written."""
    told = f"cannot write {path}: {error.strerror or error}"
    if error.errno == errno.ENAMETOOLONG:
        n_bytes = max(len(os.fsencode(part)) for part in path.parts)
        return NameTooLongError(
            f"{told} ({n_bytes} bytes in one name, {len(os.fsencode(path)):,} in all; most disks allow 255 and 4,096)",
            hint="shorten the name of the recording or folder that it is named after",
        )
    return SedpipeError(told, hint="free some space, or choose another folder with --cache")
