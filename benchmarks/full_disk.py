"""A disk that fills up at 20 points of every verb's work: what is told, and what is lost.

Each trial runs a verb on a copy of a small cache from which its own work was taken, on a disk (a tmpfs) that has room
for only a part of what it writes; where nobody lets us mount one, no file may grow beyond a size instead
(``RLIMIT_FSIZE``). Then the disk grows, and the same command runs again.

Looked for: exit code 1 and a sentence, no traceback; what was there before is still there, byte by byte; the second run
ends well and makes what an undisturbed one makes.

    python benchmarks/full_disk.py [--sizes 20] [--verbs train,predict] [--limit] [--output results/full-disk.json]
    unshare -rm python benchmarks/full_disk.py    # a disk of its own without being root
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from verbs import VERBS, Bench, Verb, environment, hashes_of_all

RESULT = Path(__file__).parent / "results" / "full-disk.json"
LIMITED = (
    "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2); "
    "sys.argv[:] = ['sedpipe', *sys.argv[2:]]; runpy.run_module('sedpipe', run_name='__main__')"
)


def may_mount(folder: Path) -> bool:
    """Whether we can have a disk of our own."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=False, capture_output=True)
    if mounted.returncode == 0:
        subprocess.run(["umount", folder], check=True)
    return mounted.returncode == 0


@contextlib.contextmanager
def disk(bench: Bench, verb: Verb) -> Iterator[None]:
    """The trial on a disk of its own."""
    shutil.rmtree(bench.trial, ignore_errors=True)
    bench.trial.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", bench.trial], check=True)
    try:
        bench.begin(verb, anew=False)
        yield
    finally:
        subprocess.run(["umount", "-l", bench.trial], check=True)


def leave(bench: Bench, room: int | None) -> None:
    """Let the disk have so many bytes left; all that it wants, if None."""
    used = shutil.disk_usage(bench.trial).used
    size = "50%" if room is None else str(used + room)
    subprocess.run(["mount", "-o", f"remount,size={size}", bench.trial], check=True)


def faults_of(outcome: subprocess.CompletedProcess[str], before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What is wrong with how it ended."""
    faults = [] if outcome.returncode == 1 else [f"exit code {outcome.returncode}"]
    told = outcome.stderr
    if "Traceback" in told or "Error: " not in told or "rror: cannot " not in told:
        faults.append(f"told {told[-700:]!r}")
    faults += [f"{path} is lost" for path in before if after.get(path) != before[path]]
    return faults


def trial(bench: Bench, name: str, room: int, *, mounts: bool) -> tuple[bool, list[str]]:
    """Whether the disk was full, and what is wrong."""
    verb = VERBS[name]
    with disk(bench, verb) if mounts else contextlib.nullcontext():
        if mounts:
            leave(bench, room)
            outcome = bench.run(verb)
        else:
            bench.begin(verb)
            limited = [sys.executable, "-c", LIMITED, str(room), *verb.arguments]
            outcome = subprocess.run(
                limited, cwd=bench.trial, env=environment(), check=False, capture_output=True, text=True
            )
        if outcome.returncode == 0:
            return False, []
        faults = faults_of(outcome, bench.before, hashes_of_all(bench.trial))
        if mounts:
            leave(bench, None)
        again = bench.run(verb)
        if again.returncode:
            faults.append(f"run again: exit code {again.returncode}: {again.stderr[-700:]}")
        return True, faults + [f"run again: {fault}" for fault in bench.faults(name)]


def sizes_of(bench: Bench, name: str, n: int, *, mounts: bool) -> list[int]:
    """Bytes of room, spread over what the verb writes."""
    bench.begin(VERBS[name])
    whole = {path: path.stat().st_size for path in bench.whole.rglob("*") if path.is_file()}
    made = [size for path, size in whole.items() if not (bench.trial / path.relative_to(bench.whole)).exists()]
    if not made:
        return []
    most = sum(made) if mounts else max(made)
    return [round(most * (k + 0.5) / n) for k in range(n)]


def main() -> None:
    """Fill, look, run again, compare, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, default=20)
    parser.add_argument("--verbs", default=",".join(VERBS))
    parser.add_argument("--folder", type=Path, help="Where to work; what is made there first is used again.")
    parser.add_argument("--limit", action="store_true", help="Limit files even where a disk can be had.")
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()
    report: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.folder or Path(folder))
        bench.make()
        mounts = not options.limit and may_mount(bench.folder / "disk")
        for name in options.verbs.split(","):
            full, faults = 0, []
            for room in sizes_of(bench, name, options.sizes, mounts=mounts):
                was_full, found = trial(bench, name, room, mounts=mounts)
                full += was_full
                faults += [f"{room:,} bytes: {fault}" for fault in found]
            report[name] = {"trials": options.sizes, "full": full, "faults": faults}
            print(name, json.dumps(report[name], indent=1), flush=True)
    machine = {"processors": os.cpu_count(), "python": platform.python_version()}
    how = "a disk that is full" if mounts else "files that may not grow"
    options.output.write_text(json.dumps({"machine": machine, "how": how, "verbs": report}, indent=2) + "\n")
    sys.exit(any(verb["faults"] for verb in report.values()))


if __name__ == "__main__":
    main()
