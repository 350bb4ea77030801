"""Front ends in TOML files: ``n_mels = 64``, or ``front_end = "waveform"``, ``hop_length = 160``, ...

- :func:`load_front_end`: read one by the name of a published system's front end that comes with sedpipe, or by path;
  :func:`front_end_from`: make one from a table that was read already
- :class:`AskedFeatures`, :func:`feature_spec`: the features of a dataset that a user asks for
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from sedpipe.clips import ClipFormat
from sedpipe.errors import SettingsError
from sedpipe.features.front_end import DEFAULT, FrontEnd, build_front_end, changed, kind_of
from sedpipe.features.spec import MOST_RATE, FeatureSpec
from sedpipe.io.encoders.front_end import named_front_end
from sedpipe.io.settings.shipped import PACKAGE, Shelf
from sedpipe.io.settings.toml import config_from, read_toml

FRONT_END_FILES = Shelf("front end", PACKAGE / "front_ends")
_NAME, _ENCODER = "front_end", "encoder:"


def load_front_end(path: Path, clips: ClipFormat | None = None) -> FrontEnd:
    """Read the front end in a file: log-mel unless ``front_end`` names another.

    Parameters
    ----------
    path : Path
        A TOML, or the name of one that comes with sedpipe.
    clips : ClipFormat, optional
        Length and sample rate of a dataset's clips: keys that are not given are chosen to fit them, at the file's own
        ``sample_rate`` if it has one. Without clips, these keys have their defaults.

    Raises
    ------
    SettingsError
        If the file cannot be read, or has an unknown front end or key, or a value that cannot be used.
    """
    path = FRONT_END_FILES.find(str(path))
    table = read_toml(path)
    name = table.get(_NAME)
    if isinstance(name, str) and name.startswith(_ENCODER):
        return _encoders(name.removeprefix(_ENCODER), table, str(path), clips)
    return front_end_from(table, str(path), clips)


def _encoders(names: str, table: dict[str, Any], where: str, clips: ClipFormat | None) -> FrontEnd:
    """Return the encoders of a file, which may contain only their names and the time between their frames."""
    hop_s = table.get("hop_s")
    unknown = sorted({*table} - {_NAME, "hop_s"})
    if unknown or not isinstance(hop_s, int | float | None) or isinstance(hop_s, bool):
        found = f"{unknown[0]} = {table[unknown[0]]!r}" if unknown else f"hop_s = {hop_s!r}"
        raise SettingsError(f"{where}: found {found}, expected nothing but {_NAME} and, in seconds, hop_s")
    return named_front_end(names, hop_s, clips or ClipFormat())


def front_end_from(table: Any, where: str, clips: ClipFormat | None = None) -> FrontEnd:
    """Return the front end that a table of a file or a model describes; a ``SettingsError`` names place and key."""
    if not isinstance(table, dict):
        raise SettingsError(f"{where}: expected a table, found {table!r}")
    name = table.get(_NAME, DEFAULT)
    try:
        kind = kind_of(name) if isinstance(name, str) else None
        usual = {} if clips is None or not isinstance(kind, type) else _fitted(name, clips, table).settings
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{where}.{_NAME}: {error}") from error
    if kind is None:
        raise SettingsError(f"{where}.{_NAME}: expected a name in quotes, found {name!r}")
    given = {key: value for key, value in table.items() if key != _NAME}
    if not isinstance(kind, type):  # made by a function, whose settings depend on the variant
        return _built(name, given, where)
    front_end: FrontEnd = config_from(kind, {**_variant(kind, name), **usual, **given}, where)
    if clips is None or "n_frames" in given:
        return front_end
    return front_end.fitted_to(front_end.sample_rate, clips.clip_s)  # as many frames as a clip has at this hop


def _built(name: str, settings: dict[str, Any], where: str) -> FrontEnd:
    try:
        return build_front_end(name, **settings)
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{where}: {error}") from error


def _fitted(name: str, clips: ClipFormat, table: Mapping[str, Any] | None = None) -> FrontEnd:
    """Return a front end with its usual settings; those in samples are for the table's sample rate, if it has one."""
    rate = (table or {}).get("sample_rate", clips.sample_rate)
    if type(rate) is not int or not 0 < rate <= MOST_RATE:  # an unusable rate is reported later
        rate = clips.sample_rate
    return build_front_end(name).fitted_to(rate, clips.clip_s)


