"""Cells that contain several labels, split into single labels.

- :func:`taken_apart`: cells of all lists in a folder -> the labels in each, while the classes are still unknown
- :func:`one_label_a_row`: a list of events -> the same list with one row per label
- :func:`labels_in`: a row -> its labels, given the classes
- :func:`labels_of_cell`: the labels of one cell, whatever list it is from
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from sedpipe.io.lists.annotations import Annotation, Annotations
from sedpipe.io.lists.remarks import Remark
from sedpipe.io.lists.text import complaint, label_complaint
from sedpipe.labels import LabelSet, UnknownLabelError
from sedpipe.wording import of_some

_BETWEEN = re.compile("[;|]")
"""Separators of labels: no label may contain a semicolon, and no label in use in the field contains a bar."""

_COMMA = re.compile(r",(?=\S)")
_SPLIT = "cells with several labels split"


def taken_apart(cells: Iterable[str]) -> tuple[dict[str, tuple[str, ...]], list[Remark]]:
    """Return the labels by cell, and remarks on how cells were split.

    Semicolons and bars always separate labels. So do commas without a blank after them, as in the lists of DCASE and
    FSD50K; a comma with a blank may belong to a name ("Air horn, truck horn"), and separates labels only if each of
    its sides occurs as a label elsewhere.

    >>> taken_apart(["Train,Air horn, truck horn", "Dog;Cat", "Cat, Dog"])[0]["Cat, Dog"]
    ('Cat', 'Dog')
    """
    pieces = {cell: _pieces(cell) for cell in cells}
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
    remarks = [Remark(_SPLIT, "cell", n_several)] if n_several else []
    if whole:
        names = of_some(list(whole))
        remarks.append(
            Remark(f"commas in {names} are taken as part of the label; use a semicolon to separate two labels")
        )
    return found, remarks


def one_label_a_row(annotations: Annotations, labels: LabelSet | None = None) -> Annotations:
    """Return a list of events with one label per row, and a remark on how many cells were split.

    Parameters
    ----------
    annotations : Annotations
    labels : LabelSet, optional
        The classes. Without it, semicolons, bars, and commas without a blank after them separate labels.

    Raises
    ------
    ListFormatError
        If a label is not in ``labels``, or a cell contains nothing but separators.
    """
    rows: list[Annotation] = []
    n_split = 0
    for row in annotations.rows:
        if row.times is None:
            rows.append(row)
            continue
        found = labels_of_cell(row.label) if labels is None else labels_in(row, labels)
        if not found:
            raise complaint(row.path, row.line, row.label, "a label")
        n_split += len(found) > 1
        rows += [row if label == row.label else replace(row, label=label) for label in found]
    told = (Remark(_SPLIT, "cell", n_split),) if n_split else ()
    return replace(annotations, rows=rows, remarks=(*annotations.remarks, *told))


def labels_in(row: Annotation, labels: LabelSet) -> tuple[str, ...]:
    """Return the labels of a row, joined by commas, semicolons or bars.

    Labels may themselves contain commas: the longest match wins.

    Raises
    ------
    ListFormatError
        If a label is not in ``labels``.
    """
    try:
        return labels_of_cell(row.label, labels)
    except UnknownLabelError as error:
        raise label_complaint(row.path, row.line, error) from error


def labels_of_cell(cell: str, labels: LabelSet | None = None) -> tuple[str, ...]:
    """Return the labels in a cell; none if it contains nothing but separators.

    Parameters
    ----------
    cell : str
    labels : LabelSet, optional
        The classes; a label that is not among them raises :class:`~sedpipe.labels.UnknownLabelError`. Without it,
        semicolons, bars, and commas without a blank after them separate labels.

    Examples
    --------
    >>> labels_of_cell("Dog|Cat"), labels_of_cell("Air horn, truck horn")
    (('Dog', 'Cat'), ('Air horn, truck horn',))
    """
    if labels is None:
        return tuple(dict.fromkeys(filter(None, _pieces(cell))))
    if cell in labels:
        return (labels[labels.index(cell)],)
    return tuple(label for piece in _BETWEEN.split(cell) for label in labels.split(piece))


def _pieces(cell: str) -> list[str]:
    return [piece.strip() for part in _BETWEEN.split(cell) for piece in _COMMA.split(part)]
