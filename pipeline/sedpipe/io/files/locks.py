"""Who is working in a folder: locks that the system frees when their process ends, however it ends.

- :func:`hold`: be the only one, or say that another process is; :func:`hold_if_free`: or be told
- :func:`wait_for`: be the only one, after those who came first
- :func:`is_held`: whether somebody is
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
"""What disks say that know no locks: then nobody is kept out, since files are written whole or not at all anyway."""

_TAKEN = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES})

GRACE_S = 0.1
"""So long a lock must be held to count: who asks whether it is held takes it for a moment, and that is no work."""


@contextmanager
def hold(path: Path, doing: str, hint: str) -> Iterator[None]:
    """Hold the lock for the block.

    Parameters
    ----------
    path : Path
        The lock file; its folder is made if need be.
    doing : str
        What another process that holds it is doing, for the error: ``making these features``.
    hint : str
        What to do then.

    Raises
    ------
    SedpipeError
        If another process holds it, or the folder cannot be written to.
    """
    with ExitStack() as held:
        try:
            held.enter_context(_locked(path, GRACE_S))
        except Timeout:
            raise SedpipeError(f"another process is {doing} ({path})", hint=hint) from None
        yield


@contextmanager
def hold_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock for the block, unless another process does; tells which."""
    with ExitStack() as held:
        try:
            held.enter_context(_locked(path, GRACE_S))
        except Timeout:
            yield False
            return
        yield True


@contextmanager
def wait_for(path: Path, before_waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock for the block, as soon as it is free; where that takes waiting, ``before_waiting`` is called."""
    with ExitStack() as held:
        try:
            held.enter_context(_locked(path, GRACE_S))
        except Timeout:
            if before_waiting is not None:
                before_waiting()
            held.enter_context(_locked(path, timeout=-1))
        yield


def is_held(path: Path) -> bool:
    """Whether a process holds the lock at this moment; nothing is written. What may not be read is free."""
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
    """By trying to hold it, as who holds it does: where disks know no locks of the system, a file stands for one."""
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
