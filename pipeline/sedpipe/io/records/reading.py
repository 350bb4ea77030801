"""JSON files -> records, and back: the one place where sedpipe reads JSON that it wrote.

A file on disk may be anything: truncated, edited by hand, written by another program, hostile. Its bytes and its depth
are limited, keys must not repeat, numbers must be finite, text must be Unicode, and every value must have its type;
otherwise the error is one sentence that names the file, the place, what was found and what to do.

- :func:`find_record`: a record, or None if the file is missing
- :func:`parse_record`: the same from bytes
- :func:`write_record`: write a record, completely or not at all
"""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from sedpipe.errors import SedpipeError
from sedpipe.io.complaints import first_complaint
from sedpipe.io.files.atomic import write_json
from sedpipe.io.files.reading import read_bounded
from sedpipe.io.records.form import Record
from sedpipe.printable import MOST_OF_A_SENTENCE, printable, shortened

MOST_BYTES = 64 * 1024 * 1024
"""Maximum size of a record. The largest, a cell of a table, has some 100 bytes per clip."""

AnyRecord = TypeVar("AnyRecord", bound=Record)


def find_record(path: Path, form: type[AnyRecord], hint: str) -> AnyRecord | None:
    """Read a record.

    Parameters
    ----------
    path : Path
        The file.
    form : type of Record
        Type of record that it should contain.
    hint : str
        What the user can do about a damaged file.

    Returns
    -------
    Record or None
        The record; None if the file is missing.

    Raises
    ------
    SedpipeError
        If the file cannot be read, or contains something else.
    """
    try:
        raw = read_bounded(path, MOST_BYTES)
        return None if raw is None else parse_record(raw, form)
    except ValueError as error:
        raise damaged(path, str(error), hint) from error


def parse_record(raw: bytes, form: type[AnyRecord]) -> AnyRecord:
    """Parse a record from JSON; raise ``ValueError`` with a description of what is wrong with it."""
    try:
        # Two parsers. Python's detects repeated keys and numbers that are not finite; pydantic's would take the last
        # of the keys, and infinity. Pydantic's checks types, limits the depth and refuses halves of characters.
        json.loads(raw, object_pairs_hook=_distinct, parse_constant=_refused, parse_float=_finite)
        return form.model_validate_json(raw, strict=True)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 text ({error.reason} at byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg} in line {error.lineno}") from None
    except ValidationError as error:
        raise ValueError(first_complaint(error, form)) from error


def write_record(path: Path, record: Record) -> None:
    """Write a record, completely or not at all."""
    write_json(path, record.as_json())


def damaged(path: Path, what: str, hint: str) -> SedpipeError:
    """Return the error for a file that exists and can be read, but does not contain what it should."""
    room = max(100, MOST_OF_A_SENTENCE - len(str(path)) - len(" is damaged: "))
    return SedpipeError(f"{path} is damaged: {shortened(printable(what), room)}", hint=hint)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {shortened(twice, 60)!r} occurs twice")
    return table


def _refused(constant: str) -> float:
    raise ValueError(f"found {constant}, expected a finite number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"found {shortened(text, 30)}, expected a finite number")
    return number
