"""Weak labels of a user's own files: what sounds in each, not when.

- :func:`read_weak_list`: ``filename event_labels``, one row a file or one row a label
"""

from __future__ import annotations

from pathlib import Path

from sedpipe.io.lists.filenames import ClipNames
from sedpipe.io.lists.tables import read_table
from sedpipe.io.lists.text import as_filename, complaint, label_complaint
from sedpipe.labels import LabelSet, UnknownLabelError

COLUMNS = ("filename", "event_labels|event_label")


def read_weak_list(path: Path, labels: LabelSet) -> dict[str, tuple[str, ...]]:
    """Labels by file name (``/`` between folders, no ``./``), files in the order of the list.

    A row holds one label or several joined by commas, although labels may hold commas themselves: the longest
    match wins. Rows of one file are joined. A row without labels is a clip in which no class sounds.

    Parameters
    ----------
    path : Path
        TSV or CSV with the header ``filename event_labels`` (or ``event_label``), or without header.
    labels : LabelSet
        The classes there are.

    Raises
    ------
    ListFormatError
        If a row is not what it should be: names file, line, what was found and what was expected.
    """
    found: dict[str, tuple[str, ...]] = {}
    names = ClipNames(path)
    for number, (filename, joined) in read_table(path, COLUMNS):
        names.clip_id(number, filename)
        filename = as_filename(path, number, filename)
        of_row = _split(path, number, joined, labels)
        of_file = found.get(filename, of_row)
        if bool(of_file) != bool(of_row):
            raise complaint(path, number, joined, f"all rows of {filename!r} to have labels, or none")
        found[filename] = tuple(dict.fromkeys(of_file + of_row))
    return found


def _split(path: Path, number: int, joined: str, labels: LabelSet) -> tuple[str, ...]:
    try:
        return labels.split(joined)
    except UnknownLabelError as error:
        raise label_complaint(path, number, error) from error
