"""Whose an unfinished file or folder is: its name tells, so that nobody clears away what another one is writing.

- :func:`temporary_name`: for what is not finished
- :func:`is_temporary_name`: whether something is called so, and not by another program
- :func:`is_abandoned`: whether nobody will finish it
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
"""Begins the name of every unfinished file or folder."""

IN_WORK_S = 3600
"""What was written to in the last hour, by nobody knows whom, is taken for work in progress."""

_NAME = re.compile(re.escape(TEMPORARY_PREFIX) + r"(?P<place>[0-9a-f]{8})-(?P<process>\d{1,10})-[0-9a-f]{8}(\..*)?")

_NAME_OF_NOBODY = re.compile(re.escape(TEMPORARY_PREFIX) + r"[0-9a-f]{16}(\..*)?")  # of sedpipe 0.1


def temporary_name(suffix: str = "") -> str:
    """A name of its own, that tells which process of which machine it belongs to."""
    return f"{TEMPORARY_PREFIX}{_place()}-{os.getpid()}-{secrets.token_hex(4)}{suffix}"


def is_temporary_name(name: str) -> bool:
    """Whether sedpipe calls something unfinished so; other programs have names with the same beginning.

    >>> is_temporary_name(temporary_name(".h5")), is_temporary_name(".tmp-thesis")
    (True, False)
    """
    return bool(_NAME.fullmatch(name) or _NAME_OF_NOBODY.fullmatch(name))


def is_abandoned(path: Path) -> bool:
    """Whether whoever made a file or folder of such a name has ended.

    Of a process of this machine that is certain, but for a number that another process has got meanwhile. What comes
    from elsewhere (over a network disk), or names nobody (of sedpipe 0.1), is abandoned when nobody has written to it
    for an hour.
    """
    match = _NAME.fullmatch(path.name)
    if match is not None and match["place"] == _place() and os.name == "posix":
        return not _is_alive(int(match["process"]))
    return time.time() - _last_write(path) > IN_WORK_S


@cache
def _place() -> str:
    """8 hexadecimal digits of where process numbers mean the same: a machine since it started, or a container in it."""
    told = [platform.node()]
    with suppress(OSError):  # Linux alone has these
        told.append(Path("/proc/sys/kernel/random/boot_id").read_text())
        told.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:8]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state != "Z"  # has ended, and nobody has asked how


def _last_write(path: Path) -> float:
    """Of a file, or of the newest one in a folder; of what is gone meanwhile, now."""
    try:
        paths = [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]
        return max(each.lstat().st_mtime for each in paths)
    except OSError:
        return time.time()
