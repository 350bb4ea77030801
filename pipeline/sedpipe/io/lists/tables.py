"""Tables that people and other programs write: separator, quotes, comments and header are detected and reported.

- :func:`read_table`: a text file -> :class:`Table`
- :class:`Table`: header, if there is one, and cells row by row
- :func:`check_cells`: whether a table is small enough for memory
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sedpipe.clips import AUDIO_SUFFIXES
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.cells import split_cells
from sedpipe.io.lists.columns import roles_of
from sedpipe.io.lists.decoding import read_text
from sedpipe.io.lists.remarks import Remark
from sedpipe.io.lists.text import complaint
from sedpipe.printable import plain_cell

Line = tuple[int, str]
Row = tuple[int, list[str]]

MOST_CELLS = 64 * 1024 * 1024
"""Maximum number of cells in a list, including empty ones: a row with many columns makes all others as long."""

_SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons", " ": "blanks"}
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?", re.ASCII)
_SAYS_SEPARATOR = re.compile(r"sep=([,;\t])", re.IGNORECASE)
_LOOKED_AT = 1000
"""Number of rows from which the separator is determined."""


@dataclass(frozen=True)
class Table:
    """Cells of a list.

    Parameters
    ----------
    path : Path
        The list.
    header : tuple of str
        Names of the columns; empty if there are none.
    rows : list of (int, list of str)
        Line number and cells, without the quotes around them; blanks are kept for cells that must be joined again.
    separator : str
        Character between cells.
    remarks : tuple of Remark
        What was guessed or left out.
    """

    path: Path
    header: tuple[str, ...]
    rows: list[Row]
    separator: str
    remarks: tuple[Remark, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The header, with an empty name for a column of row names, which has no name in tables that R writes."""
        has_row_names = self.header and self.rows and all(len(row) == len(self.header) + 1 for _, row in self.rows)
        return ("", *self.header) if has_row_names else self.header


def read_table(path: Path) -> Table:
    """Read a table with tabs, commas, semicolons or blanks between its cells.

    A cell that begins with a quote, perhaps after blanks, ends with one, and two quotes in a row stand for one in the
    cell. Between tabs, an unclosed quote is an ordinary character. Between commas and semicolons, an apostrophe that
    keeps spreadsheets from computing a name, as in the CSV of ``predict``, is dropped. Lines that begin with ``#`` are
    comments, unless their first cell is the name of an audio file; the last comment before the rows may be the header.
    The separator is determined by a ``sep=`` line, a known header, or a tab in any line; else it is the one with which
    lines look most like rows.

    Raises
    ------
    ListFormatError
        If the file cannot be read or is not text, or a row has an unclosed quote.
    """
    content = read_text(path)
    lines, comments = _without_comments(content.lines)
    separator, lines = _separator(lines)
    parsed = _rows(path, lines, separator)
    n_hidden = _shown(parsed) if separator in ",;" else 0
    rows = [(number, cells) for number, cells in parsed if any(cell.strip() for cell in cells)]
    remarks = list(content.remarks)
    if separator in "; ":
        remarks.append(Remark(f"separated by {_SEPARATORS[separator]}"))
    if comments:
        remarks.append(Remark("comments skipped", "line", len(comments)))
    if len(rows) < len(parsed):
        remarks.append(Remark("rows of empty cells skipped", "line", len(parsed) - len(rows)))
    if n_hidden:
        remarks.append(
            Remark("apostrophes before = + - @ dropped, which hide them from spreadsheets", "cell", n_hidden)
        )
    header: Sequence[str] = ()
    if rows and _is_header(rows[0][1], rows[1 : 1 + _LOOKED_AT]):
        header, rows = rows[0][1], rows[1:]
    elif rows:
        header = _header_in_comment(comments, rows[0], separator)
    return Table(path, tuple(cell.strip() for cell in header), rows, separator, tuple(remarks))


def check_cells(path: Path, n_rows: int, n_columns: int) -> None:
    """Raise ``ListFormatError`` for a list with more cells than :data:`MOST_CELLS`."""
    if n_rows * n_columns > MOST_CELLS:
        raise ListFormatError(f"{path}: found {n_columns:,} columns in {n_rows:,} rows, which no list needs")


def is_number(cell: str) -> bool:
    """Return whether a cell is a number, with a decimal point or comma."""
    return _NUMBER.fullmatch(cell.strip()) is not None


def is_audio_name(cell: str) -> bool:
    """Return whether a cell ends with the extension of an audio file."""
    return PurePosixPath(cell.strip().replace("\\", "/")).suffix.lower() in AUDIO_SUFFIXES


