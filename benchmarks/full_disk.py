"""A disk that fills up at 20 points of every verb's work: which error is reported, and whether anything is lost.

Each trial runs a verb on a copy of a small cache from which the verb's own results were removed, on a disk (a tmpfs)
that has room for only a part of what it writes; where mounting one is not permitted, the size of files is limited
instead (``RLIMIT_FSIZE``). Then the disk is enlarged, and the same command runs again.

Expected: exit code 1 and an error message, or 3 and a message for each part that failed if there are several; no
traceback; everything that was there before is still there, byte for byte; the second run succeeds and makes what an
undisturbed one makes.

    python benchmarks/full_disk.py [--sizes 20] [--verbs train,predict] [--limit] [--output results/full-disk.json]
    unshare -rm python benchmarks/full_disk.py    # a disk of its own without being root
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from matrix import Found, run
from verbs import VERBS, Bench, Verb, hashes_of_all

PAGES = 8 * 4096
A_MESSAGE = 300
"""Lowest limit for the size of files, in bytes: messages go into a file, which needs this much room."""
NEW_MOUNTS = 0x20000  # CLONE_NEWNS, unshare(2)


def may_mount(folder: Path) -> bool:
    """Return whether this process may mount a disk of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=False, capture_output=True)
    if mounted.returncode == 0:
        subprocess.run(["umount", folder], check=True)
    return mounted.returncode == 0


@contextlib.contextmanager
def disk(bench: Bench, verb: Verb) -> Iterator[None]:
    """Put the trial on a disk of its own in the block."""
    shutil.rmtree(bench.trial, ignore_errors=True)
    bench.trial.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", bench.trial], check=True)
    try:
        bench.begin(verb, anew=False)
        yield
    finally:
        subprocess.run(["umount", "-l", bench.trial], check=True)


def leave(bench: Bench, room: int | None) -> None:
    """Resize the disk so that ``room`` bytes are free; with None, so that there is enough."""
    used = shutil.disk_usage(bench.trial).used
    size = "50%" if room is None else str(used + room)
    subprocess.run(["mount", "-o", f"remount,size={size}", bench.trial], check=True)


def faults_of(outcome: subprocess.CompletedProcess[str], before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return what is wrong with how a command ended."""
    told = outcome.stderr
    ends = {1: "rror: cannot ", 3: "failed: cannot "}  # a cell of `reproduce` that fails does not end it
    faults = [] if outcome.returncode in ends else [f"exit code {outcome.returncode}"]
    if "Traceback" in told or ends.get(outcome.returncode, "Error: ") not in told:
        faults.append(f"told {told[-700:]!r}")
    faults += [f"{path} is lost" for path in before if after.get(path) != before[path]]
    return faults


def trial(bench: Bench, name: str, room: int, *, mounts: bool) -> tuple[bool, list[str]]:
    """Run a verb with little room, then again; return whether the disk was full, and what is wrong."""
    verb = VERBS[name]
    with disk(bench, verb) if mounts else contextlib.nullcontext():
        if mounts:
            leave(bench, room)
            outcome = bench.run(verb)
        else:
            bench.begin(verb)
            outcome = bench.start(verb, most_bytes=room).ended()
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
    """Return ``n`` sizes in bytes, spread over what the verb writes; none if it makes no files."""
    bench.begin(VERBS[name])
    whole = {path: path.stat().st_size for path in bench.whole.rglob("*") if path.is_file()}
    made = [size for path, size in whole.items() if not (bench.trial / path.relative_to(bench.whole)).exists()]
    if not made:
        return []
    most = sum(made) if mounts else max(made)
    return [max(round(most * (k + 0.5) / n), 0 if mounts else A_MESSAGE) for k in range(n)]


def of_verb(bench: Bench, name: str, options: argparse.Namespace) -> Found:
    """Try a verb with all sizes."""
    mounts = not options.limit and may_mount(bench.folder / "disk")
    full, faults = 0, []
    sizes = sizes_of(bench, name, options.sizes, mounts=mounts)
    if mounts and sizes and sizes[-1] < PAGES:  # a tmpfs has room for a page, however small it is asked to be
        mounts, sizes = False, sizes_of(bench, name, options.sizes, mounts=False)
    for room in sizes:
        was_full, found = trial(bench, name, room, mounts=mounts)
        full += was_full
        faults += [f"{room:,} bytes: {fault}" for fault in found]
    how = "a disk that is full" if mounts else "files that may not grow"
    return {"how": how, "trials": len(sizes), "full": full, "faults": faults}


def have_mounts_of_ones_own() -> None:
    """Make mounts from now on invisible to other processes; they vanish when this process ends, however it ends."""
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNTS) == 0:
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)


if __name__ == "__main__":
    have_mounts_of_ones_own()
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--sizes", type=int, default=20)
    arguments.add_argument("--limit", action="store_true", help="Limit files even where a disk can be had.")
    run(arguments, Path(__file__).parent / "results" / "full-disk.json", of_verb)
