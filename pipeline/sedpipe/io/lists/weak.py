"""Weak labels of a user's own files: what sounds in each, not when.

- :func:`read_weak_list`, :func:`tags_of`: one row a file or one row a label -> labels by file name
"""

from __future__ import annotations

from pathlib import Path

from sedpipe.io.lists.annotations import Annotations
from sedpipe.io.lists.filenames import clip_ids_of
from sedpipe.io.lists.joined_labels import labels_in
from sedpipe.io.lists.read import read_annotations
from sedpipe.io.lists.text import as_filename, complaint
from sedpipe.labels import LabelSet


def read_weak_list(path: Path, labels: LabelSet) -> dict[str, tuple[str, ...]]:
    """Labels by file name (``/`` between folders, no ``./``), files in the order of the list.

    A row holds one label or several joined by commas, semicolons or bars, although labels may hold commas
    themselves: the longest match wins. Rows of one file are joined. A row without labels is a clip in which no class
    sounds.

    Parameters
    ----------
    path : Path
        A list, as :func:`~sedpipe.io.lists.read.read_annotations` takes it; times in it are not looked at.
    labels : LabelSet
        The classes there are.

    Raises
    ------
    ListFormatError
        If a row is not what it should be: names file, line, what was found and what was expected.
    """
    return tags_of(read_annotations(path, "tags"), labels)


def tags_of(annotations: Annotations, labels: LabelSet) -> dict[str, tuple[str, ...]]:
    """Labels of a list that was read, by file name; see :func:`read_weak_list`."""
    found: dict[str, tuple[str, ...]] = {}
    clip_ids_of(annotations.rows)  # no two of them may be one clip
    for row in annotations.rows:
        filename = as_filename(row.path, row.line, row.filename)
        of_row = labels_in(row, labels)
        of_file = found.get(filename, of_row)
        if bool(of_file) != bool(of_row):
            raise complaint(row.path, row.line, row.label, f"all rows of {filename!r} to have labels, or none")
        found[filename] = tuple(dict.fromkeys(of_file + of_row))
    return found
