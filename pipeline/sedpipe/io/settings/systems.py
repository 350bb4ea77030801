"""Systems of Table 3, each a TOML: a preset, a recipe and features, and the published scores.

- :class:`System`, :class:`Published`: content of a file
- :func:`load_system`: read one by the name of a system that comes with sedpipe, or by path
- :func:`settings_of`, :func:`spec_of`: settings of its training, and its input features
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from sedpipe.clips import ClipFormat
from sedpipe.errors import SettingsError
from sedpipe.features.spec import FeatureSpec
from sedpipe.hierarchy import Hierarchy
from sedpipe.io.settings.front_ends import AskedFeatures, feature_spec
from sedpipe.io.settings.shipped import PACKAGE, Shelf
from sedpipe.io.settings.toml import config_from, read_toml
from sedpipe.io.settings.train_settings import Asked, train_settings
from sedpipe.training.settings import PAPER, TrainSettings

SYSTEMS = Shelf("system", PACKAGE / "systems")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,79}")  # names of cells and runs begin with it


@dataclass(frozen=True)
class Published:
    """Scores of a publication on one split of DCASE 2017 Task 4, as fractions; None for a score not published."""

    error_rate: float | None = None
    f1: float | None = None
    macro_f1: float | None = None
    tagging_f1: float | None = None


@dataclass(frozen=True)
class System:
    """A system as described in its file.

    Parameters
    ----------
    title : str
        Name of the system in the table.
    preset, recipe : str
        Names or paths.
    front_end, encoder : str, optional
        Input features, as for ``--front-end`` and ``--encoder``; by default log-mel that fits the clips.
    hop_s : float, optional
        Time between frames in seconds, as for ``--hop``.
    pooling : str, optional
    hierarchy : tuple of int, optional
        The preset's by default.
    testing, evaluation : Published
        Published scores on the two splits.
    differs : str
        How the published system or its scoring differs from this one.
    """

    title: str
    preset: str
    recipe: str = PAPER
    front_end: str | None = None
    encoder: str | None = None
    hop_s: float | None = None
    pooling: str | None = None
    hierarchy: Hierarchy | None = None
    testing: Published = field(default_factory=Published)
    evaluation: Published = field(default_factory=Published)
    differs: str = ""


def system_names() -> list[str]:
    """Return the names of the systems that come with sedpipe."""
    return SYSTEMS.names


def load_system(name_or_path: str) -> tuple[str, System]:
    """Read a system; return its name, which is the TOML's file name without extension, and the system.

    Raises
    ------
    SettingsError
        If there is no such system, or its file has an unknown key or a value that cannot be used.
    """
    path = SYSTEMS.find(name_or_path)
    if not _NAME.fullmatch(path.stem):
        raise SettingsError(
            f"{path}: expected a name of letters, digits, '.', '_' and '-', not starting with '.' or '-'"
        )
    return path.stem, config_from(System, read_toml(path), str(path))


def settings_of(system: System, threads: int, device: str = "auto") -> TrainSettings:
    """Return the settings of a system's training; ``SettingsError`` if its values exclude each other."""
    asked = Asked(
        threads,
        system.preset,
        recipe=system.recipe,
        pooling=system.pooling,
        hierarchy=system.hierarchy,
        device=device,
    )
    return train_settings(asked)


def spec_of(system: System, clips: ClipFormat) -> FeatureSpec:
    """Return a system's features of a dataset; raises as :func:`~sedpipe.io.settings.front_ends.feature_spec`."""
    front_end = None if system.front_end is None else Path(system.front_end)
    return feature_spec(clips, AskedFeatures(front_end, encoder=system.encoder, hop_s=system.hop_s))


def features_command(system: System) -> tuple[str, ...]:
    """Return the options with which ``sedpipe features`` makes a system's input features."""
    given = {"--front-end": system.front_end, "--encoder": system.encoder, "--hop": system.hop_s}
    return tuple(word for option, value in given.items() if value is not None for word in (option, str(value)))
