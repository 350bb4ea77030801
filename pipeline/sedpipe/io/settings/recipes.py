"""Recipes: training settings for any network, in one TOML whose ``[training]`` replaces a preset's, key by key.

The table ``augment`` is one of these keys, and is replaced as a whole.

- :class:`Recipe`: name of a recipe and the keys that it sets
- :func:`load_recipe`: read one by the name of a recipe that comes with sedpipe, or by path
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sedpipe.errors import SettingsError
from sedpipe.io.settings.shipped import PACKAGE, Shelf
from sedpipe.io.settings.toml import config_from, read_toml
from sedpipe.training.config import TrainingConfig

RECIPES = Shelf("recipe", PACKAGE / "recipes")


@dataclass(frozen=True)
class Recipe:
    """Keys of :class:`~sedpipe.training.config.TrainingConfig` that a recipe sets, and the file that they come from."""

    name: str
    path: Path
    training: dict[str, Any]

    def applied_to(self, training: TrainingConfig) -> TrainingConfig:
        """Return a preset's training with this recipe's keys; ``SettingsError`` if one cannot be used."""
        return config_from(TrainingConfig, {**asdict(training), **self.training}, f"{self.path}: training")


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with sedpipe."""
    return RECIPES.names


def load_recipe(name_or_path: str) -> Recipe:
    """Read a recipe.

    Parameters
    ----------
    name_or_path : str
        A name from :func:`recipe_names`, or the path of a ``.toml`` file.

    Raises
    ------
    SettingsError
        If there is no such recipe, or it has an unknown key or a value that cannot be used.
    """
    path = RECIPES.find(name_or_path)
    sections = read_toml(path)
    for name in sections:
        if name != "training":
            raise SettingsError(f"{path}: found {name!r}, expected the table [training] alone")
    recipe = Recipe(path.stem, path, sections.get("training", {}))
    config_from(TrainingConfig, recipe.training, f"{path}: training")
    return recipe
