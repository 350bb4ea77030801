"""Numbers of things, and lists of names, for use in a sentence.

- :func:`counted`: a number of things
- :func:`of_some`: the first few of many names, and how many more there are
"""

from __future__ import annotations

from collections.abc import Sequence


def counted(count: int, unit: str) -> str:
    """Return a number of things as text; ``unit`` is their singular.

    >>> counted(1, "list"), counted(1200, "label file"), counted(2, "class")
    ('1 list', '1,200 label files', '2 classes')
    """
    return f"{count:,} {unit}{'' if count == 1 else 'es' if unit.endswith('ss') else 's'}"


def of_some(names: Sequence[str], shown: int = 3) -> str:
    """Return the first few names, quoted, and how many more there are.

    >>> of_some(["a", "b", "c"], 2)
    "'a', 'b' and 1 more"
    """
    more = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    return ", ".join(repr(name) for name in names[:shown]) + more
