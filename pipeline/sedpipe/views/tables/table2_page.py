"""Cells of a grid -> the page of a table, as Markdown: tables, figures, cells that failed, the paper's numbers.

- :func:`table2_page`: the whole page
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sedpipe.io.records.table import Cell, TableRecord
from sedpipe.printable import markdown_text
from sedpipe.views.tables.classes import ClassGain, class_lines
from sedpipe.views.tables.sensitivity_curves import Curve, sensitivity_lines
from sedpipe.views.tables.table2 import markdown, published_lines, rows_of
from sedpipe.wording import counted

PAPERS_DATASET = "dcase2017-task4"


def table2_page(
    cells: Sequence[Cell],
    record: TableRecord,
    curves: Sequence[Curve],
    gains: Sequence[ClassGain],
    title: str,
    failures: Mapping[str, str],
    remarks: Sequence[str] = (),
) -> str:
    """Return the page.

    Parameters
    ----------
    cells : sequence of Cell
        At least one cell; all of one dataset.
    record : TableRecord
        Record of the table, with the comparisons of the cells.
    curves : sequence of Curve
        Scores as functions of post-processing; empty if the cells have no sweeps.
    gains : sequence of ClassGain
        Gains of each class; empty if the cells have no scores by class.
    title : str
    failures : mapping of str to str
        Reasons why cells were not made, by the name of the cell.
    remarks : sequence of str
        Further remarks.
    """
    hours = sum(cell.seconds for cell in cells) / 3600
    lines = [
        markdown(cells, record, title),
        *(["![error rate and F1 of all systems](table.svg)", ""] if rows_of(cells, record.primary) else []),
        f"{counted(len(cells), 'cell')}, {hours:.1f} hours of training.",
        "",
        *(f"{markdown_text(remark[0].upper() + remark[1:])}.\n" for remark in remarks),
        *(f"Not made: {name}: {markdown_text(reason)}\n" for name, reason in failures.items()),
        *(class_lines(gains) if gains else ()),
        *(sensitivity_lines(curves) if curves else ()),
    ]
    if cells[0].dataset == PAPERS_DATASET:
        for split in ("testing", "evaluation"):
            lines += ["", f"## published, {split}", "", *published_lines(split)]
    return "\n".join(lines) + "\n"
