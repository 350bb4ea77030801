"""Every verb beside every other, and beside itself, on one cache: two processes that begin at the same moment.

Looked for: each ends well, or with one sentence that names the other; none loses what the other wrote; when both have
ended, both can be run again, and then there is what an undisturbed run of each makes, and nothing unfinished.

    python benchmarks/side_by_side.py [--verbs train,predict,...] [--times 2] [--output results/side-by-side.json]
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from verbs import VERBS, Bench, Verb, command, environment

RESULT = Path(__file__).parent / "results" / "side-by-side.json"


def both(bench: Bench, names: tuple[str, str]) -> tuple[list[str], list[str]]:
    """How each of two commands ended, and what is wrong."""
    makes = tuple(pattern for name in names for pattern in VERBS[name].makes)
    bench.begin(Verb([], makes))
    processes = [
        subprocess.Popen(
            command(VERBS[name]), cwd=bench.trial, env=environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for name in names
    ]  # fmt: skip
    ends, faults = [], []
    for name, process in zip(names, processes, strict=True):
        _, told = process.communicate()
        ends.append("well" if process.returncode == 0 else "with a sentence")
        sentences = [line for line in told.splitlines() if line.startswith("Error: ")]
        if process.returncode not in (0, 1) or "Traceback" in told or (process.returncode and len(sentences) != 1):
            faults.append(f"{name}: exit code {process.returncode}: {told[-700:]!r}")
    for name in sorted(names, key=list(VERBS).index):
        again = bench.run(VERBS[name])
        if again.returncode and "cache prune" not in names:
            faults.append(f"{name} again: exit code {again.returncode}: {again.stderr[-700:]!r}")
        if "cache prune" not in names:
            faults += [f"{name} again: {fault}" for fault in bench.faults(name)]
    return ends, faults


def main() -> None:
    """Every pair, printed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--verbs", default=",".join(VERBS))
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="Where to work; what is made there first is used again.")
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()
    report: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.folder or Path(folder))
        bench.make()
        for names in itertools.combinations_with_replacement(options.verbs.split(","), 2):
            ends: list[Counter[str]] = [Counter(), Counter()]
            faults: list[str] = []
            for _ in range(options.times):
                ended, found = both(bench, names)
                for counter, end in zip(ends, ended, strict=True):
                    counter[end] += 1
                faults += found
            pair = " | ".join(names)
            report[pair] = {"ended": [dict(counter) for counter in ends], "faults": faults}
            print(pair, json.dumps(report[pair]), flush=True)
    machine = {"processors": os.cpu_count(), "python": platform.python_version()}
    options.output.write_text(json.dumps({"machine": machine, "pairs": report}, indent=2) + "\n")
    sys.exit(any(pair["faults"] for pair in report.values()))


if __name__ == "__main__":
    main()
