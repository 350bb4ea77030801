"""Files of Table 2 beside its cells: comparisons, page, figures, lists.

- :func:`write_table2`: write all of them
"""

from __future__ import annotations

from collections.abc import Sequence

from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.files.atomic import write_text
from sedpipe.io.records.table import Cell, TableRecord
from sedpipe.stages.reproduce.devices import devices_remark
from sedpipe.stages.reproduce.scored_clips import judged
from sedpipe.views.tables.class_figure import class_figure
from sedpipe.views.tables.classes import class_csv, class_gains
from sedpipe.views.tables.sensitivity_curves import curves_of
from sedpipe.views.tables.sensitivity_figure import sensitivity_figure
from sedpipe.views.tables.table2 import csv_text, rows_of
from sedpipe.views.tables.table2_figure import table2_figure
from sedpipe.views.tables.table2_page import table2_page
from sedpipe.wording import counted


def write_table2(table: Table, dataset: Dataset, record: TableRecord, cells: Sequence[Cell]) -> None:
    """Write ``table.json``, ``table.md``, ``table.csv``, and those figures (``table.svg`` first) that the cells allow.

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
    unusual = [cell.front_end for cell in cells if cell.front_end not in ("", "logmel")]
    system = f"preset {record.preset}" + (f" on {unusual[0]}" if unusual else "")
    how = f"{system}, recipe {record.recipe}, at most {counted(record.epochs, 'epoch')}"
    title, curves, gains = f"Table 2 on {record.dataset}: {how}", curves_of(cells), class_gains(cells, record)
    write_text(table.folder / "table.md", table2_page(cells, record, curves, gains, title, table.failures, remarks))
    write_text(table.folder / "table.csv", csv_text(cells))
    if rows_of(cells, record.primary):
        write_text(table.folder / "table.svg", table2_figure(cells, record, title))
    if curves:
        figure = sensitivity_figure(curves, f"Post-processing on {record.dataset}: {how}")
        write_text(table.folder / "sensitivity.svg", figure)
    if gains:
        write_text(table.folder / "classes.csv", class_csv(gains))
        write_text(table.folder / "classes.svg", class_figure(gains, f"Classes of {record.dataset}: {how}"))
