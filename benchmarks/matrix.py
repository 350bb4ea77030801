"""Trials of every verb, with all findings in one file.

Shared by ``interrupts.py``, ``full_disk.py``, ``permissions.py``, ``kills.py`` and ``side_by_side.py``.

- :func:`run`: try verb after verb; findings are written as soon as a verb is done, and earlier ones stay
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
"""Findings of a trial; ``faults`` is empty if all is well."""


def run(
    parser: argparse.ArgumentParser,
    output: Path,
    trial: Callable[[Bench, str, argparse.Namespace], Found],
    names: Callable[[list[str]], Iterable[str]] = lambda verbs: verbs,
) -> None:
    """Try each verb, print and write the findings, and end the process, with 1 if there are faults.

    Parameters
    ----------
    parser : ArgumentParser
        Parser with the options of the trial; ``--verbs``, ``--folder`` and ``--output`` are added.
    output : Path
        File for the results, unless ``--output`` is given.
    trial : callable
        Function: bench, name and options -> findings.
    names : callable
        Function: verbs -> names of what is tried, such as pairs of verbs.
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
