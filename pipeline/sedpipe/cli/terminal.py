"""What a command prints: progress on stderr, its report on stdout.

Nothing that a command prints holds a control character, whoever chose the name of a label or a file. Colours and
bars are rich's, which knows what a terminal can do: a pipe gets neither, NO_COLOR is respected.

- :class:`Terminal`: hears of a stage's progress
- :func:`print_report`: one JSON object, or what a person reads of it
- :func:`print_line`: anything else
- :func:`is_watched`: whether a person reads what a command prints
- :func:`show_page`, :func:`show_address`: a page, in a browser
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
"""How a line begins that is to be seen: red is wrong, yellow to be known, cyan to be done."""

_PIPE_COLUMNS = 10_000
"""Of what is no terminal: nothing is cut or wrapped for want of room."""


class Terminal(Listener):
    """Listens to a stage: lines and, on a terminal, bars, which never run into each other; all on stderr."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bars: Progress | None = None

    def say(self, line: str) -> None:
        """A line for a person; above the bars, where there are some."""
        if not self._quiet:
            self.remark(line)

    def remark(self, line: str) -> None:
        """The same, even if no progress is to be shown."""
        if self._bars is not None:
            self._bars.console.print(_styled(line), soft_wrap=True)
        else:
            print_line(line, err=True)

    def track(self, items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
        """Pass ``items`` on, with a bar where there is a terminal."""
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
            if is_first:
                bars.stop()
                self._bars = None


def _new_bars() -> Progress:
    """Bars that vanish when they are full, each in one row however narrow the terminal is."""
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
    """A report on stdout: the JSON object, or what a person reads of it."""
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
    """One line, on stdout or stderr; never broken, so that what is copied of it is what was meant."""
    _console(err=err).print(_styled(line), soft_wrap=True)


def is_watched() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout.isatty()


def show_page(path: Path) -> None:
    """Open a page in a browser; where there is none, say which file it is."""
    _show(str(path.resolve()), str(path))


def show_address(address: str) -> None:
    """Open an address in a browser; where there is none, say which it is."""
    _show(address, address)


def _show(address: str, told: str) -> None:
    if click.launch(address) != 0:
        print_line(f"no browser could be started: open {told}", err=True)


def _console(*, err: bool) -> Console:
    """Of the stream as it now is, which a test or a bar may have replaced."""
    console = Console(stderr=err, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _PIPE_COLUMNS
    return console


def _styled(line: str) -> Text:
    """A line without control characters, its beginning in the colour of what it means."""
    text = Text(printable(line))
    beginning = line.split(" ", 1)[0]
    if beginning in _BEGINNINGS:
        text.stylize(_BEGINNINGS[beginning], 0, len(beginning))
    return text
