"""Processes of a session (``start_new_session=True``) that are alive, according to /proc."""

import time
from pathlib import Path


def members(session: int) -> list[int]:
    """Return the living processes of a session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, *_, of_session = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        found += [int(path.parent.name)] if int(of_session) == session and state != "Z" else []
    return found


def left_of(session: int, most_s: float = 20) -> list[int]:
    """Return the processes of a session that do not end within ``most_s`` seconds; return early if all have ended."""
    end = time.monotonic() + most_s
    while members(session) and time.monotonic() < end:
        time.sleep(0.05)
    return members(session)
