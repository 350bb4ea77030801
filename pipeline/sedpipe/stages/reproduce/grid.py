"""The trainings of a table: pooling functions x single and hierarchical x seeds.

- :class:`GridPoint`: one of them
- :func:`grid`: all of them; :func:`training_of`: what makes one
- :func:`run_name`, :func:`default_folder`: where they lie; :func:`features_in_names`: what both say of features
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
        """Of its cell's file and, with preset, recipe and epochs, of its run."""
        return f"{self.pooling}-{as_name(self.hierarchy)}-seed{self.seed}"


def grid(
    seeds: Sequence[int],
    hierarchies: Sequence[Hierarchy] = HIERARCHIES,
    poolings: Sequence[str] = POOLINGS,
) -> list[GridPoint]:
    """All systems of the first seed, then of the next: a table with fewer seeds is a table, too."""
    return [GridPoint(pooling, stages, seed) for seed in seeds for pooling in poolings for stages in hierarchies]


def features_in_names(dataset: Dataset, spec: FeatureSpec) -> str:
    """What names of folders and runs say of features: nothing of the dataset's usual ones.

    Others have the front end's name and the beginning of their fingerprint, since two with one name may have other
    settings: ``-encoder-yamnet-3f09ac``.
    """
    if spec.fingerprint == FeatureSpec.of_clips(dataset.read_record().clip_format).fingerprint:
        return ""
    name = re.sub(r"[^\w.-]+", "-", spec.front_end.name)[:40]
    return f"-{name}-{spec.fingerprint[:6]}"


def default_folder(dataset: Dataset, settings: TrainSettings, spec: FeatureSpec) -> Path:
    """Where a table lies."""
    return dataset.folder / "tables" / f"table2-{settings.preset}{features_in_names(dataset, spec)}"


def run_name(dataset: Dataset, settings: TrainSettings, spec: FeatureSpec, point: GridPoint) -> str:
    """The run of a training within its dataset."""
    system = f"{settings.preset}{features_in_names(dataset, spec)}"
    return f"table2-{system}-{settings.recipe}-{settings.training.epochs}-{point.name}"


def training_of(dataset: Dataset, settings: TrainSettings, spec: FeatureSpec, point: GridPoint) -> Training:
    """What makes the cell of a point, with ``settings`` but for pooling function, hierarchy and seed.

    ``SettingsError`` if that function cannot have the segment weights of ``settings``, or no run can be named after it.
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
