"""Folders of tables: what one is to hold, and a file for each cell of it that was made or failed.

- :class:`Table`: the files of one
- :func:`tables_of`: those of a dataset
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.files.reading import entries
from sedpipe.io.records.pace import Pace
from sedpipe.io.records.reading import find_record, write_record
from sedpipe.io.records.table import Cell, Failure, TableRecord

_AGAIN = "delete it and rerun the same command, which writes it again"


@dataclass(frozen=True)
class Table:
    """Paths of a table's folder, and what lies there."""

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

    def pace_path(self, system: str) -> Path:
        """What a system costs, of Table 3."""
        return self.folder / "paces" / f"{system}.json"

    @property
    def done(self) -> set[str]:
        """Names of the cells that are made."""
        return {path.stem for path in entries(self.folder / "cells", "[!.]*.json")}

    @property
    def failures(self) -> dict[str, str]:
        """Reasons of those that failed and were not made since."""
        done, reasons = self.done, {}
        for path in entries(self.folder / "failed", "[!.]*.json"):
            failure = find_record(path, Failure, _AGAIN) if path.stem not in done else None
            if failure is not None:
                reasons[path.stem] = failure.reason
        return reasons

    def find_record(self) -> TableRecord | None:
        """``table.json``, or None where there is none; ``SedpipeError`` where it cannot be read."""
        return find_record(self.record_path, TableRecord, _AGAIN)

    def find_cell(self, name: str) -> Cell | None:
        """A cell, or None where it is not made; ``SedpipeError`` where it cannot be read."""
        return find_record(self.cell_path(name), Cell, "delete it, and it is made again")

    def find_pace(self, system: str) -> Pace | None:
        """What a system costs, or None where it was not measured; ``SedpipeError`` where it cannot be read."""
        return find_record(self.pace_path(system), Pace, "delete it, and it is measured again")

    def write_pace(self, system: str, pace: Pace) -> None:
        """Write what a system costs."""
        write_record(self.pace_path(system), pace)

    def write_record(self, record: TableRecord) -> None:
        """Write ``table.json``."""
        write_record(self.record_path, record)

    def note_failure(self, name: str, reason: str) -> None:
        """Write down why a cell could not be made."""
        write_record(self.failure_path(name), Failure(reason=reason))

    def write_cell(self, name: str, cell: Cell) -> None:
        """Write a cell; its failure is forgotten."""
        write_record(self.cell_path(name), cell)
        self.failure_path(name).unlink(missing_ok=True)


def tables_of(cache: Dataset) -> list[Table]:
    """Those that lie where ``sedpipe reproduce`` puts them."""
    return [Table(path) for path in entries(cache.folder / "tables") if path.is_dir()]
