"""SIGKILL at random moments in every verb, until its results are complete; then these are compared, byte by byte.

Each series begins with a copy of a small cache from which the verb's own results were removed. The command is killed
and run again, over and over, alternately alone (its workers must notice) and with all its workers: after a random time,
or at its n-th file operation, or as soon as one of the first few files that it writes exists under its temporary name,
half-written. When it has succeeded, its results are compared with those of an undisturbed run, and nothing unfinished
may be left.

    python benchmarks/kills.py [--kills 10] [--verbs train,reproduce] [--seed 0] [--output results/kills.json]
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path
from signal import SIGKILL

sys.path.insert(0, str(Path(__file__).parent))

from matrix import Found, run
from ready import AtFile
from verbs import VERBS, Bench, temporaries

MOST_KILLS_A_SERIES = 6
MOST_FILES = 3


class Nth:
    """Condition that ``n`` files have been begun, and that one of them still exists under its temporary name."""

    def __init__(self, n: int, bench: Bench) -> None:
        self._n, self._bench = n, bench
        self._before = set(temporaries(bench.trial))  # left by the command that was killed before
        self._seen: set[Path] = set()

    def __call__(self) -> bool:
        """Return whether the condition holds now."""
        there = set(temporaries(self._bench.trial)) - self._before
        self._seen |= there
        return len(self._seen) >= self._n and bool(there)


def killed(bench: Bench, name: str, n_files: int, g: random.Random, *, to_all: bool) -> bool:
    """Start a command and kill it at a random moment; return whether it was killed before it had ended."""
    way = g.choice(("file", "begun", "time"))
    at_file = AtFile(g.randint(1, n_files), SIGKILL, to_all) if way == "file" else None
    running = bench.start(VERBS[name], signalled=at_file)
    if way == "begun":
        running.signalled_when(Nth(g.randint(1, MOST_FILES), bench), SIGKILL, to_all=to_all)
    elif way == "time":
        running.signalled_after(g.uniform(0, 0.9 * bench.seconds[name]), SIGKILL, to_all=to_all)
    return running.ended().returncode == -SIGKILL


def series(bench: Bench, name: str, n_kills: int, n_files: int, g: random.Random) -> tuple[int, int, list[str]]:
    """Return the number of kills, how many of them left something unfinished, and what is wrong in the end."""
    bench.begin(VERBS[name])
    n_killed = unfinished = 0
    while n_killed < n_kills and killed(bench, name, n_files, g, to_all=n_killed % 2 == 1):
        n_killed += 1
        unfinished += bool(temporaries(bench.trial))
    outcome = bench.run(VERBS[name])
    faults = [f"exit code {outcome.returncode}: {outcome.stderr[-700:]}"] if outcome.returncode else []
    return n_killed, unfinished, faults + bench.faults(name)


def of_verb(bench: Bench, name: str, options: argparse.Namespace) -> Found:
    """Run as many series of a verb as it takes to reach the number of kills."""
    g = random.Random(f"{options.seed} {name}")
    bench.begin(VERBS[name])
    undisturbed = bench.start(VERBS[name])
    undisturbed.ended()
    n_files = undisturbed.n_files()
    kills = unfinished = n_series = 0
    faults: list[str] = []
    while kills < options.kills and n_series < options.kills:
        n_killed, halves, found = series(bench, name, min(options.kills - kills, MOST_KILLS_A_SERIES), n_files, g)
        kills, unfinished, n_series, faults = kills + n_killed, unfinished + halves, n_series + 1, faults + found
    return {"kills": kills, "while something was unfinished": unfinished, "series": n_series, "faults": faults}


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--kills", type=int, default=10, help="At least, of each verb.")
    arguments.add_argument("--seed", type=int, default=0)
    run(arguments, Path(__file__).parent / "results" / "kills.json", of_verb)
