"""The trainings of a table: pooling functions x single and hierarchical x seeds.

- :class:`GridPoint`: one point of the grid
- :func:`grid`: all points; :func:`training_of`: the training of a point
- :func:`run_name`, :func:`default_folder`: names of run and folder; :func:`features_in_names`: the features in both
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sedpipe.errors import SettingsError
from sedpipe.features.spec import FeatureSpec
from sedpipe.hierarchy import Hierarchy, as_name
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import named_run
from sedpipe.stages.reproduce.trainings import Training
from sedpipe.training.settings import TrainSettings

POOLINGS = ("linear", "exponential", "attention")
HIERARCHIES: tuple[Hierarchy, ...] = ((), (5, 5))


@dataclass(frozen=True)
class GridPoint:
    """One training of the grid."""

    pooling: str
    hierarchy: Hierarchy
    seed: int

    @property
    def name(self) -> str:
        """Name of the cell's file and, with preset, recipe and epochs, of the run."""
        return f"{self.pooling}-{as_name(self.hierarchy)}-seed{self.seed}"


def grid(
    seeds: Sequence[int],
    hierarchies: Sequence[Hierarchy] = HIERARCHIES,
    poolings: Sequence[str] = POOLINGS,
) -> list[GridPoint]:
    """Return all systems with the first seed, then with the next: a table that has only some seeds is still a table."""
    return [GridPoint(pooling, stages, seed) for seed in seeds for pooling in poolings for stages in hierarchies]


def features_in_names(dataset: Dataset, spec: FeatureSpec) -> str:
    """Return the part of folder and run names that identifies the features; empty for the dataset's default features.

    It consists of the front end's name and the beginning of the features' fingerprint, since features with the same
    front end may differ in settings: ``-encoder-yamnet-3f09ac``.
    """
    if spec.fingerprint == FeatureSpec.of_clips(dataset.read_record().clip_format).fingerprint:
        return ""
    name = re.sub(r"[^\w.-]+", "-", spec.front_end.name)[:40]
    return f"-{name}-{spec.fingerprint[:6]}"


def default_folder(dataset: Dataset, settings: TrainSettings, spec: FeatureSpec) -> Path:
    """Return the folder of a table."""
    return dataset.folder / "tables" / f"table2-{settings.preset}{features_in_names(dataset, spec)}"


def run_name(dataset: Dataset, settings: TrainSettings, spec: FeatureSpec, point: GridPoint) -> str:
    """Return the name of a training's run."""
    system = f"{settings.preset}{features_in_names(dataset, spec)}"
    return f"table2-{system}-{settings.recipe}-{settings.training.epochs}-{point.name}"


def training_of(dataset: Dataset, settings: TrainSettings, spec: FeatureSpec, point: GridPoint) -> Training:
    """Return the training of a point: ``settings`` with the point's pooling function, hierarchy and seed.

    Raise ``SettingsError`` if the function cannot be combined with the segment weights of ``settings``, or if the run
    would have an invalid name.
    """
    try:
        pooling = replace(settings.pooling, function=point.pooling, hierarchy=point.hierarchy)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    own = replace(settings, pooling=pooling, seed=point.seed)
    try:
        run = named_run(dataset, run_name(dataset, settings, spec, point))
    except SettingsError as error:
        hint = "it is named after the files of preset and recipe: give them shorter or plainer names"
        raise SettingsError(error.message, hint=hint) from error
    return Training(point.name, run.name, own, spec)
