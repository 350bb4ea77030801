"""Lists of labels as JSON: output of ``sedpipe predict``, Label Studio's exports, and plain arrays of rows.

- :func:`read_json_list`: a JSON file -> :class:`~sedpipe.io.lists.annotations.Annotations`
- :data:`FORMS`: the known forms; to add one, write a module for it and add a line here

Rows of JSON have no line numbers: error messages give the number of the recording, or row, in the file instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from sedpipe.errors import ListFormatError
from sedpipe.io.lists.annotations import Annotations, Asked
from sedpipe.io.lists.decoding import read_text
from sedpipe.io.lists.label_studio import is_label_studio, label_studio_annotations
from sedpipe.io.lists.predicted import is_predicted, predicted_annotations
from sedpipe.io.lists.table_rows import annotations_of
from sedpipe.io.lists.tables import Table, check_cells


@dataclass(frozen=True)
class JsonForm:
    """A form of JSON lists.

    Parameters
    ----------
    name : str
        Name that messages show.
    fits : callable
        Function that tells whether a parsed file looks like this form.
    read : callable
        Function from path, parsed file and kind of content to annotations; may raise pydantic's ``ValidationError``.
    """

    name: str
    fits: Callable[[Any], bool]
    read: Callable[[Path, Any, Asked], Annotations]


def read_json_list(path: Path, asked: Asked) -> Annotations:
    """Read a list of labels from a JSON file.

    Parameters
    ----------
    path : Path
        The file.
    asked : Asked
        Kind of content that it is read for.

    Raises
    ------
    ListFormatError
        If it cannot be read, is not JSON, or has none of the known forms.
    """
    content = read_text(path, most_in_a_line=None)
    try:
        found = json.loads("\n".join(line for _, line in content.lines), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ListFormatError(f"{path}: found no readable JSON ({error})") from error
    form = next((form for form in FORMS if form.fits(found)), None)
    if form is None:
        keys = f"an object with the keys {', '.join(list(found)[:8])}" if isinstance(found, dict) else "no object"
        known = " or ".join(form.name for form in FORMS)
        raise ListFormatError(f"{path}: found {keys[:200]}, expected {known}")
    try:
        annotations = form.read(path, found, asked)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(key) for key in detail["loc"])
        raise ListFormatError(f"{path}: {where[:200]}: {detail['msg']} ({form.name})") from error
    return replace(annotations, remarks=(*content.remarks, *annotations.remarks))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


def _are_rows(found: Any) -> bool:
    return isinstance(found, list) and bool(found) and all(
        isinstance(row, dict) and not any(isinstance(cell, (dict, list)) for cell in row.values()) for row in found
    )  # fmt: skip


def _rows_as_table(path: Path, found: Any, asked: Asked) -> Annotations:
    """Read an array of flat objects, as pandas writes data frames, as a table with the keys as its header."""
    header = tuple(dict.fromkeys(str(key) for row in found for key in row))
    check_cells(path, len(found), len(header))
    rows = [
        (number, ["" if row.get(key) is None else str(row[key]) for key in header])
        for number, row in enumerate(found, start=1)
    ]
    return annotations_of(Table(path, header, rows, "\t", ()), asked)


FORMS = (
    JsonForm("events that sedpipe predicted", is_predicted, predicted_annotations),
    JsonForm("Label Studio's export", is_label_studio, label_studio_annotations),
    JsonForm("an array of rows", _are_rows, _rows_as_table),
)
