"""Ctrl-C and SIGTERM in every verb, at moments spread over its whole time.

Each trial runs a verb on a copy of a small cache from which its own work was taken, sends a signal (Ctrl-C to the
whole group of processes, as a terminal does, SIGTERM to the command alone, as ``kill`` and batch systems do), and
looks: the exit code, what was told, how long the end took, which processes are still there 2 s later; then runs the
same command again, and compares what it made with what an undisturbed run makes.

    python benchmarks/interrupts.py [--moments 6] [--verbs train,predict] [--output results/interrupts.json]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parent))

from verbs import VERBS, Bench, Verb, command, environment

SENTENCE = "interrupted: rerun the same command to resume"
SIGNALS = {"Ctrl-C": (signal.SIGINT, 130), "SIGTERM": (signal.SIGTERM, 143)}
RESULT = Path(__file__).parent / "results" / "interrupts.json"


def interrupted(bench: Bench, verb: Verb, seconds: float, name: str) -> dict[str, Any]:
    """What became of a command that was sent a signal after some seconds."""
    number, exit_code = SIGNALS[name]
    process = subprocess.Popen(
        command(verb), cwd=bench.trial, env=environment(), text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        (os.killpg if name == "Ctrl-C" else os.kill)(process.pid, number)
    else:
        process.communicate()
        return {"had ended": True}
    sent = time.monotonic()
    out, told = process.communicate()
    took = time.monotonic() - sent
    if process.returncode in (0, -number) and out and not told.count("Traceback"):  # was about to leave
        return {"had ended": True}
    time.sleep(max(0.0, 2.0 - took))
    orphans = [p.pid for p in psutil.process_iter() if _is_of(p, process.pid)]
    faults = []
    if process.returncode != exit_code:
        faults.append(f"exit code {process.returncode}")
    lines = told.strip().splitlines()
    if not lines or lines[-1] != SENTENCE or any(word in told for word in ("Traceback", "Warning", "Error")):
        faults.append(f"told {told[-600:]!r}")
    if orphans:
        faults.append(f"{len(orphans)} processes are left")
    return {"had ended": False, "seconds to the end": round(took, 2), "faults": faults}


def _is_of(process: psutil.Process, session: int) -> bool:
    try:
        return os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.Error):
        return False


def main() -> None:
    """Interrupt, run again, compare, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--moments", type=int, default=6)
    parser.add_argument("--verbs", default=",".join(VERBS))
    parser.add_argument("--folder", type=Path, help="Where to work; what is made there first is used again.")
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it puts into the background ignore it
    told: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.folder or Path(folder))
        bench.make()
        for name in options.verbs.split(","):
            trials, ends, faults = 0, [0.0], []
            for k in range(options.moments):
                for of_signal in SIGNALS:
                    bench.begin(VERBS[name])
                    seconds = 0.4 + (k + 0.5) / options.moments * bench.seconds[name]
                    found = interrupted(bench, VERBS[name], seconds, of_signal)
                    if found["had ended"]:
                        continue
                    trials += 1
                    ends.append(found["seconds to the end"])
                    faults += [f"{of_signal} after {seconds:.1f} s: {fault}" for fault in found["faults"]]
                    again = bench.run(VERBS[name])
                    if again.returncode:
                        faults.append(f"run again: exit code {again.returncode}: {again.stderr[-600:]}")
                    faults += [f"run again: {fault}" for fault in bench.faults(name)]
            told[name] = {"interrupts": trials, "longest end, s": max(ends), "faults": faults}
            print(name, json.dumps(told[name]), flush=True)
    machine = {"processors": os.cpu_count(), "python": platform.python_version()}
    options.output.write_text(json.dumps({"machine": machine, "verbs": told}, indent=2) + "\n")
    sys.exit(any(verb["faults"] for verb in told.values()))


if __name__ == "__main__":
    main()
