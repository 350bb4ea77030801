"""Systems of Table 3, a TOML each: a preset, a recipe and features, and the scores that were published.

- :class:`System`, :class:`Published`: what a file says
- :func:`load_system`: by the name of one that comes with sedpipe, or by path
- :func:`settings_of`, :func:`spec_of`: what it is trained with, and what it hears
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
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,79}")  # it begins the names of cells and runs


@dataclass(frozen=True)
class Published:
    """Scores of a publication on one split of DCASE 2017 Task 4, as fractions; None where it has none."""

    error_rate: float | None = None
    f1: float | None = None
    macro_f1: float | None = None
    tagging_f1: float | None = None


@dataclass(frozen=True)
class System:
    """A system as its file says.

    Parameters
    ----------
    title : str
        What the table calls it.
    preset, recipe : str
        Names or paths.
    front_end, encoder : str, optional
        As ``--front-end`` and ``--encoder``: what it hears, log-mel that fits the clips by default.
    hop_s : float, optional
        As ``--hop``.
    pooling : str, optional
    hierarchy : tuple of int, optional
        The preset's by default.
    testing, evaluation : Published
        What was published of it.
    differs : str
        What else the published system has, or how else it was scored.
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
    """Names of the systems that come with sedpipe."""
    return SYSTEMS.names


def load_system(name_or_path: str) -> tuple[str, System]:
    """A system and its name, which is the TOML's without extension.

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
    """What a system is trained with; ``SettingsError`` if its values do not go together."""
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
    """What a system hears of a dataset's clips; errors as :func:`~sedpipe.io.settings.front_ends.feature_spec`."""
    front_end = None if system.front_end is None else Path(system.front_end)
    return feature_spec(clips, AskedFeatures(front_end, encoder=system.encoder, hop_s=system.hop_s))


def features_command(system: System) -> tuple[str, ...]:
    """Options with which ``sedpipe features`` makes what it hears."""
    given = {"--front-end": system.front_end, "--encoder": system.encoder, "--hop": system.hop_s}
    return tuple(word for option, value in given.items() if value is not None for word in (option, str(value)))
