"""Temporary folders for what nobody else may see: copies of cookies, pieces of videos.

A folder is deleted when its owner closes it or ends; what a killed process left is deleted when the next one is opened.

- :class:`PrivateFolder`: a folder that only this user may enter
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

_PREFIX = "sedpipe-"
_LOCK = ".lock"
_YOUNG_S = 60.0  # a process that has just made a folder may not hold its lock yet


class PrivateFolder:
    """A folder that only this user may enter, locked as long as its process lives.

    Attributes
    ----------
    path : Path
        Path of the folder.
    """

    def __init__(self) -> None:
        for path in _abandoned():
            shutil.rmtree(path, ignore_errors=True)
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = FileLock(self.path / _LOCK)
        lock.acquire(timeout=0)
        self._forget = weakref.finalize(self, _remove, self.path, lock)  # at exit, too

    def close(self) -> None:
        """Delete the folder and everything in it."""
        self._forget()


def _remove(path: Path, lock: FileLock) -> None:
    shutil.rmtree(path, ignore_errors=True)
    lock.release()


def _abandoned() -> Iterator[Path]:
    """Yield folders of this user whose process has ended, so that nobody holds their lock."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # it was deleted meanwhile
            status = path.lstat()
            is_ours = not hasattr(os, "getuid") or status.st_uid == os.getuid()
            if is_ours and path.is_dir() and time.time() - status.st_mtime > _YOUNG_S and _is_free(path / _LOCK):
                yield path


def _is_free(lock: Path) -> bool:
    """Return whether a lock exists and nobody holds it."""
    if not lock.is_file():
        return False
    try:
        with FileLock(lock).acquire(timeout=0):
            return True
    except Timeout:
        return False
