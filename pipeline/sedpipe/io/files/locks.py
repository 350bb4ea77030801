"""Locks of folders in use, which the system frees when their process ends, however it ends.

- :func:`hold`: hold a lock, or raise if another process does; :func:`hold_if_free`: or yield False
- :func:`wait_for`: hold a lock, after the processes that came first
- :func:`is_held`: whether a process holds a lock
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

from filelock import FileLock, Timeout

from sedpipe.errors import SedpipeError

if sys.platform != "win32":
    import fcntl

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})
"""Errors of disks without locks: no process is kept out then, since files are written atomically anyway."""

_TAKEN = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES})

GRACE_S = 0.1
"""Seconds for which a lock must be held to count: a process that checks it also takes it, but only for a moment."""


@contextmanager
def hold(path: Path, doing: str, hint: str) -> Iterator[None]:
    """Hold the lock for the block.

    Parameters
    ----------
    path : Path
        The lock file; its folder is created if needed.
    doing : str
        What another process that holds the lock is doing, for the error: ``making these features``.
    hint : str
        What to do in that case.

    Raises
    ------
    SedpipeError
        If another process holds the lock, or the folder cannot be written to.
    """
    with ExitStack() as held:
        try:
            held.enter_context(_locked(path, GRACE_S))
        except Timeout:
            raise SedpipeError(f"another process is {doing} ({path})", hint=hint) from None
        yield


@contextmanager
def hold_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock for the block, unless another process does; yield whether this one holds it."""
    with ExitStack() as held:
        try:
            held.enter_context(_locked(path, GRACE_S))
        except Timeout:
            yield False
            return
        yield True


@contextmanager
def wait_for(path: Path, before_waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock for the block, as soon as it is free; call ``before_waiting`` if it is not free now."""
    with ExitStack() as held:
        try:
            held.enter_context(_locked(path, GRACE_S))
        except Timeout:
            if before_waiting is not None:
                before_waiting()
            held.enter_context(_locked(path, timeout=-1))
        yield


def is_held(path: Path) -> bool:
    """Return whether a process holds the lock now, without writing anything; a lock that may not be read is free."""
    until = time.monotonic() + GRACE_S
    while _is_taken(path):
        if time.monotonic() >= until:
            return True
        time.sleep(GRACE_S / 5)
    return False


def _is_taken(path: Path) -> bool:
    if sys.platform == "win32":
        return _is_refused(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # FileLock would write to it
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return _is_refused(path) if error.errno in _NO_LOCKS else error.errno in _TAKEN
    finally:
        os.close(descriptor)
    return False


def _is_refused(path: Path) -> bool:
    """Return whether the lock cannot be acquired; on disks without locks of the system, a file stands for one."""
    try:
        with _locked(path, 0) if path.exists() else nullcontext():
            return False
    except Timeout:
        return True
    except SedpipeError:
        return False


@contextmanager
def _locked(path: Path, timeout: float) -> Iterator[None]:
    lock = FileLock(path, poll_interval=GRACE_S / 5)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=timeout)
    except Timeout:
        raise
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise SedpipeError(
                f"cannot write {path}: {error.strerror or error}", hint="choose another folder with --cache"
            ) from error
    try:
        yield
    finally:
        lock.release()
