"""The reader for lists of labels from any source.

- :func:`read_annotations`: a list, or a folder with one list per recording -> annotations
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sedpipe.errors import ListFormatError
from sedpipe.io.files.reading import walk
from sedpipe.io.lists.annotations import Annotation, Annotations, Asked
from sedpipe.io.lists.json_lists import read_json_list
from sedpipe.io.lists.names import LIST_SUFFIXES, recording_of_list
from sedpipe.io.lists.remarks import Remark, together
from sedpipe.io.lists.table_rows import annotations_of
from sedpipe.io.lists.tables import read_table
from sedpipe.io.lists.text import MOST_BYTES_IN_A_LINE, complaint, has_control_characters
from sedpipe.labels import one_spelling


def read_annotations(place: Path, asked: Asked = "events") -> Annotations:
    """Read a list, or all lists below a folder.

    Parameters
    ----------
    place : Path
        A table (TSV, CSV, Audacity's labels, a Raven selection table, BirdNET's and Audio Set's lists, ...) or JSON;
        or a folder in which every such file is a list; a list that names no recording is about the one with the same
        name. If a list is there in several formats (``a.tsv`` and ``a.csv``), the TSV is read, which is what
        ``listen`` and ``predict`` write.
    asked : Asked
        Kind of content that it is read for.

    Raises
    ------
    ListFormatError
        If a list cannot be read or understood; the error tells what was found, what was expected, and where.
    """
    if not place.is_dir():
        return _one(place, asked)
    files = lists_below(place)
    if not files:
        raise ListFormatError(f"{place} holds no list ({', '.join(LIST_SUFFIXES)})")
    read = _one_form_of_each(files)
    each = [_below(place, path, asked) for path in read]
    n_others = len(files) - len(read)
    others = [Remark("lists that are also there in another format, not read", "file", n_others)] if n_others else []
    return Annotations(
        place,
        [row for annotations in each for row in annotations.rows],
        True,
        any(annotations.has_times for annotations in each),
        together([*(remark for annotations in each for remark in annotations.remarks), *others]),
    )


def lists_below(folder: Path) -> list[Path]:
    """Return the files below a folder whose extension is that of a list, without hidden ones, sorted by name."""
    return sorted(
        path
        for path in (Path(where, name) for where, _, names in walk(folder) for name in names)
        if path.suffix.lower() in LIST_SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _one_form_of_each(files: list[Path]) -> list[Path]:
    """Leave out lists that differ from another only in their extension, whose events would all be there twice.

    If ``a.tsv`` is there, all other lists about ``a`` are left out: it is the correction of another program's list.
    """
    about: dict[Path, dict[str, Path]] = {}
    for path in sorted(files, key=lambda path: (path.suffix.lower() != ".tsv", path)):
        about.setdefault(path.with_name(recording_of_list(path.name)), {}).setdefault(path.stem, path)
    kept: set[Path] = set()
    for recording, forms in about.items():
        own = forms.get(recording.name)
        kept |= {own} if own is not None and own.suffix.lower() == ".tsv" else set(forms.values())
    return [path for path in files if path in kept]


def _one(path: Path, asked: Asked) -> Annotations:
    found = read_json_list(path, asked) if path.suffix.lower() == ".json" else annotations_of(read_table(path), asked)
    for row in found.rows:
        if has_control_characters(row.label):
            raise complaint(path, row.line, row.label, "a label without control characters")
        if max(len(row.label), len(row.filename)) > MOST_BYTES_IN_A_LINE:  # JSON is read without a limit on lines
            longer = max(row.label, row.filename, key=len)
            raise complaint(path, row.line, longer, f"at most {MOST_BYTES_IN_A_LINE} letters")
    # accents can be encoded in two ways that look the same, and would become two classes
    rows = [row if row.label.isascii() else replace(row, label=one_spelling(row.label)) for row in found.rows]
    return replace(found, rows=rows)


def _below(folder: Path, path: Path, asked: Asked) -> Annotations:
    """Read a list of a folder; if it names no recording, the recording is in the same folder as the list."""
    found = _one(path, asked)
    own = (path.parent.relative_to(folder) / recording_of_list(path.name)).as_posix()
    if not found.rows:  # an annotator listened and heard no event
        return replace(found, rows=[Annotation(path, 1, own, None, "")])
    if found.names_recordings:
        return found
    return replace(found, rows=[replace(row, filename=own) for row in found.rows])
