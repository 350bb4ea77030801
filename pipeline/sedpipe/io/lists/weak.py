"""Weak labels of a user's own files: which classes sound in each file, without times.

- :func:`read_weak_list`, :func:`tags_of`: one row per file or one row per label -> labels by file name
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
    """Read labels by file name (``/`` between folders, no ``./``), with files in the order of the list.

    A row contains one label, or several joined by commas, semicolons or bars. Labels may themselves contain commas:
    the longest match wins. Rows of one file are joined. A row without labels is a clip in which no class sounds.

    Parameters
    ----------
    path : Path
        A list in any form that :func:`~sedpipe.io.lists.read.read_annotations` accepts; its times are ignored.
    labels : LabelSet
        The classes.

    Raises
    ------
    ListFormatError
        If a row is malformed; the error names file, line, what was found and what was expected.
    """
    return tags_of(read_annotations(path, "tags"), labels)


def tags_of(annotations: Annotations, labels: LabelSet) -> dict[str, tuple[str, ...]]:
    """Return the labels of a list that has been read, by file name; see :func:`read_weak_list`."""
    found: dict[str, tuple[str, ...]] = {}
    clip_ids_of(annotations.rows)  # raises if two files stand for the same clip
    for row in annotations.rows:
        filename = as_filename(row.path, row.line, row.filename)
        of_row = labels_in(row, labels)
        of_file = found.get(filename, of_row)
        if bool(of_file) != bool(of_row):
            raise complaint(row.path, row.line, row.label, f"all rows of {filename!r} to have labels, or none")
        found[filename] = tuple(dict.fromkeys(of_file + of_row))
    return found
