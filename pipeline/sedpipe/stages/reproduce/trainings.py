"""A training of a table: the cell that it makes, the run that it leaves, and all that decides both.

- :class:`Training`: one of them
- :class:`Entry`: what Table 3 knows of its system
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
    """What Table 3 knows of a training's system; ``minutes`` is None where epochs end the training."""

    name: str
    system: System
    minutes: float | None
    pace: Pace

    def bench(self, settings: TrainSettings, trained: TrainReport, epochs: Iterable[EpochRecord]) -> Bench:
        """The same with what the training came to, and what each of its epochs did."""
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
        Names of what it makes.
    settings : TrainSettings
    spec : FeatureSpec
        Which features.
    entry : Entry, optional
        Of Table 3.
    """

    cell: str
    run: str
    settings: TrainSettings
    spec: FeatureSpec
    entry: Entry | None = None

    def decides_cell(self, dataset: Dataset) -> dict[str, Any]:
        """What decides a cell: a preset or a recipe may have changed behind its name."""
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
        """The same with the system of Table 3."""
        of_entry = {} if self.entry is None else {"system": self.entry.name}
        return {**self.decides_cell(dataset), **of_entry}
