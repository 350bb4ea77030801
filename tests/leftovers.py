"""What killed processes leave behind."""

import subprocess
import sys
from pathlib import Path

from sedpipe.io.files.owners import temporary_name


def leftover_name(suffix: str = "") -> str:
    """The name of something unfinished whose process has ended."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    _, place, _, number = temporary_name(suffix).removeprefix(".").split("-", 3)
    return f".tmp-{place}-{dead.pid}-{number}"


def left_by_a_killed_process(folder: Path, suffix: str = "") -> Path:
    """A half-written file."""
    path = folder / leftover_name(suffix)
    path.write_bytes(b"half")
    return path
