"""Tables that fit the terminal: if there is no room for every column, the least important ones are left out.

- :class:`FittingTable`: columns and rows of text
- :class:`Column`: one column, and whether it can be left out
- :func:`spark`: probabilities as a small curve
- :func:`text`: text in a style, without markup or control characters
- :func:`columns_of`: the width of a text in terminal columns; :func:`padded`: a text with trailing spaces
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from rich.table import Table
from rich.text import Text

from sedpipe.printable import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_BLOCKS = "▁▂▃▄▅▆▇█"
_WITHOUT_BLOCKS = str.maketrans(_BLOCKS, "_.-=+*#@")
"""Replacements for terminals whose encoding lacks these characters."""

_BETWEEN = 2
_NAMES = 24  # width reserved for names; longer names wrap before another column is left out


@dataclass(frozen=True)
class Column:
    """A column.

    Parameters
    ----------
    title : str
    rank : int
        Columns of rank 0 are never left out; of the others, the one with the highest rank is left out first.
    justify : str
        Alignment: ``left``, or ``right`` for numbers.
    """

    title: str
    rank: int = 0
    justify: Literal["left", "right"] = "left"


@dataclass
class FittingTable:
    """A table of text, without lines, no wider than its content.

    Parameters
    ----------
    columns : sequence of Column
    rows : sequence of sequence of str or Text
        Rows with one cell per column.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Text]] = field(default_factory=list)

    def shown(self, width: int) -> list[int]:
        """Return the indices of the columns for which a terminal of this width has room."""
        widths = [
            max([columns_of(column.title), *(columns_of(row[k]) for row in self.rows)])
            for k, column in enumerate(self.columns)
        ]
        widths[0] = min(widths[0], _NAMES)
        kept = list(range(len(self.columns)))
        by_rank = sorted((k for k in kept if self.columns[k].rank), key=lambda k: -self.columns[k].rank)
        for k in by_rank:
            if sum(widths[each] + _BETWEEN for each in kept) - _BETWEEN <= width:
                break
            kept.remove(k)
        return kept

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield what rich draws."""
        shown = self.shown(options.max_width)
        drawn = Table(box=None, padding=(0, _BETWEEN, 0, 0), pad_edge=False, header_style="bold")
        for k in shown:
            column, is_name = self.columns[k], k == shown[0]
            drawn.add_column(Text(column.title), justify=column.justify, no_wrap=not is_name, overflow="fold")
        for row in self.rows:
            cells = [cell if isinstance(cell := row[k], Text) else text(cell) for k in shown]
            if options.ascii_only:
                cells = [Text(cell.plain.translate(_WITHOUT_BLOCKS), cell.style) for cell in cells]
            drawn.add_row(*cells)
        yield drawn
        if left_out := [column.title for k, column in enumerate(self.columns) if k not in shown]:
            yield Text(f"a wider terminal shows {', '.join(title for title in left_out if title)}", style="dim")


def spark(values: Iterable[float]) -> str:
    """Return probabilities as a small curve, with one character for each.

    >>> spark([0.0, 0.5, 1.0])
    '▁▅█'
    """
    return "".join(_BLOCKS[min(len(_BLOCKS) - 1, int(value * len(_BLOCKS)))] for value in values)


def text(words: str, style: str = "") -> Text:
    """Return text in a style; control characters are escaped, and markup is not interpreted."""
    return Text(printable(words), style=style)


def columns_of(cell: str | Text) -> int:
    """Return the width in terminal columns: letters of some scripts take two, combining accents none."""
    return (cell if isinstance(cell, Text) else text(cell)).cell_len


def padded(words: str, columns: int) -> str:
    """Return text padded with spaces to a width in terminal columns.

    >>> padded("Owl", 5), padded("\u9ce5", 5)
    ('Owl  ', '\u9ce5   ')
    """
    return words + " " * (columns - columns_of(words))
