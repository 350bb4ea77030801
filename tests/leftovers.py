"""Unfinished files that killed processes leave behind."""

import subprocess
import sys
from pathlib import Path

from sedpipe.io.files.owners import temporary_name


def leftover_name(suffix: str = "") -> str:
    """Return the temporary name of an unfinished file whose process has ended."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    _, place, _, number = temporary_name(suffix).removeprefix(".").split("-", 3)
    return f".tmp-{place}-{dead.pid}-{number}"


def left_by_a_killed_process(folder: Path, suffix: str = "") -> Path:
    """Write a half-written file of a process that has ended."""
    path = folder / leftover_name(suffix)
    path.write_bytes(b"half")
    return path
