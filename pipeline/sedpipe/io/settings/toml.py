"""TOML files, which people write: presets, recipes, front ends, encoders, manifests.

- :func:`read_toml`: read the tables of a file, with limits on size and depth
- :func:`config_from`: a table -> the dataclass that it describes, checked
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from sedpipe.errors import SedpipeError, SettingsError
from sedpipe.io.complaints import first_complaint, shown
from sedpipe.io.files.reading import opened
from sedpipe.printable import printable, shortened
from sedpipe.suggestions import did_you_mean

MOST_BYTES = 1024 * 1024
MOST_DEPTH = 32
LARGEST_NUMBER = 2**63
_MOST_OF_A_COMPLAINT = 160
_DOTTED = re.compile(rb"""(?<![\w"'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){%d}""" % (MOST_DEPTH + 1))

Config = TypeVar("Config")


def read_toml(path: Path, kind: type[SedpipeError] = SettingsError) -> dict[str, Any]:
    """Read the tables of a TOML file; a byte order mark before them is skipped.

    Parameters
    ----------
    path : Path
        A file of at most 1 MiB; a longer one is refused, never truncated.
    kind : type of SedpipeError
        Exception that is raised.

    Raises
    ------
    SedpipeError
        If the file cannot be read, is not TOML, is too long or nested too deeply, or contains a number that is not
        finite or too large.
    """
    try:
        with opened(path) as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = getattr(error, "strerror", None) or error
        raise kind(f"cannot read {shortened(printable(str(path)), 200)}: {why}") from error
    if len(raw) > MOST_BYTES:
        raise kind(f"{path}: found more than {MOST_BYTES:,} bytes, expected some kilobytes of TOML")
    try:
        if _DOTTED.search(raw):  # before parsing: tomllib's time grows with the square of the number of dots in a key
            raise RecursionError
        tables = tomllib.loads(raw.decode("utf-8-sig"))
        for where, value in _values(tables):
            _check(where, value)
    except RecursionError:
        raise kind(f"{path}: nested too deeply") from None
    except _UnusableError as error:
        raise kind(f"{path}: {error}") from None
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError, a number of thousands of digits
        raise kind(_syntax_complaint(path, error)) from error
    return tables


class _UnusableError(ValueError):
    """A value that TOML allows but that cannot be used."""


def _values(tables: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield key path and value of all but tables and arrays; ``RecursionError`` if a key path is too long."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), tables)]
    while waiting:
        keys, value = waiting.pop()
        if len(keys) > MOST_DEPTH:
            raise RecursionError
        if isinstance(value, dict):
            waiting += [((*keys, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [((*keys, str(place)), inner) for place, inner in enumerate(value)]
        else:
            yield ".".join(keys), value


def _check(where: str, value: Any) -> None:
    if isinstance(value, int | float) and not abs(value) < LARGEST_NUMBER:  # also true of nan
        raise _UnusableError(f"{shortened(printable(where), 60)}: found {shown(value)}, expected a finite number")


def _syntax_complaint(path: Path, error: ValueError) -> str:
    message = shortened(printable(str(error)), _MOST_OF_A_COMPLAINT)
    place = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if place is None:
        return f"{path}: not TOML: {message}"
    return f"{path}:{place[1]}: not TOML: {message[: place.start()]} (column {place[2]})"


def config_from(kind: type[Config], table: Any, where: str) -> Config:
    """Make a dataclass from a TOML table; ``SettingsError`` for unknown keys, wrong types and unusable values."""
    if not isinstance(table, dict):
        raise SettingsError(f"{where}: expected a table, found {shown(table)}")
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for key in table:
        if key not in known:
            called = shortened(printable(key), 60)
            meant = did_you_mean(key, known) or ": known are " + ", ".join(known)
            raise SettingsError(f"{where}: unknown key '{called}'{meant}")
    for name, inner in get_type_hints(kind).items():  # pydantic ignores unknown keys of an inner table
        if is_dataclass(inner) and name in table:
            config_from(inner, table[name], f"{where}.{name}")  # type: ignore[arg-type]
    try:
        # as JSON: only there do strict checks accept arrays as tuples and tables as dataclasses
        return TypeAdapter(kind).validate_json(json.dumps(table, default=str), strict=True)
    except ValidationError as error:
        at_a_key = "." if error.errors()[0]["loc"] else ": "
        raise SettingsError(f"{where}{at_a_key}{first_complaint(error)}") from error
