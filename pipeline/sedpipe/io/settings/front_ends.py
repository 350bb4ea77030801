"""A front end of one's own, as a TOML: ``n_mels = 64``, or ``front_end = "waveform"``, ``sample_rate = 16000``, ...

- :func:`load_front_end`: read and check; :func:`front_end_from`: of a table that was read already
- :func:`feature_spec`: what a person asks of features
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from sedpipe.errors import SettingsError
from sedpipe.features.front_end import DEFAULT, FrontEnd, build_front_end, changed, kind_of
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.settings.toml import config_from, read_toml

_NAME = "front_end"


def load_front_end(path: Path) -> FrontEnd:
    """The front end of a file: log-mel unless ``front_end`` names another; keys not given keep their defaults.

    Raises
    ------
    SettingsError
        If the file cannot be read, or has an unknown front end or key, or a value that cannot be used.
    """
    return front_end_from(read_toml(path), str(path))


def front_end_from(table: Any, where: str) -> FrontEnd:
    """The front end of a table, as a file or a model holds it; ``SettingsError`` names the place and the key."""
    if not isinstance(table, dict):
        raise SettingsError(f"{where}: expected a table, found {table!r}")
    name = table.get(_NAME, DEFAULT)
    try:
        kind = kind_of(name) if isinstance(name, str) else None
    except ValueError as error:
        raise SettingsError(f"{where}.{_NAME}: {error}") from error
    if not isinstance(kind, type):
        raise SettingsError(f"{where}.{_NAME}: expected a name in quotes, found {name!r}")
    settings = {key: value for key, value in table.items() if key != _NAME}
    front_end: FrontEnd = config_from(kind, {**_variant(kind, name), **settings}, where)
    return front_end


def _variant(kind: type[Any], name: str) -> dict[str, str]:
    """``{"encoder": "yamnet"}`` of ``encoder:yamnet``: the class's first field."""
    variant = name.partition(":")[2]
    return {fields(kind)[0].name: variant} if variant else {}


def feature_spec(path: Path | None = None, n_mels: int | None = None, dtype: str = "float16") -> FeatureSpec:
    """Which features a person asks for: a front end of a file, or the usual one, with what else is said of it.

    Raises
    ------
    SettingsError
        As :func:`load_front_end`; or if the front end has no mel bands.
    """
    front_end = build_front_end() if path is None else load_front_end(path)
    try:
        return FeatureSpec(front_end if n_mels is None else changed(front_end, n_mels=n_mels), dtype)
    except ValueError as error:
        raise SettingsError(str(error)) from error
