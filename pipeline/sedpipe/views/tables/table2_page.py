"""Cells of a grid -> the page of a table, as Markdown: tables, figures, what was not made, the paper's numbers.

- :func:`table2_page`: all of it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sedpipe.io.records.table import Cell
from sedpipe.views.tables.sensitivity_curves import Curve, sensitivity_lines
from sedpipe.views.tables.table2 import markdown, published_lines

PAPERS_DATASET = "dcase2017-task4"


def table2_page(cells: Sequence[Cell], curves: Sequence[Curve], title: str, failures: Mapping[str, str]) -> str:
    """The page.

    Parameters
    ----------
    cells : sequence of Cell
        At least one, of one dataset.
    curves : sequence of Curve
        How scores move with post-processing, where cells tell it.
    title : str
    failures : mapping of str to str
        Why some cells were not made, by name.
    """
    hours = sum(cell.seconds for cell in cells) / 3600
    lines = [
        markdown(cells, title),
        "![error rate and F1 of all systems](table.svg)",
        "",
        f"{len(cells)} cells, {hours:.1f} hours of training.",
        "",
        *(f"Not made: {name}: {reason}" for name, reason in failures.items()),
        *(sensitivity_lines(curves) if curves else ()),
    ]
    if cells[0].dataset == PAPERS_DATASET:
        for split in ("testing", "evaluation"):
            lines += ["", f"## published, {split}", "", *published_lines(split)]
    return "\n".join(lines) + "\n"
