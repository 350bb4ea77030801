"""A front end of one's own, as a TOML: ``n_mels = 64``, or ``front_end = "waveform"``, ``hop_length = 160``, ...

- :func:`load_front_end`: read and check; :func:`front_end_from`: of a table that was read already
- :func:`feature_spec`: what a person asks of the features of a dataset
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from sedpipe.clips import ClipFormat
from sedpipe.errors import SettingsError
from sedpipe.features.front_end import DEFAULT, FrontEnd, build_front_end, changed, kind_of
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.settings.toml import config_from, read_toml

_NAME = "front_end"


def load_front_end(path: Path, clips: ClipFormat | None = None) -> FrontEnd:
    """The front end of a file: log-mel unless ``front_end`` names another.

    Parameters
    ----------
    path : Path
        A TOML.
    clips : ClipFormat, optional
        Of a dataset: keys that are not given fit these clips; without, they have their defaults.

    Raises
    ------
    SettingsError
        If the file cannot be read, or has an unknown front end or key, or a value that cannot be used.
    """
    return front_end_from(read_toml(path), str(path), clips)


def front_end_from(table: Any, where: str, clips: ClipFormat | None = None) -> FrontEnd:
    """The front end of a table, as a file or a model holds it; ``SettingsError`` names the place and the key."""
    if not isinstance(table, dict):
        raise SettingsError(f"{where}: expected a table, found {table!r}")
    name = table.get(_NAME, DEFAULT)
    try:
        kind = kind_of(name) if isinstance(name, str) else None
        usual = {} if clips is None or kind is None else _fitted(name, clips).settings
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{where}.{_NAME}: {error}") from error
    if not isinstance(kind, type):
        raise SettingsError(f"{where}.{_NAME}: expected a name in quotes, found {name!r}")
    given = {key: value for key, value in table.items() if key != _NAME}
    front_end: FrontEnd = config_from(kind, {**_variant(kind, name), **usual, **given}, where)
    return front_end


def _fitted(name: str, clips: ClipFormat) -> FrontEnd:
    return build_front_end(name).fitted_to(clips.sample_rate, clips.clip_s)


def _variant(kind: type[Any], name: str) -> dict[str, str]:
    """``{"encoder": "yamnet"}`` of ``encoder:yamnet``: the class's first field."""
    variant = name.partition(":")[2]
    return {fields(kind)[0].name: variant} if variant else {}


def feature_spec(
    clips: ClipFormat, path: Path | None = None, n_mels: int | None = None, dtype: str = "float16"
) -> FeatureSpec:
    """Which features of a dataset a person asks for.

    Parameters
    ----------
    clips : ClipFormat
        Of the dataset.
    path : Path, optional
        TOML of a front end; by default log-mel that fits the clips.
    n_mels : int, optional
        Mel bands in place of those.
    dtype : str
        How values are stored.

    Raises
    ------
    SettingsError
        As :func:`load_front_end`; or if the front end has no mel bands, or clips are too long for it.
    """
    try:
        front_end = _fitted(DEFAULT, clips) if path is None else load_front_end(path, clips)
        return FeatureSpec(front_end if n_mels is None else changed(front_end, n_mels=n_mels), dtype)
    except ValueError as error:
        raise SettingsError(str(error)) from error
