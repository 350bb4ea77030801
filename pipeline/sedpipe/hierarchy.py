"""Notations of a pooling hierarchy: how many neighbours each stage before the last one pools.

``(5, 5)`` is ``5,5`` on the command line and ``5x5`` in the name of a run; ``()``, single pooling, is ``none`` and
``single``.

- :func:`parse`: from the notation of the command line
- :func:`as_option`: to the notation of the command line
- :func:`as_name`: to the notation in file names
"""

from __future__ import annotations

from collections.abc import Sequence

Hierarchy = tuple[int, ...]


def parse(text: str) -> Hierarchy:
    """Parse group sizes such as ``5,5``; ``none`` is single pooling.

    Raises
    ------
    ValueError
        If the text is something else.

    Examples
    --------
    >>> parse("5,4"), parse("none")
    ((5, 4), ())
    """
    if text == "none":
        return ()
    groups = text.split(",")
    if not all(group.isascii() and group.isdigit() and 0 < len(group) < 10 for group in groups):
        raise ValueError(f"expected groups like 5,5 or none, got {text!r}")
    return tuple(int(group) for group in groups)


def as_option(hierarchy: Sequence[int]) -> str:
    """Return the notation that :func:`parse` reads.

    >>> as_option((5, 4)), as_option(())
    ('5,4', 'none')
    """
    return ",".join(map(str, hierarchy)) or "none"


def as_name(hierarchy: Sequence[int]) -> str:
    """Return the notation that is part of the name of a run or a cell.

    >>> as_name((5, 4)), as_name(())
    ('5x4', 'single')
    """
    return "x".join(map(str, hierarchy)) or "single"
