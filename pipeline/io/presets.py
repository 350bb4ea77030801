"""Presets: a network, its pooling and how it is trained, in one TOML.

- :class:`Preset`: the three parts
- :func:`load_preset`: by the name of one that comes with sedpipe, or by path
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import SettingsError
from pipeline.nn.crnn import NetworkConfig, PoolingConfig
from pipeline.nn.fit import TrainingConfig
from pipeline.suggestions import did_you_mean

_SHIPPED = Path(__file__).resolve().parents[1] / "presets"
TABLES = ("network", "pooling", "training")
MOST_BYTES = 1024 * 1024

Config = TypeVar("Config")


@dataclass(frozen=True)
class Preset:
    """A network, its pooling and how it is trained; ``name`` is the TOML's without extension."""

    name: str
    network: NetworkConfig
    pooling: PoolingConfig
    training: TrainingConfig


def preset_names() -> list[str]:
    """Names of the presets that come with sedpipe."""
    return sorted(path.stem for path in _SHIPPED.glob("*.toml"))


def load_preset(name_or_path: str) -> Preset:
    """Read and check a preset.

    Parameters
    ----------
    name_or_path : str
        A name from :func:`preset_names`, or the path of a ``.toml`` file.

    Raises
    ------
    SettingsError
        If there is no such preset, or it has an unknown key or a value that cannot be used.
    """
    path = Path(name_or_path) if name_or_path.endswith(".toml") else _SHIPPED / f"{name_or_path}.toml"
    if not name_or_path.endswith(".toml") and name_or_path not in preset_names():
        known = ", ".join(preset_names())
        meant = did_you_mean(name_or_path, preset_names())
        raise SettingsError(f"preset {name_or_path!r} is not one of {known}{meant}", hint="or give the path of a .toml")
    sections = _sections(path)
    return Preset(
        path.stem,
        _config(NetworkConfig, sections.get("network", {}), f"{path}: network"),
        _config(PoolingConfig, sections.get("pooling", {}), f"{path}: pooling"),
        _config(TrainingConfig, sections.get("training", {}), f"{path}: training"),
    )


def _sections(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES)
        sections = tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error
    for name in sections:
        if name not in TABLES:
            expected = ", ".join(f"[{table}]" for table in TABLES)
            raise SettingsError(f"{path}: found {name!r}, expected the tables {expected}{did_you_mean(name, TABLES)}")
    return sections


def _config(kind: type[Config], table: Any, where: str) -> Config:
    """A dataclass from a TOML table; unknown keys and wrong types are errors."""
    if not isinstance(table, dict):
        raise SettingsError(f"{where}: expected a table, found {table!r}")
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for key in table:
        if key not in known:
            raise SettingsError(
                f"{where}: unknown key {key!r}{did_you_mean(key, known) or ': known are ' + ', '.join(known)}"
            )
    try:
        # as JSON, since strict checks take arrays for tuples and tables for dataclasses only there
        return TypeAdapter(kind).validate_json(json.dumps(table, default=str), strict=True)
    except ValidationError as error:
        detail = error.errors()[0]
        key = ".".join(str(part) for part in detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{where}{'.' if key else ''}{key}: found {detail['input']!r}: {message}") from error
