"""Several labels in one cell, taken apart before anybody knows which labels there are.

- :func:`taken_apart`: cells -> the labels in each, and what was guessed
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sedpipe.io.lists.remarks import Remark, of_some

BETWEEN = re.compile(r"\s*[;|]\s*")
"""No label holds a semicolon, and none of the field's a bar."""

_COMMA = re.compile(r",(?=\S)")


def taken_apart(cells: Iterable[str]) -> tuple[dict[str, tuple[str, ...]], list[Remark]]:
    """Labels by cell.

    Semicolons and bars always stand between labels. So do commas without a blank after them, as in the lists of DCASE
    and FSD50K; a comma with a blank may belong to a name ("Air horn, truck horn"), and stands between labels only if
    each of its sides is a label somewhere else.

    >>> taken_apart(["Train,Air horn, truck horn", "Dog;Cat", "Cat, Dog"])[0]["Cat, Dog"]
    ('Cat', 'Dog')
    """
    pieces = {cell: [piece.strip() for part in BETWEEN.split(cell) for piece in _COMMA.split(part)] for cell in cells}
    alone = {piece for of_cell in pieces.values() for piece in of_cell if ", " not in piece}
    found: dict[str, tuple[str, ...]] = {}
    whole: dict[str, None] = {}
    for cell, of_cell in pieces.items():
        labels: list[str] = []
        for piece in of_cell:
            sides = [side.strip() for side in piece.split(", ")]
            if len(sides) > 1 and not set(sides) <= alone:
                whole[piece] = None
                sides = [piece]
            labels += sides
        found[cell] = tuple(dict.fromkeys(label for label in labels if label))
    n_several = sum(len(labels) > 1 for labels in found.values())
    remarks = [Remark("cells with several labels split", "cell", n_several)] if n_several else []
    if whole:
        names = of_some(list(whole))
        remarks.append(
            Remark(f"commas in {names} are taken as part of the label; use a semicolon to separate two labels")
        )
    return found, remarks
