"""How a stage tells what it is doing, without knowing who listens.

- :class:`Listener`: what a stage calls; the command line shows bars and lines, a library user nothing
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


class Listener:
    """Hears of a stage's progress; this one keeps silent."""

    def say(self, line: str) -> None:
        """A line for a person."""

    def track(self, items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
        """Pass ``items`` on; ``total`` of them, each a ``what``."""
        yield from items
