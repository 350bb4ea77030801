"""Lines split into cells, some of them in quotes, and cells joined to lines.

- :func:`split_cells`: a line of any list -> cells
- :func:`tab_row`: cells -> a line of a list that sedpipe writes
"""

from __future__ import annotations

import re

_QUOTED = {mark: re.compile(rf' *"((?:[^"]|"")*)" *({mark}|$)') for mark in "\t,;"}


def split_cells(line: str, separator: str) -> list[str] | None:
    """Split a line at tabs, commas or semicolons and drop the quotes around cells; None if a quote is not closed.

    Two quotes in a row stand for one quote in the cell. Between tabs, an unclosed quote is an ordinary character.

    >>> split_cells('a.wav,"Air horn, truck horn"', ",")
    ['a.wav', 'Air horn, truck horn']
    """
    if '"' not in line:
        return line.split(separator)
    cells: list[str] = []
    start = 0
    while start <= len(line):
        quoted = _QUOTED[separator].match(line, start)
        if quoted:
            cells.append(quoted[1].replace('""', '"'))
            start = quoted.end() + (not quoted[2])
            continue
        end = line.find(separator, start)
        cell = line[start : end if end >= 0 else len(line)]
        if cell.lstrip(" ").startswith('"') and separator != "\t":
            return None
        cells.append(cell)
        start = end + 1 if end >= 0 else len(line) + 1
    return cells


def tab_row(*cells: str) -> str:
    """Join cells with tabs, so that :func:`split_cells` and readers of other programs can split them again.

    A cell that begins with a quote is put in quotes, and the quotes in it are doubled.
    """
    return "\t".join(_in_quotes(cell) if cell.lstrip(" ").startswith('"') else cell for cell in cells)


def _in_quotes(cell: str) -> str:
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'
