"""Time and memory of a sedpipe command, including all processes that it starts.

- :func:`measured`: seconds, processor seconds and peak memory of a command
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Cost(NamedTuple):
    """Cost of a command; the memory is that of its largest process."""

    seconds: float
    processor_seconds: float
    peak_mb: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s, {self.processor_seconds:.1f} s of the processor, at most {self.peak_mb:,.0f} MB"

    def as_json(self) -> dict[str, float]:
        """Return the rounded values."""
        return {
            "seconds": round(self.seconds, 1),
            "seconds of the processor": round(self.processor_seconds, 1),
            "peak MB": round(self.peak_mb),
        }


def measured(arguments: list[str], folder: Path, killed_after: float | None = None) -> Cost:
    """Run ``sedpipe ARGUMENTS`` in a folder and measure it; kill it (SIGKILL) after ``killed_after`` seconds, if given.

    Raises
    ------
    SystemExit
        If it fails, unless it was to be killed.
    """
    asked = json.dumps([[sys.executable, "-m", "sedpipe", *arguments], killed_after])
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "pipeline"), "OMP_NUM_THREADS": "1"}
    # started by a small process: the peak memory of a process is at least that of the process that starts it
    run = subprocess.run(
        [sys.executable, __file__, asked], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise SystemExit(f"{' '.join(arguments)}: {run.stderr[-2000:]}")
    return Cost(*json.loads(run.stdout))


def _run(command: list[str], killed_after: float | None) -> Cost:
    """Run a command; exit with its output as the error if it fails."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(command, stdout=told, stderr=told)
        if killed_after is not None:
            time.sleep(killed_after)
            process.kill()
        _, status, usage = os.wait4(process.pid, 0)
        if status and killed_after is None:
            told.seek(0)
            raise SystemExit(told.read())
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    print(json.dumps(_run(*json.loads(sys.argv[1]))))
