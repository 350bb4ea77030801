"""``sedpipe status``: what each stage has and lacks, and which command comes next.

- :func:`status`: looks, changes nothing
- :func:`export_clips`: what is known of each clip, as a table
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.ledger import read_ledgers, write_entries
from sedpipe.io.cache.runs import Run, named_run
from sedpipe.io.cache.table_folder import Table, tables_of
from sedpipe.io.files.locks import is_held
from sedpipe.steps.tally import tally, tally_classes

CELL_STATES = ("done", "under_way", "begun", "failed", "missing")
"""Of a table's cells: ``under_way`` while a process trains its run, ``begun`` where one was stopped."""


@dataclass(frozen=True)
class StatusReport:
    """Counts by stage and split, the command to run next and, where asked for, clips by split and class."""

    dataset: str
    stages: dict[str, Any]
    next: str
    classes: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)


def status(dataset: Dataset, address: str = "", *, classes: bool = False) -> StatusReport:
    """What the cache holds of a dataset.

    Parameters
    ----------
    dataset : Dataset
        Downloaded or not.
    address : str, optional
        How commands call the dataset (a name, or the path of its TOML); the name by default.
    classes : bool
        Count clips by class, too.

    Returns
    -------
    StatusReport
        ``stages`` holds ``download`` (clips by state and reason, a split), ``features`` (clips stored and failed a
        split, by fingerprint), ``train`` (finished or epochs done, by run), ``score`` (scored splits, by run) and
        ``reproduce`` (cells by state, by table).
    """
    cache, address = dataset, address or dataset.name
    record = cache.find_record()
    if record is None or not cache.clips_path.exists():
        empty: dict[str, Any] = {"download": {}, "features": {}, "train": {}, "score": {}, "reproduce": {}}
        return StatusReport(dataset.name, empty, f"sedpipe download {address}")
    runs = [Run(path.parent) for path in sorted(cache.runs.glob("*/run.json"))]
    stages = {
        "download": tally(cache, record),
        "features": {
            folder.name: _stored(folder)
            for folder in sorted((cache.folder / "features").glob("[!.]*"))
            if folder.is_dir()
        },
        "train": {run.name: _progress(run) for run in runs},
        "score": {run.name: _scored(run) for run in runs},
        "reproduce": {table.folder.name: _grid(cache, table) for table in tables_of(cache)},
    }
    by_class = tally_classes(cache, record) if classes else {}
    return StatusReport(dataset.name, stages, _next(stages, address), by_class)


def export_clips(dataset: Dataset, path: Path) -> int:
    """Write what the download knows of each clip as a table, tab-separated; returns how many rows.

    Raises
    ------
    MissingStageError
        If nothing was downloaded.
    """
    dataset.read_record()
    entries = read_ledgers(dataset.folder)
    write_entries(path, entries.values())
    return len(entries)


def _stored(folder: Path) -> dict[str, dict[str, int]]:
    return {
        path.stem: {"clips": len(FeatureFile(path).clip_ids), "failed": _failed(path)}
        for path in sorted(folder.glob("[!.]*.h5"))
    }


def _failed(store: Path) -> int:
    """Clips whose audio could not be used."""
    problems = store.with_suffix(".failed.tsv")
    return len(problems.read_text(encoding="utf-8").splitlines()) - 1 if problems.exists() else 0


def _progress(run: Run) -> dict[str, Any]:
    epochs = len(run.log_path.read_text(encoding="utf-8").splitlines()) - 1 if run.log_path.exists() else 0
    return {"finished": run.is_finished, "epochs": epochs}


def _scored(run: Run) -> list[str]:
    return sorted(path.stem.removeprefix("scores-") for path in run.folder.glob("scores-*.json"))


def _grid(cache: Dataset, table: Table) -> dict[str, Any]:
    """How many cells there are, are done, under way, begun and left, or failed; and each that it was asked for."""
    record, done, failures = table.find_record(), table.done, table.failures
    cells: dict[str, dict[str, Any]] = {name: {"state": "done"} for name in sorted(done)}
    for name, run_name in (record.runs if record else {}).items():
        run = named_run(cache, run_name)
        cells[name] = {"state": "done" if name in done else _state(run, failures.get(name)), "run": run_name}
        if cells[name]["state"] not in ("done", "missing"):
            cells[name] |= {"epochs": run.n_epochs, "of": record.epochs if record else 0}
        if cells[name]["state"] == "failed":
            cells[name]["reason"] = failures[name]
    states = Counter(cell["state"] for cell in cells.values())
    return {"all": len(cells), **{state: states[state] for state in CELL_STATES}, "cells": cells}


def _state(run: Run, failure: str | None) -> str:
    if is_held(run.lock_path):
        return "under_way"
    if failure is not None:
        return "failed"
    return "begun" if run.record_path.exists() else "missing"


def _next(stages: dict[str, Any], address: str) -> str:
    """The first command whose result is missing."""
    available = {split: counts["ok"] for split, counts in stages["download"].items() if counts["listed"]}
    if not any(available.values()):
        return f"sedpipe download {address}"
    featured = [
        all(sum(stored.get(split, {}).values()) >= ok for split, ok in available.items())
        for stored in stages["features"].values()
    ]
    if not any(featured):
        return f"sedpipe features {address}"
    finished = [name for name, run in stages["train"].items() if run["finished"]]
    if not finished:
        return f"sedpipe train {address}"
    unscored = [name for name in finished if "evaluation" not in stages["score"][name]]
    return f"sedpipe score {address} --run {unscored[0] if unscored else finished[-1]}"
