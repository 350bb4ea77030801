"""Small tables that people and other tools write: TSV or CSV, with or without a header.

- :func:`read_table`: cells of the wanted columns, row by row, with line numbers
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from sedpipe.io.lists.text import complaint, numbered_lines

Row = tuple[int, list[str]]

_QUOTED = re.compile(r'"[^"]*,[^"]*"')


def read_table(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Line number and cells of ``columns``, in this order, stripped, for every row of a table.

    Tabs separate if there is one anywhere, else commas; a cell that holds commas may be quoted, and in a CSV must be.
    The first line is a header if its first cell is one of the names; then columns may come in any order, with
    others among them. A row may end early: missing cells are empty. Where the last of the wanted columns is the
    last of the table, commas in it need no quotes.

    Parameters
    ----------
    path : Path
        The table.
    columns : sequence of str
        Wanted columns; ``"a|b"`` is one that may be called either. The first one must not be empty.

    Raises
    ------
    ListFormatError
        If the header lacks a column, or a row has too many cells or broken quotes.
    """
    cells_of = _tab_cells if any("\t" in line for _, line in numbered_lines(path)) else _comma_cells
    rows = ((number, cells_of(path, number, line)) for number, line in numbered_lines(path))
    first = next(rows, None)
    if first is None:
        return
    names = [name.split("|") for name in columns]
    if any(first[1][0].strip().lower() in alternatives for alternatives in names):
        yield from _picked(path, rows, *_places(path, first, names), is_comma=cells_of is _comma_cells)
    else:
        places = list(range(len(columns)))
        yield from _picked(path, chain([first], rows), places, len(columns), is_comma=cells_of is _comma_cells)


def _picked(path: Path, rows: Iterator[Row], places: list[int], width: int, *, is_comma: bool) -> Iterator[Row]:
    may_join = is_comma and places[-1] == width - 1
    for number, cells in rows:
        if len(cells) > width and may_join:
            cells[width - 1 :] = [",".join(cells[width - 1 :])]
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if len(cells) > width:
            raise complaint(path, number, "\t".join(cells), f"{width} columns")
        cells += [""] * (width - len(cells))
        picked = [cells[place].strip() for place in places]
        if not picked[0]:
            raise complaint(path, number, "\t".join(cells), "a row that begins with a file name")
        yield number, picked


def _places(path: Path, header: Row, names: list[list[str]]) -> tuple[list[int], int]:
    """Where the wanted columns stand, and how many there are in all."""
    number, cells = header
    found = [cell.strip().lower() for cell in cells]
    places = []
    for alternatives in names:
        place = next((found.index(name) for name in alternatives if name in found), None)
        if place is None:
            raise complaint(path, number, "\t".join(cells), f"a header with the column {' or '.join(alternatives)}")
        places.append(place)
    return places, len(cells)


def _tab_cells(path: Path, number: int, line: str) -> list[str]:
    """Between tabs, quotes are only taken off where they were put on because of a comma."""
    return [cell[1:-1] if _QUOTED.fullmatch(cell) else cell for cell in line.split("\t")]


def _comma_cells(path: Path, number: int, line: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise complaint(path, number, line, f"comma-separated cells ({error})") from error
