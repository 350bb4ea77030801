"""Folders of tables: what a grid is to hold, and a file for each cell of it that was made or failed.

- :class:`Table`: the files of one
- :func:`tables_of`: those of a dataset
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sedpipe.errors import SedpipeError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.files.atomic import write_json

_AGAIN = "delete it: `sedpipe reproduce` writes it anew"


@dataclass(frozen=True)
class Table:
    """Paths of a table's folder."""

    folder: Path

    @property
    def record_path(self) -> Path:
        """What it was asked to hold, last time: settings, and the run of each cell."""
        return self.folder / "table.json"

    def cell_path(self, name: str) -> Path:
        """A cell that is made."""
        return self.folder / "cells" / f"{name}.json"

    def failure_path(self, name: str) -> Path:
        """Why a cell could not be made, last time."""
        return self.folder / "failed" / f"{name}.json"

    @property
    def done(self) -> set[str]:
        """Names of the cells that are made."""
        return {path.stem for path in (self.folder / "cells").glob("[!.]*.json")}

    @property
    def failures(self) -> dict[str, str]:
        """Reasons of those that failed and were not made since."""
        there = sorted((self.folder / "failed").glob("[!.]*.json"))
        return {path.stem: str(_read(path).get("reason", "")) for path in there if path.stem not in self.done}

    def find_record(self) -> dict[str, Any]:
        """``table.json``; empty where there is none.

        Raises
        ------
        SedpipeError
            If it cannot be read, or is none.
        """
        if not self.record_path.exists():
            return {}
        record = _read(self.record_path)
        runs = record.get("runs")
        if not isinstance(runs, dict) or not all(isinstance(run, str) for run in runs.values()):
            raise SedpipeError(f"{self.record_path} lacks the run of each cell", hint=_AGAIN)
        if not isinstance(record.get("epochs"), int):
            raise SedpipeError(f"{self.record_path} lacks the number of epochs", hint=_AGAIN)
        return record

    def note_failure(self, name: str, reason: str) -> None:
        """Write down why a cell could not be made."""
        write_json(self.failure_path(name), {"reason": reason})

    def write_cell(self, name: str, cell: dict[str, Any]) -> None:
        """Write a cell; its failure is forgotten."""
        write_json(self.cell_path(name), cell)
        self.failure_path(name).unlink(missing_ok=True)


def tables_of(cache: Dataset) -> list[Table]:
    """Those that lie where ``sedpipe reproduce`` puts them."""
    return [Table(path) for path in sorted((cache.folder / "tables").glob("[!.]*")) if path.is_dir()]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SedpipeError(f"cannot read {path}: {error}", hint=_AGAIN) from error
    if not isinstance(content, dict):
        raise SedpipeError(f"{path} holds no JSON object", hint=_AGAIN)
    return content
