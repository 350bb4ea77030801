"""Folders of tables: what a table should contain, and one file for each of its cells that was made or failed.

- :class:`Table`: the files of a table
- :func:`tables_of`: the tables of a dataset
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
    """Paths in the folder of a table, and the records stored there."""

    folder: Path

    @property
    def record_path(self) -> Path:
        """Record of what was requested last time: settings, and the run of each cell."""
        return self.folder / "table.json"

    def cell_path(self, name: str) -> Path:
        """Return the path of a finished cell."""
        return self.folder / "cells" / f"{name}.json"

    def failure_path(self, name: str) -> Path:
        """Return the path of the reason why a cell could not be made last time."""
        return self.folder / "failed" / f"{name}.json"

    def pace_path(self, system: str) -> Path:
        """Return the path of a system's cost, for Table 3."""
        return self.folder / "paces" / f"{system}.json"

    @property
    def done(self) -> set[str]:
        """Names of the finished cells."""
        return {path.stem for path in entries(self.folder / "cells", "[!.]*.json")}

    @property
    def failures(self) -> dict[str, str]:
        """Reasons, by name, of the cells that failed and have not been made since."""
        done, reasons = self.done, {}
        for path in entries(self.folder / "failed", "[!.]*.json"):
            failure = find_record(path, Failure, _AGAIN) if path.stem not in done else None
            if failure is not None:
                reasons[path.stem] = failure.reason
        return reasons

    def find_record(self) -> TableRecord | None:
        """Read ``table.json``; None if it does not exist. ``SedpipeError`` if it cannot be read."""
        return find_record(self.record_path, TableRecord, _AGAIN)

    def find_cell(self, name: str) -> Cell | None:
        """Read a cell; None if it was not made. ``SedpipeError`` if it cannot be read."""
        return find_record(self.cell_path(name), Cell, "delete it, and it is made again")

    def find_pace(self, system: str) -> Pace | None:
        """Read what a system costs; None if it was not measured. ``SedpipeError`` if it cannot be read."""
        return find_record(self.pace_path(system), Pace, "delete it, and it is measured again")

    def write_pace(self, system: str, pace: Pace) -> None:
        """Write what a system costs."""
        write_record(self.pace_path(system), pace)

    def write_record(self, record: TableRecord) -> None:
        """Write ``table.json``."""
        write_record(self.record_path, record)

    def note_failure(self, name: str, reason: str) -> None:
        """Write the reason why a cell could not be made."""
        write_record(self.failure_path(name), Failure(reason=reason))

    def write_cell(self, name: str, cell: Cell) -> None:
        """Write a cell, and delete the record of an earlier failure."""
        write_record(self.cell_path(name), cell)
        self.failure_path(name).unlink(missing_ok=True)


def tables_of(cache: Dataset) -> list[Table]:
    """Return the tables of a dataset, from the folder where ``sedpipe reproduce`` writes them."""
    return [Table(path) for path in entries(cache.folder / "tables") if path.is_dir()]