def _variant(kind: type[Any], name: str) -> dict[str, str]:
    """Return ``{"encoder": "yamnet"}`` for ``encoder:yamnet``: the variant is the first field of the class."""
    variant = name.partition(":")[2]
    return {fields(kind)[0].name: variant} if variant else {}


@dataclass(frozen=True)
class AskedFeatures:
    """Features that a user asks for; None leaves a value as it is.

    Parameters
    ----------
    front_end : Path, optional
        A TOML, or the name of a published system's front end; by default log-mel that fits the clips.
    n_mels : int, optional
        Number of mel bands.
    dtype : str, optional
        Type in which values are stored; ``float16`` by default.
    encoder : str, optional
        One or several pretrained encoders to use instead of ``front_end``: ``yamnet,my-ears.toml``.
    hop_s : float, optional
        Time in seconds from one frame of the encoders to the next.
    """

    front_end: Path | None = None
    n_mels: int | None = None
    dtype: str | None = None
    encoder: str | None = None
    hop_s: float | None = None


def feature_spec(clips: ClipFormat, asked: AskedFeatures | None = None, like: FeatureSpec | None = None) -> FeatureSpec:
    """Return the features that a user asks for: a front end from a file, encoders, or log-mel that fits the clips.

    Parameters
    ----------
    clips : ClipFormat
        Length and sample rate of the dataset's clips.
    asked : AskedFeatures, optional
    like : FeatureSpec, optional
        Input features of the model that a training starts from: no other features can be asked for then, and only the
        length of a clip is taken from the dataset.

    Raises
    ------
    SettingsError
        As :func:`load_front_end` and :func:`~sedpipe.io.encoders.front_end.named_front_end`; or if the options
        exclude each other, or clips are too long for the features.
    """
    asked = asked or AskedFeatures()
    if like is not None:
        return _heard_alike(like, clips, asked)
    if asked.encoder is not None and asked.front_end is not None:
        raise SettingsError("--encoder and --front-end cannot be combined", hint="give one of them")
    if asked.hop_s is not None and asked.encoder is None:
        raise SettingsError(
            "--hop sets the time between frames of encoders",
            hint="give --encoder, or a --front-end with hop_length",
        )
    try:
        front_end = _front_end(clips, asked)
        if asked.n_mels is not None:
            front_end = changed(front_end, n_mels=asked.n_mels)
        return FeatureSpec(front_end) if asked.dtype is None else FeatureSpec(front_end, asked.dtype)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _heard_alike(like: FeatureSpec, clips: ClipFormat, asked: AskedFeatures) -> FeatureSpec:
    if any(value is not None for value in (asked.encoder, asked.front_end, asked.n_mels, asked.hop_s)):
        raise SettingsError(
            f"the model given by --init uses {like.front_end.name} features and no others",
            hint="leave out --encoder, --hop, --front-end and --n-mels",
        )
    if asked.dtype not in (None, like.dtype):
        raise SettingsError(
            f"the model given by --init was trained on features stored as {like.dtype}, not {asked.dtype}",
            hint="leave out --dtype",
        )
    front_end = like.front_end
    return replace(like, front_end=front_end.fitted_to(front_end.sample_rate, clips.clip_s))


def _front_end(clips: ClipFormat, asked: AskedFeatures) -> FrontEnd:
    if asked.encoder is not None:
        return named_front_end(asked.encoder, asked.hop_s, clips)
    return _fitted(DEFAULT, clips) if asked.front_end is None else load_front_end(asked.front_end, clips)
