"""Tables that fit the terminal: where there is no room for every column, the least important ones are left out.

- :class:`FittingTable`: rows of text, and which columns can be done without
- :class:`Column`: one column
- :func:`spark`: probabilities as a small curve
- :func:`text`: words in a style, which are no markup and hold no control character
- :func:`columns_of`: how many columns of a terminal words take; :func:`padded`: with blanks behind them
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
"""For terminals whose encoding has no such letters."""

_BETWEEN = 2
_NAMES = 24  # columns that names keep; longer ones wrap before another column is left out


@dataclass(frozen=True)
class Column:
    """A column.

    Parameters
    ----------
    title : str
    rank : int
        0 is never left out; of the others, the highest first.
    justify : str
        Numbers stand to the right.
    """

    title: str
    rank: int = 0
    justify: Literal["left", "right"] = "left"


@dataclass
class FittingTable:
    """A table of text, without lines, as wide as it needs to be.

    Parameters
    ----------
    columns : sequence of Column
    rows : sequence of sequence of str or Text
        A cell a column.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Text]] = field(default_factory=list)

    def shown(self, width: int) -> list[int]:
        """The places of the columns for which a terminal of this width has room."""
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
        """As rich draws it."""
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
    """Probabilities as a small curve, a character each.

    >>> spark([0.0, 0.5, 1.0])
    '▁▅█'
    """
    return "".join(_BLOCKS[min(len(_BLOCKS) - 1, int(value * len(_BLOCKS)))] for value in values)


def text(words: str, style: str = "") -> Text:
    """Words in a style."""
    return Text(printable(words), style=style)


def columns_of(cell: str | Text) -> int:
    """Letters of some scripts take two columns, accents of their own none."""
    return (cell if isinstance(cell, Text) else text(cell)).cell_len


def padded(words: str, columns: int) -> str:
    """Words and blanks, so many columns wide.

    >>> padded("Owl", 5), padded("\u9ce5", 5)
    ('Owl  ', '\u9ce5   ')
    """
    return words + " " * (columns - columns_of(words))
