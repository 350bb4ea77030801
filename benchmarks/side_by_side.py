"""Every verb together with every other, and with itself, on one cache: two processes that begin at the same moment.

Expected: each succeeds, or ends with one error message that names the other; neither loses what the other wrote; when
both have ended, both can be run again, and then the results are those of an undisturbed run of each, with nothing
unfinished.

    python benchmarks/side_by_side.py [--verbs train,predict,...] [--times 2] [--output results/side-by-side.json]
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from matrix import Found, run
from verbs import VERBS, Bench, Verb


def both(bench: Bench, names: tuple[str, str]) -> tuple[list[str], list[str]]:
    """Run two commands at the same time; return how each ended, and what is wrong."""
    makes = tuple(pattern for name in names for pattern in VERBS[name].makes)
    bench.begin(Verb([], makes))
    commands = [bench.start(VERBS[name]) for name in names]
    ends, faults = [], []
    for name, running in zip(names, commands, strict=True):
        outcome = running.ended()
        told = outcome.stderr
        ends.append("well" if outcome.returncode == 0 else "with a sentence")
        sentences = [line for line in told.splitlines() if line.startswith("Error: ")]
        if outcome.returncode not in (0, 1) or "Traceback" in told or (outcome.returncode and len(sentences) != 1):
            faults.append(f"{name}: exit code {outcome.returncode}: {told[-700:]!r}")
    for name in sorted(names, key=list(VERBS).index):
        again = bench.run(VERBS[name])
        if again.returncode and "cache prune" not in names:
            faults.append(f"{name} again: exit code {again.returncode}: {again.stderr[-700:]!r}")
        if "cache prune" not in names:
            faults += [f"{name} again: {fault}" for fault in bench.faults(name)]
    return ends, faults


def pairs(verbs: list[str]) -> list[str]:
    """Return all pairs of verbs, each verb also with itself."""
    return [" | ".join(pair) for pair in itertools.combinations_with_replacement(verbs, 2)]


def of_pair(bench: Bench, pair: str, options: argparse.Namespace) -> Found:
    """Run a pair of verbs; return how often each of them ended in which way, and what is wrong."""
    one, other = pair.split(" | ")
    ends: list[Counter[str]] = [Counter(), Counter()]
    faults: list[str] = []
    for _ in range(options.times):
        ended, found = both(bench, (one, other))
        for counter, end in zip(ends, ended, strict=True):
            counter[end] += 1
        faults += found
    return {"ended": [dict(counter) for counter in ends], "faults": faults}


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--times", type=int, default=1)
    run(arguments, Path(__file__).parent / "results" / "side-by-side.json", of_pair, pairs)
