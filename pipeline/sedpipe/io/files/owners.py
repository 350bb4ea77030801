"""Owners of unfinished files and folders: the name tells, so that no process deletes what another one is writing.

- :func:`temporary_name`: a name for something unfinished
- :func:`is_temporary_name`: whether sedpipe, and not another program, gave something a temporary name
- :func:`is_abandoned`: whether no process will finish a file or folder
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

TEMPORARY_PREFIX = ".tmp-"
"""Prefix of the name of every unfinished file or folder."""

IN_WORK_S = 3600
"""Seconds: what was written to in the last hour, by an unknown owner, is taken for work in progress."""

_NAME = re.compile(re.escape(TEMPORARY_PREFIX) + r"(?P<place>[0-9a-f]{8})-(?P<process>\d{1,10})-[0-9a-f]{8}(\..*)?")

_NAME_OF_NOBODY = re.compile(re.escape(TEMPORARY_PREFIX) + r"[0-9a-f]{16}(\..*)?")  # as in sedpipe 0.1


def temporary_name(suffix: str = "") -> str:
    """Return a unique name that tells which process of which machine it belongs to."""
    return f"{TEMPORARY_PREFIX}{_place()}-{os.getpid()}-{secrets.token_hex(4)}{suffix}"


def is_temporary_name(name: str) -> bool:
    """Return whether sedpipe gives such names to unfinished files; other programs have names with the same prefix.

    >>> is_temporary_name(temporary_name(".h5")), is_temporary_name(".tmp-thesis")
    (True, False)
    """
    return bool(_NAME.fullmatch(name) or _NAME_OF_NOBODY.fullmatch(name))


def is_abandoned(path: Path) -> bool:
    """Return whether the process that made a file or folder with a temporary name has ended.

    For a process of this machine that is certain (except on Windows), unless another process has the same number by
    now. A file from elsewhere (over a network disk), or whose name contains no owner (sedpipe 0.1), is abandoned when
    nothing has been written to it for an hour.
    """
    match = _NAME.fullmatch(path.name)
    if match is not None and match["place"] == _place() and os.name == "posix":
        return not _is_alive(int(match["process"]))
    return time.time() - _last_write(path) > IN_WORK_S


@cache
def _place() -> str:
    """Return 8 hex digits for the scope of process numbers: a machine since it started, or a container on it."""
    told = [platform.node()]
    with suppress(OSError):  # only Linux has these
        told.append(Path("/proc/sys/kernel/random/boot_id").read_text())
        told.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:8]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # the process is another user's
        return True
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state != "Z"  # a zombie: it has ended, but nobody has asked for its exit status


def _last_write(path: Path) -> float:
    """Return the time when a file, or the newest one in a folder, was last changed; now, if it is gone meanwhile."""
    try:
        paths = [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]
        return max(each.lstat().st_mtime for each in paths)
    except OSError:
        return time.time()
