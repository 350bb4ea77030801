"""What a command prints: progress on stderr, its report on stdout.

No output contains control characters, even if the name of a label or a file does. Colours and bars are drawn by rich,
which knows what a terminal can do: a pipe gets neither, NO_COLOR is respected.

- :class:`Terminal`: prints the progress of a stage
- :func:`print_report`: print a report as one JSON object, or as text for a person
- :func:`print_line`: print anything else
- :func:`is_watched`: whether stdout is a terminal, so that a person reads the output
- :func:`show_page`, :func:`show_address`: open a page in a browser
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import rich_click as click
from rich.console import Console
from rich.text import Text

from sedpipe.fates import Fate
from sedpipe.listener import Listener
from sedpipe.printable import printable, printable_json

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress

Item = TypeVar("Item")
Report = TypeVar("Report")

_BEGINNINGS = {
    "Error:": "bold red", "problem:": "bold red", "failed:": "bold red",
    "note:": "yellow",
    "next:": "bold cyan",
}  # fmt: skip
"""Beginnings of lines that are highlighted: red for errors, yellow for notes, cyan for what to do next."""

_PIPE_COLUMNS = 10_000
"""Width of an output that is not a terminal: so wide that nothing is cut or wrapped."""


class Terminal(Listener):
    """Progress of a stage on stderr: lines and, on a terminal, bars, which do not overwrite each other."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bars: Progress | None = None

    def say(self, line: str) -> None:
        """Print a line unless the command is quiet; above the bars, if there are any."""
        if not self._quiet:
            self.remark(line)

    def remark(self, line: str) -> None:
        """Print a line even if the command is quiet; above the bars, if there are any."""
        if self._bars is not None:
            self._bars.console.print(_styled(line), soft_wrap=True)
        else:
            print_line(line, err=True)

    def track(self, items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
        """Yield ``items``, with a bar if stderr is a terminal and the command is not quiet."""
        if self._quiet or total == 0 or not _console(err=True).is_terminal:
            yield from items
            return
        is_first = self._bars is None
        bars = self._bars = self._bars or _new_bars()
        if is_first:
            bars.start()
        bar = bars.add_task(printable(what), total=total, states="")
        states: Counter[str] = Counter()
        try:
            for item in items:
                if isinstance(item, Fate):
                    states[item.state] += 1
                    bars.update(bar, states=", ".join(f"{count} {state}" for state, count in states.items()))
                yield item
                bars.advance(bar)
        finally:
            bars.remove_task(bar)
            # rich redraws in a thread: if that removed the row while a line was being printed, the line before was lost
            bars.refresh()
            if is_first:
                bars.stop()
                self._bars = None


def _new_bars() -> Progress:
    """Return progress bars that vanish when they are full, each in one row however narrow the terminal is."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    console, one_row = _console(err=True), partial(Column, no_wrap=True, overflow="ellipsis")
    is_narrow = console.width < 60
    what = TextColumn("{task.description}", markup=False, table_column=one_row(max_width=max(10, console.width - 24)))
    left = TimeRemainingColumn(elapsed_when_finished=True, table_column=one_row())
    states = TextColumn("{task.fields[states]}", markup=False, table_column=one_row())
    return Progress(
        what,
        BarColumn(bar_width=max(6, min(40, console.width - 50))),
        MofNCompleteColumn(table_column=one_row()),
        *(() if is_narrow else (left, states)),
        console=console,
        transient=True,
        redirect_stdout=False,
    )


def print_report(report: Report, told: Callable[[Report], Sequence[str | RenderableType]], as_json: bool) -> None:
    """Print a report on stdout: as one JSON object, or as text for a person."""
    if as_json:
        from sedpipe.reports import as_json as plain

        click.echo(printable_json(plain(report)))
        return
    for part in told(report):
        if isinstance(part, str):
            print_line(part)
        else:
            _console(err=False).print(part)


def print_line(line: str, *, err: bool = False) -> None:
    """Print one line on stdout or stderr; it is never wrapped, so that it can be copied as it is."""
    _console(err=err).print(_styled(line), soft_wrap=True)


def is_watched() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout.isatty()


def show_page(path: Path) -> None:
    """Open a page in a browser; if no browser can be started, print the path of the page."""
    _show(str(path.resolve()), str(path))


def show_address(address: str) -> None:
    """Open an address in a browser; if no browser can be started, print the address."""
    _show(address, address)


def _show(address: str, told: str) -> None:
    if click.launch(address) != 0:
        print_line(f"no browser could be started: open {told}", err=True)


def _console(*, err: bool) -> Console:
    """Return a console for the current stdout or stderr, which a test or a bar may have replaced."""
    console = Console(stderr=err, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _PIPE_COLUMNS
    return console


def _styled(line: str) -> Text:
    """Return a line without control characters, its beginning highlighted as in ``_BEGINNINGS``."""
    text = Text(printable(line))
    beginning = line.split(" ", 1)[0]
    if beginning in _BEGINNINGS:
        text.stylize(_BEGINNINGS[beginning], 0, len(beginning))
    return text
