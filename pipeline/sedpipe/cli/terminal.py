"""What a command prints: progress on stderr, its report on stdout.

Nothing that a command prints holds a control character, whoever chose the name of a label or a file.

- :class:`Terminal`: hears of a stage's progress
- :func:`print_report`: one JSON object, or what a person reads of it
- :func:`print_line`: anything else
- :func:`show_page`: a page, in a browser
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import rich_click as click

from sedpipe.fates import Fate
from sedpipe.listener import Listener
from sedpipe.printable import printable, printable_json

Item = TypeVar("Item")
Report = TypeVar("Report")


class Terminal(Listener):
    """Listens to a stage: lines and, on a terminal, bars; all on stderr."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def say(self, line: str) -> None:
        """A line for a person."""
        if not self._quiet:
            print_line(line, err=True)

    def track(self, items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
        """Pass ``items`` on, with a bar where there is a terminal."""
        from tqdm import tqdm

        hidden = True if self._quiet or total == 0 else None  # None: hidden unless stderr is a terminal
        bar = tqdm(items, total=total, desc=what, disable=hidden, leave=False, file=sys.stderr)
        states: Counter[str] = Counter()
        for item in bar:
            if isinstance(item, Fate):
                states[item.state] += 1
                bar.set_postfix(states, refresh=False)
            yield item


def print_report(report: Report, told: Callable[[Report], list[str]], as_json: bool) -> None:
    """A report on stdout: the JSON object, or what a person reads of it."""
    if as_json:
        from sedpipe.reports import as_json as plain

        click.echo(printable_json(plain(report)))
    else:
        for line in told(report):
            print_line(line)


def print_line(line: str, *, err: bool = False) -> None:
    """One line, on stdout or stderr."""
    click.echo(printable(line), err=err)


def show_page(path: Path) -> None:
    """Open a page in a browser; where there is none, say which file it is."""
    if click.launch(str(path.resolve())) != 0:
        print_line(f"no browser could be started: open {path}", err=True)
