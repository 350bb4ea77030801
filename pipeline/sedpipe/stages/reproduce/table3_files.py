"""Files of Table 3 beside its cells: comparisons, page, list, figure, README.

- :func:`write_table3`: write all of them
"""

from __future__ import annotations

from collections.abc import Sequence

from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.files.atomic import write_text
from sedpipe.io.records.table import Cell, TableRecord
from sedpipe.stages.reproduce.devices import devices_remark
from sedpipe.stages.reproduce.scored_clips import judged
from sedpipe.views.tables.table3 import csv_text
from sedpipe.views.tables.table3_figure import table3_figure
from sedpipe.views.tables.table3_page import budget_of, table3_page, table3_readme


def write_table3(table: Table, dataset: Dataset, record: TableRecord, cells: Sequence[Cell]) -> None:
    """Write ``table.json``, ``table.md``, ``table.csv``, ``table.svg`` and ``README.md``.

    Parameters
    ----------
    table : Table
        Folder of the table.
    dataset : Dataset
        Dataset of the table; provides recordings and lengths of events that are not known yet, and need not be in the
        cache.
    record : TableRecord
        Record of the table.
    cells : sequence of Cell
        Finished cells, at least one.
    """
    record, remarks = judged(dataset, record, cells)
    remarks += devices_remark(cells)
    table.write_record(record)
    title = f"Table 3 on {record.dataset}: {budget_of(record)} of training"
    write_text(table.folder / "table.md", table3_page(cells, record, table.failures, remarks))
    write_text(table.folder / "table.csv", csv_text(cells))
    write_text(table.folder / "table.svg", table3_figure(cells, record, title))
    write_text(table.folder / "README.md", table3_readme(cells, record))
