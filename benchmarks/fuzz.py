"""Damaged input of every kind for everything that reads it: no traceback, no hang, no message of several pages.

Each surface of ``tests/fuzz/surfaces.py`` is a file of a small folder with the code that reads it, or a command line.
It is damaged as drawn by a seed and read in a separate process, so that an input that makes it hang or crash is counted
and the process ended. For inputs that are read in spite of the damage, the results that equal that of the undamaged
input are counted; ``--accepted`` writes down the others, for a person to look at.

    python benchmarks/fuzz.py --inputs 20000 --seed 1 --output benchmarks/results/fuzz.json
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "pipeline"), str(ROOT / "tests")]

MOST_SECONDS = 20.0
"""Processor seconds for one input; an input that takes longer counts as a hang."""
MOST_SECONDS_OF_WAITING = 180.0
"""Seconds for one input, whether the process computes or waits."""
SLOW_SHARE = 1 / 10
"""Number of inputs of a surface that trains, scores or draws, relative to that of other surfaces."""
PROCESSES = multiprocessing.get_context("spawn")


@dataclass
class Surfaced:
    """Outcomes of the inputs of one surface."""

    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    read_as_the_whole_file: int = 0
    slowest_s: float = 0.0


def told_of(surfaced: Surfaced) -> dict[str, Any]:
    """Return the outcomes for JSON; ``asdict`` would turn a counter into a count of its pairs."""
    return {**vars(surfaced), "outcomes": dict(surfaced.outcomes)}


def plan(n_inputs: int) -> Iterator[tuple[int, int]]:
    """Yield numbers of surfaces and of their inputs, about ``n_inputs`` in all, with fewer inputs for slow surfaces."""
    from fuzz.surfaces import SURFACES

    weights = [SLOW_SHARE if surface.is_slow else 1.0 for surface in SURFACES]
    for k, weight in enumerate(weights):
        for n in range(round(n_inputs * weight / sum(weights))):
            yield k, n


def read_all(pipe: Connection, seed: int, made: str, folder: str) -> None:
    """Read the inputs that are requested through the pipe, one after another; runs in a process of its own."""
    from fuzz.surface import Ground
    from fuzz.surfaces import SURFACES

    ground = Ground(Path(shutil.copytree(made, folder)))
    whole: dict[int, str] = {}
    pipe.send("ready")
    while True:
        k, n = pipe.recv()
        surface = SURFACES[k]
        if k not in whole:
            whole[k] = ground.told(surface, None).said
        found = ground.told(surface, f"{seed}-{surface.name}-{n}")
        pipe.send((asdict(found), found.said == whole[k]))


class Reader:
    """The process that reads inputs; it is restarted whenever it had to be ended."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._seed, self._folder, self._number = seed, folder, 0
        self._begin()

    def _begin(self) -> None:
        self._number += 1
        self._pipe, theirs = PROCESSES.Pipe()
        where = str(self._folder / str(self._number))
        arguments = (theirs, self._seed, str(self._folder / "made"), where)
        self._process = PROCESSES.Process(target=read_all, args=arguments)  # not a daemon, which may not have children
        self._process.start()
        theirs.close()
        self._pipe.recv()  # sent once everything is imported

    def read(self, k: int, n: int) -> tuple[dict[str, str], bool]:
        """Read an input; return how it ended, and whether the result is that of the undamaged input."""
        self._pipe.send((k, n))
        begun, used = time.monotonic(), self._used()
        try:
            while not (is_there := self._pipe.poll(1.0)):
                if self._used() - used > MOST_SECONDS or time.monotonic() - begun > MOST_SECONDS_OF_WAITING:
                    break
            if is_there:
                answer: tuple[dict[str, str], bool] = self._pipe.recv()
                return answer
            outcome = "hang"
        except (EOFError, ConnectionError, psutil.NoSuchProcess):
            outcome = "crash"
        self.end()
        said = f"exit code {self._process.exitcode}"
        self._begin()
        return {"outcome": outcome, "said": said, "place": ""}, False

    def _used(self) -> float:
        """Return the processor seconds of the process so far: on a busy machine, one that waits does not hang."""
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def fuzz(n_inputs: int, seed: int, folder: Path, accepted: IO[str]) -> dict[str, Any]:
    """Read all inputs and return the summary."""
    from fuzz.ground import make
    from fuzz.surfaces import SURFACES

    make(folder / "made")
    found = {surface.name: Surfaced() for surface in SURFACES}
    bad: dict[tuple[str, str], list[str]] = {}
    reader, begun = Reader(seed, folder), time.monotonic()
    for k, n in plan(n_inputs):
        name, started = SURFACES[k].name, time.monotonic()
        told, is_whole = reader.read(k, n)
        of_surface = found[name]
        of_surface.inputs += 1
        of_surface.outcomes[told["outcome"]] += 1
        of_surface.read_as_the_whole_file += told["outcome"] == "read" and is_whole
        of_surface.slowest_s = max(of_surface.slowest_s, round(time.monotonic() - started, 2))
        if told["outcome"] == "read" and not is_whole:
            accepted.write(json.dumps({"surface": name, "input": f"{seed}-{name}-{n}", "said": told["said"]}) + "\n")
        if told["outcome"] not in ("read", "refused"):
            place = told["place"].removeprefix(f"{ROOT}/")
            bad.setdefault((told["outcome"], place), []).append(f"{seed}-{name}-{n}: {told['said']}")
            print(told["outcome"], place, f"{seed}-{name}-{n}", told["said"][:300], file=sys.stderr, flush=True)
    reader.end()
    outcomes = sum((of_surface.outcomes for of_surface in found.values()), Counter())
    return {
        "inputs": sum(of_surface.inputs for of_surface in found.values()),
        "seed": seed,
        **{name: outcomes[name] for name in ("read", "refused", "traceback", "long", "unprintable", "hang", "crash")},
        "read_as_the_whole_file": sum(of_surface.read_as_the_whole_file for of_surface in found.values()),
        "seconds": round(time.monotonic() - begun),
        "surfaces": {name: told_of(of_surface) for name, of_surface in found.items()},
        "bad": [
            {"outcome": outcome, "place": place, "inputs": len(inputs), "examples": inputs[:3]}
            for (outcome, place), inputs in bad.items()
        ],
        "python": platform.python_version(),
    }


def main() -> None:
    """Fuzz, print the summary, and add it to a file of summaries."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="a JSON of summaries, one a seed; that of this seed is replaced")
    parser.add_argument("--accepted", type=Path, default=Path(os.devnull), help="what was read to something else")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with (
        tempfile.TemporaryDirectory(prefix="sedpipe-fuzz-") as folder,
        arguments.accepted.open("w", encoding="utf-8") as accepted,
    ):
        summary = fuzz(arguments.inputs, arguments.seed, Path(folder), accepted)
    print(json.dumps({name: value for name, value in summary.items() if name != "surfaces"}, indent=2))
    if arguments.output is not None:
        there = json.loads(arguments.output.read_text()) if arguments.output.exists() else {}
        there[str(arguments.seed)] = summary
        arguments.output.write_text(json.dumps(there, indent=2) + "\n", encoding="utf-8")
    sys.exit(bool(summary["bad"]))


if __name__ == "__main__":
    main()
