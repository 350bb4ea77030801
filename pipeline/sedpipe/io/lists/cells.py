"""The cells of a line, some of them in quotes.

- :func:`split_cells`: a line of any list -> cells
- :func:`tab_row`: cells -> a line of a list of ours
"""

from __future__ import annotations

import re

_QUOTED = {mark: re.compile(rf' *"((?:[^"]|"")*)" *({mark}|$)') for mark in "\t,;"}


def split_cells(line: str, separator: str) -> list[str] | None:
    """Cells between tabs, commas or semicolons, without the quotes around them; None where a quote does not end.

    Two quotes in a row are one of the cell's own. Between tabs, a quote that does not end stands for itself.

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
    """Cells with tabs between them, which :func:`split_cells` and the readers of others take apart again.

    One that begins with a quote is put between quotes, and its own are doubled.
    """
    return "\t".join(_in_quotes(cell) if cell.lstrip(" ").startswith('"') else cell for cell in cells)


def _in_quotes(cell: str) -> str:
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'
