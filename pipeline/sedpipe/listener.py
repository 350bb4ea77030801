"""How a stage reports what it is doing, without knowing who listens.

- :class:`Listener`: what a stage calls; the command line shows bars and lines, a library user nothing
- :func:`clock`: seconds as a person reads them
- :func:`seconds_to_go`: until all of several similar pieces of work are done
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from statistics import fmean
from typing import TypeVar

Item = TypeVar("Item")


class Listener:
    """Receives progress and remarks of a stage; this base class discards them."""

    def say(self, line: str) -> None:
        """A line of progress, for whoever is watching."""

    def remark(self, line: str) -> None:
        """What must not be missed: what was left out, redone, guessed or failed; here, like any other line."""
        self.say(line)

    def track(self, items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
        """Pass ``items`` on, counting up to ``total``; ``what`` names them."""
        yield from items


def clock(seconds: float) -> str:
    """Hours and minutes, or, below an hour, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def seconds_to_go(done: Sequence[float], n_left: int, jobs: int) -> float:
    """How long ``n_left`` pieces of work, ``jobs`` at the same time, take if each takes the mean of those ``done``."""
    return fmean(done) * ceil(n_left / jobs)
