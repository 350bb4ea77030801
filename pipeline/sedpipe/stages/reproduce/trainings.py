"""A training of a table: its cell, its run, and everything that determines both.

- :class:`Training`: one training
- :class:`Entry`: what Table 3 adds about its system
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.records.pace import Pace
from sedpipe.io.records.run import TrainReport
from sedpipe.io.records.settings import as_table
from sedpipe.io.records.table import Bench, Validation
from sedpipe.io.settings.systems import System
from sedpipe.training.config import TrainingConfig
from sedpipe.training.fit import EpochRecord
from sedpipe.training.settings import TrainSettings


@dataclass(frozen=True)
class Entry:
    """What Table 3 adds about a training's system; ``minutes`` is None if the budget is a number of epochs."""

    name: str
    system: System
    minutes: float | None
    pace: Pace

    def bench(self, settings: TrainSettings, trained: TrainReport, epochs: Iterable[EpochRecord]) -> Bench:
        """Return these data for the cell, with the results of the training and of each of its epochs added."""
        published = {
            split: {name: value for name, value in asdict(scores).items() if value is not None}
            for split, scores in (("testing", self.system.testing), ("evaluation", self.system.evaluation))
        }
        return Bench(
            system=self.name,
            title=self.system.title,
            pooling=as_table(settings.pooling),
            minutes=self.minutes,
            pace=self.pace,
            networks=max(1, min(settings.training.checkpoints, trained.epochs)),
            cpu_seconds=trained.cpu_seconds,
            published={split: scores for split, scores in published.items() if scores},
            differs=self.system.differs,
            validations=tuple(self._validation(epoch, settings.training) for epoch in epochs),
        )

    def _validation(self, epoch: EpochRecord, training: TrainingConfig) -> Validation:
        steps = epoch.epoch * (training.epoch_steps or self.pace.steps_per_epoch)
        return Validation(
            steps=min(steps, training.steps or steps),  # the last epoch may be shorter
            loss=epoch.validation_loss,
            error_rate=epoch.scores.get("error_rate"),
            f1=epoch.scores.get("f1"),
        )


@dataclass(frozen=True)
class Training:
    """One training of a table.

    Parameters
    ----------
    cell, run : str
        Names of the cell and of the run.
    settings : TrainSettings
        Settings of the run.
    spec : FeatureSpec
        Features that the network takes as input.
    entry : Entry, optional
        Data on the system; only in Table 3.
    """

    cell: str
    run: str
    settings: TrainSettings
    spec: FeatureSpec
    entry: Entry | None = None

    def cell_determinants(self, dataset: Dataset) -> dict[str, Any]:
        """Return all that determines a cell, not only names: a preset or a recipe may change and keep its name."""
        settings = self.settings
        return {
            "dataset": dataset.name,
            "pooling": settings.pooling.function,
            "hierarchy": settings.pooling.hierarchy,
            "seed": settings.seed,
            "preset": settings.preset,
            "recipe": settings.recipe,
            "epochs": settings.training.epochs,
            "network": as_table(settings.network),
            "training": as_table(settings.training),
            "features": self.spec.fingerprint,
            "pools": as_table(settings.pooling),
        }

    def decides(self, dataset: Dataset) -> dict[str, Any]:
        """Return the same, with the name of the system in Table 3."""
        of_entry = {} if self.entry is None else {"system": self.entry.name}
        return {**self.cell_determinants(dataset), **of_entry}
