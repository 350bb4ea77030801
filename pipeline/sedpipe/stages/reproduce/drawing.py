"""A table drawn again from its cells alone, without a cache.

- :func:`draw_table`: ``sedpipe reproduce TABLE --draw``: draw all cells in a folder, whatever their settings
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sedpipe.errors import MissingStageError, SettingsError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.records.table import Cell, TableRecord
from sedpipe.reports.tables import ReproduceReport
from sedpipe.stages.reproduce.scored_clips import check_same_clips
from sedpipe.stages.reproduce.table2_files import write_table2
from sedpipe.stages.reproduce.table3_files import write_table3

_WRITE = {"table2": write_table2, "table3": write_table3}


def draw_table(dataset: Dataset, folder: Path, name: str) -> ReproduceReport:
    """Draw the table of all cells in a folder; nothing is trained, and no cache is needed.

    Parameters
    ----------
    dataset : Dataset
        Dataset of the table; provides information on the clips that the folder lacks, and need not be in the cache.
    folder : Path
        Folder with ``table.json`` and ``cells/``.
    name : str
        Name of the table: ``table2`` or ``table3``.

    Raises
    ------
    MissingStageError
        If the folder contains no cell.
    SettingsError
        If the folder belongs to another table, or to another dataset, with other clips.
    StaleError
        If some cells were scored on other clips than the rest.
    SedpipeError
        If a file cannot be read.
    """
    table = Table(folder)
    record = table.find_record()
    if record is None or not table.done:
        raise MissingStageError(f"{folder} holds no cells of a table", hint="name a folder with table.json and cells/")
    if record.table != name:
        raise SettingsError(f"{folder} holds cells of {record.table}, not of {name}")
    if record.dataset != dataset.name:
        raise SettingsError(
            f"{folder} holds cells of the dataset {record.dataset}, not of {dataset.name}",
            hint=f"name {record.dataset}",
        )
    names = [name for name in record.runs if name in table.done]
    names += sorted(table.done - set(names))
    cells = [cell for name in names if (cell := table.find_cell(name)) is not None]
    check_same_clips(table, cells)
    record = record.model_copy(update={"seeds": tuple(sorted({*record.seeds, *(cell.seed for cell in cells)}))})
    if record.baseline:
        record = record.model_copy(update={"baseline": _baseline(record, cells)})
    _WRITE[name](table, dataset, record, cells)
    counts = {"all": len({*record.runs, *names}), "made": 0, "missing": len(set(record.runs) - table.done)}
    return ReproduceReport(record.dataset, name, counts, str(folder), {})


def _baseline(record: TableRecord, cells: Sequence[Cell]) -> str:
    """Return the recorded baseline; but ``small``, if it is there, where the last call left out some of the systems."""
    here = {cell.bench.system for cell in cells if cell.bench is not None}
    return "small" if "small" in here and here - set(record.systems.values()) else record.baseline
