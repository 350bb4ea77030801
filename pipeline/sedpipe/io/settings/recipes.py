"""Recipes: how any network is trained, in one TOML whose ``[training]`` takes the place of a preset's, key by key.

``augment`` is such a key, and is replaced as a whole.

- :class:`Recipe`: its name and the keys that it sets
- :func:`load_recipe`: by the name of one that comes with sedpipe, or by path
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
    """Keys of :class:`~sedpipe.training.fit.TrainingConfig` that are set, and where they were read."""

    name: str
    path: Path
    training: dict[str, Any]

    def applied_to(self, training: TrainingConfig) -> TrainingConfig:
        """A preset's training with this recipe's keys; ``SettingsError`` if one cannot be used."""
        return config_from(TrainingConfig, {**asdict(training), **self.training}, f"{self.path}: training")


def recipe_names() -> list[str]:
    """Names of the recipes that come with sedpipe."""
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
