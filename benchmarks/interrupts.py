"""Ctrl-C and SIGTERM in every verb, at moments spread over its whole running time and over all its file operations.

Each trial runs a verb on a copy of a small cache from which the verb's own results were removed, and sends a signal
(Ctrl-C to the whole process group, as a terminal does; SIGTERM to the command alone, as ``kill`` and batch systems do).
It checks the exit code, the messages, how long the command took to end, and which processes still exist 2 s later; then
it runs the same command again, and compares the results with those of an undisturbed run.

    python benchmarks/interrupts.py [--moments 6] [--verbs train,predict] [--output results/interrupts.json]
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parent))

from matrix import Found, run
from ready import AtFile
from verbs import VERBS, Bench, Verb

SENTENCE = "interrupted: rerun the same command to resume"
SECONDS_TO_LEAVE = 2.0  # for worker processes, after the command has ended
SIGNALS = {"Ctrl-C": (signal.SIGINT, 130), "SIGTERM": (signal.SIGTERM, 143)}


@dataclass(frozen=True)
class Moment:
    """When a signal is sent: after some processor seconds, or at the n-th file operation."""

    seconds: float = 0.0
    n: int = 0

    def __str__(self) -> str:
        return f"at its file {self.n}" if self.n else f"after {self.seconds:.2f} s"


def interrupted(bench: Bench, verb: Verb, moment: Moment, name: str) -> dict[str, Any]:
    """Send a command a signal, and return what became of it."""
    (number, exit_code), to_all = SIGNALS[name], name == "Ctrl-C"
    running = bench.start(verb, signalled=AtFile(moment.n, number, to_all) if moment.n else None)
    came_in_time = bool(moment.n) or running.signalled_after(moment.seconds, number, to_all=to_all)
    sent = time.monotonic()
    outcome = running.ended()
    took = time.monotonic() - sent
    if outcome.returncode in (0, -number) and "Traceback" not in outcome.stderr:  # it had ended, or had not begun
        return {"came": "late" if outcome.returncode == 0 or not came_in_time else "early"}
    while (orphans := _left(running.session)) and time.monotonic() - sent - took < SECONDS_TO_LEAVE:
        time.sleep(0.1)
    faults = []
    if outcome.returncode != exit_code:
        faults.append(f"exit code {outcome.returncode}")
    lines = outcome.stderr.strip().splitlines()
    if not lines or lines[-1] != SENTENCE or any(word in outcome.stderr for word in ("Traceback", "Warning", "Error")):
        faults.append(f"told {outcome.stderr[-600:]!r}")
    if orphans:
        faults.append(f"{len(orphans)} processes are left")
    # when a signal at a file operation was sent is unknown
    return {"came": "in time", "seconds to the end": 0.0 if moment.n else round(took, 2), "faults": faults}


def _left(session: int) -> list[int]:
    return [process.pid for process in psutil.process_iter() if _is_of(process, session)]


def _is_of(process: psutil.Process, session: int) -> bool:
    try:
        return os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.Error):
        return False


def undisturbed(bench: Bench, verb: Verb) -> Moment:
    """Run a verb undisturbed; return its processor seconds and its number of file operations."""
    bench.begin(verb)
    running = bench.start(verb)
    running.ended()
    return Moment(running.used(), running.n_files())


def of_verb(bench: Bench, name: str, options: argparse.Namespace) -> Found:
    """Try a verb with both signals at all moments, of both kinds in turn."""
    trials, ends, faults, came = 0, [0.0], [], Counter[str]()
    end = undisturbed(bench, VERBS[name])
    for of_signal in SIGNALS:
        first, last = 0.0, end.seconds  # signals before the first come too early, those after the last too late
        for k in range(options.moments):
            bench.begin(VERBS[name])
            share = (k + 0.5) / options.moments
            seconds = first + share * (last - first)
            moment = Moment(n=max(1, round(share * end.n))) if k % 2 else Moment(seconds)
            found = interrupted(bench, VERBS[name], moment, of_signal)
            came[found["came"]] += 1
            if found["came"] != "in time":
                if not moment.n:
                    first, last = (seconds, last) if found["came"] == "early" else (first, seconds)
                continue
            trials += 1
            ends.append(found["seconds to the end"])
            faults += [f"{of_signal} {moment}: {fault}" for fault in found["faults"]]
            again = bench.run(VERBS[name])
            if again.returncode:
                faults.append(f"run again: exit code {again.returncode}: {again.stderr[-600:]}")
            faults += [f"run again: {fault}" for fault in bench.faults(name)]
    return {
        "interrupts": trials,
        "too early or late": came.total() - trials,
        "longest end, s": max(ends),
        "faults": faults,
    }


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--moments", type=int, default=6)
    run(arguments, Path(__file__).parent / "results" / "interrupts.json", of_verb)
