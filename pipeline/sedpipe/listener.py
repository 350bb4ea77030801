"""Progress reports of stages, independent of how they are shown.

- :class:`Listener`: the interface that stages call; the command line shows bars and lines, the library nothing
- :func:`clock`: seconds in a readable form
- :func:`seconds_to_go`: time until all of several similar pieces of work are done
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
        """Receive a line about progress."""

    def remark(self, line: str) -> None:
        """Receive a line that must not be missed (what was left out, redone, guessed or failed); calls ``say``."""
        self.say(line)

    def track(self, items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
        """Yield ``items`` and count them up to ``total``; ``what`` names them."""
        yield from items


def clock(seconds: float) -> str:
    """Format seconds as hours and minutes, or, below an hour, as minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def seconds_to_go(done: Sequence[float], n_left: int, jobs: int) -> float:
    """Estimate the time for ``n_left`` pieces of work, ``jobs`` at the same time, from the mean time of ``done``."""
    return fmean(done) * ceil(n_left / jobs)
