"""Who takes part in Table 3: systems by name, each with its settings, its features, and cells for some seeds.

- :class:`Budget`: when a training ends
- :class:`Entrant`, :func:`entrants`: systems on a dataset
- :func:`check_features`: whether there are the features that they need
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sedpipe.errors import MissingStageError, SettingsError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.records.pace import Pace
from sedpipe.io.settings.systems import System, features_command, load_system, settings_of, spec_of
from sedpipe.labels import LabelSet
from sedpipe.stages.reproduce.trainings import Entry, Training
from sedpipe.stages.train import open_splits
from sedpipe.training.budget import within
from sedpipe.training.config import TrainingConfig
from sedpipe.training.settings import TrainSettings


@dataclass(frozen=True)
class Budget:
    """When a training ends: after so many minutes of work, or after so many epochs.

    Parameters
    ----------
    minutes : float, optional
        Of processors, all threads together; on a GPU of the clock.
    epochs : int, optional
        In their place.

    Raises
    ------
    ValueError
        If it is neither, or both.
    """

    minutes: float | None = None
    epochs: int | None = None

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.epochs is None):
            raise ValueError(f"a budget is either minutes or epochs, got {self.minutes} and {self.epochs}")

    @property
    def name(self) -> str:
        """For folders and runs: ``15min``, ``8epochs``."""
        return f"{self.epochs}epochs" if self.minutes is None else f"{self.minutes:g}min"

    def applied_to(self, training: TrainingConfig, pace: Pace) -> TrainingConfig:
        """How a system is trained within it."""
        if self.minutes is not None:
            return within(training, 60 * self.minutes, pace.step_s, pace.validation_s, pace.steps_per_epoch)
        return replace(training, epochs=self.epochs or training.epochs)


@dataclass(frozen=True)
class Entrant:
    """A system on a dataset.

    Parameters
    ----------
    name : str
    system : System
    settings : TrainSettings
        Without budget and seed.
    spec : FeatureSpec
        What it hears there.
    """

    name: str
    system: System
    settings: TrainSettings
    spec: FeatureSpec

    def cell(self, seed: int) -> str:
        """Name of a cell."""
        return f"{self.name}-seed{seed}"

    def run(self, seed: int, budget: Budget) -> str:
        """Name of its run."""
        return f"table3-{budget.name}-{self.cell(seed)}"

    def training(self, seed: int, budget: Budget, pace: Pace) -> Training:
        """What makes a cell."""
        settings = replace(self.settings, seed=seed, training=budget.applied_to(self.settings.training, pace))
        entry = Entry(self.name, self.system, budget.minutes, pace)
        return Training(self.cell(seed), self.run(seed, budget), settings, self.spec, entry)


def entrants(dataset: Dataset, systems: Sequence[str], threads: int, device: str) -> list[Entrant]:
    """Systems by name or path.

    Raises
    ------
    SettingsError
        If there is no such system, it cannot be used, or two have one name.
    """
    clips, found = dataset.read_record().clip_format, dict[str, Entrant]()
    for one in systems:
        name, system = load_system(one)
        if name in found:
            raise SettingsError(f"two systems are named {name}")
        found[name] = Entrant(name, system, settings_of(system, threads, device), spec_of(system, clips))
    return list(found.values())


def check_features(dataset: Dataset, some: Sequence[Entrant]) -> None:
    """``MissingStageError`` with the commands that make all features that are not there."""
    lacking: dict[str, tuple[str, ...]] = {}
    labels, seen = LabelSet(dataset.read_record().labels), dict[str, bool]()
    for entrant in some:
        if entrant.spec.fingerprint in seen:
            continue
        seen[entrant.spec.fingerprint] = True
        try:
            open_splits(dataset, entrant.spec, labels)
        except MissingStageError:
            if not {"training", "testing"} <= dataset.read_clips().keys():
                raise  # no features would mend it
            lacking[entrant.name] = features_command(entrant.system)
    if lacking:
        commands = (f"`{dataset.command('features', *options)}`" for options in lacking.values())
        raise MissingStageError(
            f"{dataset.name} has no features for {', '.join(lacking)}", hint=f"run first: {', '.join(commands)}"
        )
