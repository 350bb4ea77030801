"""The systems of Table 3: each with its name, settings, features, and a cell per random seed.

- :class:`Budget`: when a training ends
- :class:`Entrant`, :func:`entrants`: systems on a dataset
- :func:`check_features`: check that the features exist that the systems need
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
    """The budget of a training: a number of minutes, or a number of epochs.

    Parameters
    ----------
    minutes : float, optional
        CPU minutes, summed over threads; on a GPU, wall-clock minutes.
    epochs : int, optional
        Number of epochs, in place of minutes.

    Raises
    ------
    ValueError
        If neither or both are given.
    """

    minutes: float | None = None
    epochs: int | None = None

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.epochs is None):
            raise ValueError(f"a budget is either minutes or epochs, got {self.minutes} and {self.epochs}")

    @property
    def name(self) -> str:
        """Name of the budget in the names of folders and runs: ``15min``, ``8epochs``."""
        return f"{self.epochs}epochs" if self.minutes is None else f"{self.minutes:g}min"

    def applied_to(self, training: TrainingConfig, pace: Pace) -> TrainingConfig:
        """Return the training settings of a system, changed to end within the budget."""
        if self.minutes is not None:
            return within(training, 60 * self.minutes, pace.step_s, pace.validation_s, pace.steps_per_epoch)
        return replace(training, epochs=self.epochs or training.epochs)


@dataclass(frozen=True)
class Entrant:
    """A system on a dataset.

    Parameters
    ----------
    name : str
        Name of the system.
    system : System
        The system itself.
    settings : TrainSettings
        Training settings, without budget and random seed.
    spec : FeatureSpec
        Features that the network takes as input on this dataset.
    """

    name: str
    system: System
    settings: TrainSettings
    spec: FeatureSpec

    def cell(self, seed: int) -> str:
        """Return the name of the cell for a random seed."""
        return f"{self.name}-seed{seed}"

    def run(self, seed: int, budget: Budget) -> str:
        """Return the name of that cell's run."""
        return f"table3-{budget.name}-{self.cell(seed)}"

    def training(self, seed: int, budget: Budget, pace: Pace) -> Training:
        """Return the training that makes a cell."""
        settings = replace(self.settings, seed=seed, training=budget.applied_to(self.settings.training, pace))
        entry = Entry(self.name, self.system, budget.minutes, pace)
        return Training(self.cell(seed), self.run(seed, budget), settings, self.spec, entry)


def entrants(dataset: Dataset, systems: Sequence[str], threads: int, device: str) -> list[Entrant]:
    """Load systems by name or path.

    Raises
    ------
    SettingsError
        If a system does not exist or cannot be used, or two systems have the same name.
    """
    clips, found = dataset.read_record().clip_format, dict[str, Entrant]()
    for one in systems:
        name, system = load_system(one)
        if name in found:
            raise SettingsError(f"two systems are named {name}")
        found[name] = Entrant(name, system, settings_of(system, threads, device), spec_of(system, clips))
    return list(found.values())


def check_features(dataset: Dataset, some: Sequence[Entrant]) -> None:
    """Raise ``MissingStageError`` if features are missing, with the commands that make all of them."""
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
                raise  # making features would not help
            lacking[entrant.name] = features_command(entrant.system)
    if lacking:
        commands = (f"`{dataset.command('features', *options)}`" for options in lacking.values())
        raise MissingStageError(
            f"{dataset.name} has no features for {', '.join(lacking)}", hint=f"run first: {', '.join(commands)}"
        )
