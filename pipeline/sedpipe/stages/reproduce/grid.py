"""The trainings of a table: pooling functions x single and hierarchical x seeds.

- :class:`GridPoint`: one of them
- :func:`grid`: all of them
- :func:`run_name`, :func:`default_folder`: where they lie
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sedpipe.hierarchy import Hierarchy, as_name
from sedpipe.io.cache.dataset import Dataset
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


def default_folder(dataset: Dataset, settings: TrainSettings) -> Path:
    """Where a table lies."""
    return dataset.folder / "tables" / f"table2-{settings.preset}"


def run_name(settings: TrainSettings, point: GridPoint) -> str:
    """The run of a training within its dataset."""
    return f"table2-{settings.preset}-{settings.recipe}-{settings.training.epochs}-{point.name}"
