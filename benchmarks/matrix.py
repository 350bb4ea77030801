"""A trial of every verb, told in one file.

Shared by ``interrupts.py``, ``full_disk.py``, ``permissions.py``, ``kills.py`` and ``side_by_side.py``.

- :func:`run`: verb after verb; each is told as soon as it is done, and those told before stay
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from verbs import VERBS, Bench

Found = dict[str, Any]
"""What was found; ``faults`` is empty where all is well."""


def run(
    parser: argparse.ArgumentParser,
    output: Path,
    trial: Callable[[Bench, str, argparse.Namespace], Found],
    names: Callable[[list[str]], Iterable[str]] = lambda verbs: verbs,
) -> None:
    """Try each verb, print and write what is found; ends the process, with 1 if there are faults.

    Parameters
    ----------
    parser : ArgumentParser
        Of what a trial needs to be told; ``--verbs``, ``--folder`` and ``--output`` are added.
    output : Path
        Where results are written, unless ``--output`` is given.
    trial : callable
        Bench, name and options -> what is found.
    names : callable
        Verbs -> what is tried, such as pairs of them.
    """
    parser.add_argument("--verbs", default=",".join(VERBS))
    parser.add_argument("--folder", type=Path, help="Where to work; what is made there first is used again.")
    parser.add_argument("--output", type=Path, default=output)
    options = parser.parse_args()
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.folder or Path(folder))
        bench.make()
        for name in names(options.verbs.split(",")):
            found = trial(bench, name, options)
            print(name, json.dumps(found, indent=1), flush=True)
            _keep(options.output, name, found)
            faults += bool(found["faults"])
    sys.exit(bool(faults))


def _keep(output: Path, name: str, found: Found) -> None:
    told = json.loads(output.read_text()) if output.exists() else {}
    machine = {"processors": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
    output.write_text(
        json.dumps({"machine": machine, "found": {**told.get("found", {}), name: found}}, indent=2) + "\n"
    )
