"""SIGKILL at random moments in every verb, until what it makes is there; then compared, byte by byte.

Each series begins with a copy of a small cache from which the verb's own work was taken. The command is killed after a
random time and run again, over and over, each other time alone (its workers must notice) and with all its workers;
when it has ended well, what it made is compared with what an undisturbed one made, and nothing unfinished may be left.

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
from verbs import VERBS, Bench, temporaries

MOST_KILLS_A_SERIES = 6


def series(bench: Bench, name: str, n_kills: int, g: random.Random) -> tuple[int, int, list[str]]:
    """How often it was killed, how often while something was unfinished, and what is wrong in the end."""
    verb = VERBS[name]
    bench.begin(verb)
    killed = unfinished = 0
    while killed < n_kills:
        running = bench.start(verb)
        running.signalled_after(g.uniform(0, 0.9 * bench.seconds[name]), SIGKILL, to_all=killed % 2 == 1)
        if running.ended().returncode != -SIGKILL:
            break
        killed += 1
        unfinished += bool(temporaries(bench.trial))
    outcome = bench.run(verb)
    faults = [f"exit code {outcome.returncode}: {outcome.stderr[-700:]}"] if outcome.returncode else []
    return killed, unfinished, faults + bench.faults(name)


def of_verb(bench: Bench, name: str, options: argparse.Namespace) -> Found:
    """As many series as it takes."""
    g = random.Random(f"{options.seed} {name}")
    kills = unfinished = n_series = 0
    faults: list[str] = []
    while kills < options.kills and n_series < options.kills:
        killed, halves, found = series(bench, name, min(options.kills - kills, MOST_KILLS_A_SERIES), g)
        kills, unfinished, n_series, faults = kills + killed, unfinished + halves, n_series + 1, faults + found
    return {"kills": kills, "while something was unfinished": unfinished, "series": n_series, "faults": faults}


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--kills", type=int, default=10, help="At least, of each verb.")
    arguments.add_argument("--seed", type=int, default=0)
    run(arguments, Path(__file__).parent / "results" / "kills.json", of_verb)
