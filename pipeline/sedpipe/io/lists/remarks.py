"""Remarks on what a reader of lists had to guess or to leave out, with counts, so that the user can disagree.

- :class:`Remark`: one kind of guess or omission, and how often it occurred
- :func:`together`: remarks of many lists, added up as if they were of one
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sedpipe.wording import counted


@dataclass(frozen=True)
class Remark:
    """Something that was guessed or left out.

    Parameters
    ----------
    what : str
        Description; equal remarks of several lists are added up.
    unit : str
        Name of what is counted, in the singular: ``list``, ``line``, ``time``, ...
    count : int
        Number of units.
    """

    what: str
    unit: str = "list"
    count: int = 1

    def __str__(self) -> str:
        if (self.unit, self.count) == ("list", 1):
            return self.what
        return f"{self.what} ({counted(self.count, self.unit)})"


def together(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """Add up equal remarks, in the order in which they first occur.

    >>> [str(remark) for remark in together([Remark("comments", "line", 2), Remark("comments", "line", 3)])]
    ['comments (5 lines)']
    """
    counts: Counter[tuple[str, str]] = Counter()
    for remark in remarks:
        counts[remark.what, remark.unit] += remark.count
    return tuple(Remark(what, unit, count) for (what, unit), count in counts.items())
