"""What every verb reports when it may not read one of the files or folders that it reads.

What a verb reads is determined from the times of last access after an undisturbed run. One file or folder of each kind
at a time loses its permissions, and the verb runs as a user to whom permissions apply (root, too: it gives up the
capability to read everything).

Expected: a message with "cannot read", or a recording that is reported with "Permission denied"; never a traceback, and
never a message that something is empty, gone, missing or damaged, or should be deleted; everything that was there is
still there.

    python benchmarks/permissions.py [--verbs train,predict] [--output results/permissions.json]
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from matrix import Found, run
from verbs import VERBS, Bench, Verb, hashes_of_all

LONG_AGO = 86_400.0
UNTRUE = re.compile(
    r"Traceback|\bdelete|\bdamaged|\bremove it|\b[1-9][0-9]* gone|\bis gone|not exist|not found|is missing|is empty"
)

REFUSED = re.compile(
    r"Permission denied|cannot be read left out|\(1 unreadable\)|not[\s|\u2502]+readable"
)  # the last is click's wording


def kind_of(path: Path) -> str:
    """Return a path with numbers and hashes replaced, which differ between files of one kind."""
    return re.sub(r"[0-9a-f]{16,}|[0-9]+", "N", str(path))


def read_by(bench: Bench, verb: Verb) -> dict[str, Path]:
    """Return what a verb reads, one path per kind, relative to the trial: files, and all folders above them."""
    bench.begin(verb)
    there = [path for path in sorted(bench.trial.rglob("*")) if not path.is_symlink()]
    for path in there:
        os.utime(path, (LONG_AGO, path.stat().st_mtime))
    outcome = bench.run(verb)
    if outcome.returncode:
        raise SystemExit(outcome.stderr)
    read = [path for path in there if path.exists() and path.stat().st_atime > LONG_AGO]
    folders = {parent for path in read for parent in path.parents if bench.trial in parent.parents}
    found = [path.relative_to(bench.trial) for path in sorted({*read, *folders})]
    return {kind_of(path): path for path in reversed(found)}


def trial(bench: Bench, name: str, path: Path) -> tuple[str, list[str]]:
    """Run a verb with a path that may not be read; return what was reported, and what is wrong."""
    verb, forbidden = VERBS[name], bench.trial / path
    mode = forbidden.stat().st_mode
    forbidden.chmod(0)
    outcome = bench.start(verb, rights_count=True).ended()
    if forbidden.exists():
        forbidden.chmod(mode)
    told, faults = outcome.stderr + outcome.stdout, []
    after = hashes_of_all(bench.trial)
    kept = {path for path in bench.before if not any(fnmatch.fnmatch(path, f"{freed}/*") for freed in verb.frees)}
    faults += [f"{lost} is lost" for lost in sorted(kept) if after.get(lost) != bench.before[lost]]
    if untrue := UNTRUE.search(told):
        faults.append(f"tells {untrue.group()!r}: {told[-700:]!r}")
    if REFUSED.search(told):
        end = "told" if outcome.returncode else "told, and went on"
    else:
        end = "not needed"
        if outcome.returncode:
            faults.append(f"exit code {outcome.returncode}: {told[-700:]!r}")
        elif bench.faults(name):
            faults.append(f"made something else, and told {told[-700:]!r}")
    if end != "told":
        bench.begin(verb)
    return end, faults


def of_verb(bench: Bench, name: str, options: argparse.Namespace) -> Found:
    """Try a verb with all kinds of files and folders that it reads."""
    read = read_by(bench, VERBS[name])
    bench.begin(VERBS[name])
    ends, faults = {}, []
    for kind, path in read.items():
        ends[kind], found = trial(bench, name, path)
        faults += [f"{kind}: {fault}" for fault in found]
    return {"kinds": ends, "faults": faults}


if __name__ == "__main__":
    run(argparse.ArgumentParser(), Path(__file__).parent / "results" / "permissions.json", of_verb)
