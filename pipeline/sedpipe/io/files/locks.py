"""Who is working in a folder: locks that the system frees when their process ends, however it ends.

- :func:`hold`: be the only one, or say that another process is
- :func:`wait_for`: be the only one, after those who came first
- :func:`is_held`: whether somebody is
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sedpipe.errors import SedpipeError

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})
"""What disks say that know no locks: then nobody is kept out, since files are written whole or not at all anyway."""

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
    """Whether a process holds the lock at this moment."""
    if not path.exists():
        return False
    try:
        with _locked(path, GRACE_S):
            return False
    except Timeout:
        return True


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
