"""Settings in TOML files -> the dataclasses that they are for.

- :func:`read_toml`: a file of bounded size
- :func:`config_from`: a table, checked
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from sedpipe.errors import SettingsError
from sedpipe.suggestions import did_you_mean

MOST_BYTES = 1024 * 1024

Config = TypeVar("Config")


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; :class:`SettingsError` if it is none."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES)
        return tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error


def config_from(kind: type[Config], table: Any, where: str) -> Config:
    """A dataclass from a TOML table; unknown keys, wrong types and values that it refuses are a ``SettingsError``."""
    if not isinstance(table, dict):
        raise SettingsError(f"{where}: expected a table, found {table!r}")
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for key in table:
        if key not in known:
            raise SettingsError(
                f"{where}: unknown key {key!r}{did_you_mean(key, known) or ': known are ' + ', '.join(known)}"
            )
    for name, inner in get_type_hints(kind).items():  # pydantic passes over unknown keys of an inner table
        if is_dataclass(inner) and name in table:
            config_from(inner, table[name], f"{where}.{name}")  # type: ignore[arg-type]
    try:
        # as JSON, since strict checks take arrays for tuples and tables for dataclasses only there
        return TypeAdapter(kind).validate_json(json.dumps(table, default=str), strict=True)
    except ValidationError as error:
        detail = error.errors()[0]
        key = ".".join(str(part) for part in detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{where}{'.' if key else ''}{key}: found {detail['input']!r}: {message}") from error