def _is_header(cells: Sequence[str], others: Sequence[Row] = ()) -> bool:
    """Return whether a row names columns: it contains no values, and has known names or stands above values."""
    if any(is_number(cell) or is_audio_name(cell) for cell in cells):
        return False
    known = {role: places for role, places in roles_of(cells).items() if role not in ("index", "selection", "view")}
    if len(known) > 1 or any(0 in places for places in known.values()):
        return True
    named = [place for place, cell in enumerate(cells) if cell.strip()]
    return len(named) > 1 and any(
        is_number(row[place]) or is_audio_name(row[place]) for _, row in others for place in named if place < len(row)
    )


def _without_comments(lines: Iterable[Line]) -> tuple[list[Line], list[Line]]:
    """Return the lines without the comments, and the comments without their marks."""
    rows: list[Line] = []
    comments: list[Line] = []
    for number, line in lines:
        marks = "\t" if "\t" in line else "[,;]"
        is_comment = line.startswith("#") and not is_audio_name(re.split(marks, line, maxsplit=1)[0])
        if is_comment:
            comments.append((number, line.lstrip("# ")))
        else:
            rows.append((number, line))
    return rows, comments


def _header_in_comment(comments: Sequence[Line], first: Row, separator: str) -> Sequence[str]:
    """Return the cells of the last comment before the first row, if it names as many columns as that row has."""
    number_of_row, row = first
    before = [comment for number, comment in comments if number < number_of_row]
    cells = before[-1].split(separator) if before else []
    return cells if len(cells) == len(row) and len(cells) > 1 and _is_header(cells) else ()


def _separator(lines: list[tuple[int, str]]) -> tuple[str, list[tuple[int, str]]]:
    """Return the separator, and the lines without Excel's line that names it (``sep=``)."""
    if lines and (said := _SAYS_SEPARATOR.fullmatch(lines[0][1].strip(" "))):
        return said[1], lines[1:]
    if not lines:
        return "\t", lines
    known = {mark: len(roles_of(split_cells(lines[0][1], mark) or ())) for mark in "\t;,"}
    best = max(known, key=lambda mark: known[mark])
    if known[best] > 1:
        return best, lines
    if any("\t" in line for _, line in lines):
        return "\t", lines
    looked_at = [line for _, line in lines[:_LOOKED_AT]]
    by_blanks = [len(_by_blanks(line)) > 1 for line in looked_at]
    if any(by_blanks) and all(ok or is_audio_name(line) for ok, line in zip(by_blanks, looked_at, strict=True)):
        return " ", lines
    likely = {mark: sum(_likeness(line, mark) for line in looked_at) for mark in ",;"}
    return max(likely, key=lambda mark: likely[mark]), lines


def _likeness(line: str, mark: str) -> int:
    """Return how much a line looks like a row separated by ``mark``; 0 if it would be a single cell."""
    cells = split_cells(line, mark)
    if cells is None or len(cells) < 2:
        return 0
    has_times = any(is_number(cells[k]) and is_number(cells[k + 1]) for k in range(min(len(cells) - 1, 4)))
    return 4 * has_times + 2 * is_audio_name(cells[0]) + (not set(cells[0]) & (set(",;") - {mark}))


def _rows(path: Path, lines: Iterable[tuple[int, str]], separator: str) -> list[Row]:
    rows: list[Row] = []
    # names, times and labels recur: with each of them stored once, rows take a quarter of the memory
    known: dict[str, str] = {}
    for number, line in lines:
        cells = _by_blanks(line) if separator == " " else split_cells(line, separator)
        if cells is None:
            raise complaint(path, number, line, "a quote that ends where its cell ends")
        rows.append((number, [known.setdefault(cell, cell) for cell in cells]))
    return rows


def _shown(rows: Iterable[Row]) -> int:
    """Drop the apostrophes that :func:`~sedpipe.printable.spreadsheet_cell` wrote, and return how many there were."""
    hidden = [
        (cells, place)
        for _, cells in rows
        for place, cell in enumerate(cells)
        if cell.startswith("'") and plain_cell(cell) != cell
    ]
    for cells, place in hidden:
        cells[place] = plain_cell(cells[place])
    return len(hidden)


def _by_blanks(line: str) -> list[str]:
    """Split ``[name] onset offset label`` at blanks, which name and label may contain; else return a single cell."""
    words = line.split()
    times = [k for k in range(len(words) - 2) if is_number(words[k]) and is_number(words[k + 1])]
    last = next((k for k in reversed(times) if not is_number(words[k + 2])), None)
    if last is None:
        return [line]
    return [*([" ".join(words[:last])] if last else []), *words[last : last + 2], " ".join(words[last + 2 :])]
