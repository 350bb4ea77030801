"""How a network is fitted, as a value: batch, epochs, learning rate, patience, and what a recipe adds.

- :class:`TrainingConfig`
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sedpipe.training.augment import AugmentConfig
from sedpipe.training.orders import ORDERS
from sedpipe.training.schedule import SCHEDULES
from sedpipe.training.smoothing import SMOOTHINGS

SUPERVISIONS = ("weak", "mixed")
MOST_CHECKPOINTS = 64


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is fitted; the defaults are the paper's, ``epochs`` apart, which it does not state.

    Parameters
    ----------
    batch_size : int
        Clips a step.
    epochs : int
        At most this many; 0 leaves the network untrained.
    learning_rate : float
        Of Adam.
    patience : int
        Stop when the validation loss has not fallen for this many epochs.
    order : str
        ``shuffled`` (every clip once an epoch), ``balanced`` (every class as often) or ``ratio`` (between them).
    schedule : str
        Of the learning rate: ``constant``, ``cosine`` (falls from ``learning_rate`` to 0 over all ``epochs``), ``step``
        (every ``decay_epochs`` it is multiplied by ``decay_factor``) or ``plateau`` (where the validation loss has not
        fallen for ``decay_epochs``).
    averaging : float in [0, 1)
        Weights that are validated and kept are a moving average with this decay a step; 0 for the last ones.
    label_smoothing : float in [0, 1)
        s; see ``smoothing``.
    augment : AugmentConfig
        What is done to each batch.
    checkpoints : int
        The model that is kept is the mean of what the weights of this many last epochs say; 1 for the best epoch's.
    epoch_steps : int
        Steps of an epoch, after which the network is validated; 0 for as many as show every clip once.
    steps : int
        Steps in all, of which the last epoch has what is left; 0 for ``epochs`` whole ones.
    supervision : str
        ``weak`` (what sounds in a clip is all that it is taught with) or ``mixed`` (when, too, of clips where it is
        known).
    decay_epochs : int
    decay_factor : float in (0, 1)
        Of the schedules ``step`` and ``plateau``.
    smoothing : str
        Labels become ``(1 - s) y + s / 2`` (``binary``), or ``(1 - s) y + s (1 - y) / (K - 1)`` (``classes``).

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    batch_size: int = 128
    epochs: int = 100
    learning_rate: float = 1e-3
    patience: int = 10
    order: str = "shuffled"
    schedule: str = "constant"
    averaging: float = 0.0
    label_smoothing: float = 0.0
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    supervision: str = "weak"
    checkpoints: int = 1
    epoch_steps: int = 0
    steps: int = 0
    decay_epochs: int = 3
    decay_factor: float = 0.5
    smoothing: str = "binary"

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise ValueError(f"order must be one of {', '.join(ORDERS)}, got {self.order!r}")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"schedule must be one of {', '.join(SCHEDULES)}, got {self.schedule!r}")
        if self.supervision not in SUPERVISIONS:
            raise ValueError(f"supervision must be one of {', '.join(SUPERVISIONS)}, got {self.supervision!r}")
        if not 0 <= self.averaging < 1 or not 0 <= self.label_smoothing < 1:
            raise ValueError("averaging and label_smoothing must be in [0, 1)")
        if self.batch_size < 1 or self.patience < 1 or self.epochs < 0:
            raise ValueError("batch_size and patience must be positive, epochs must not be negative")
        if self.epoch_steps < 0 or self.steps < 0:
            raise ValueError("epoch_steps and steps must not be negative")
        if self.smoothing not in SMOOTHINGS:
            raise ValueError(f"smoothing must be one of {', '.join(SMOOTHINGS)}, got {self.smoothing!r}")
        if self.decay_epochs < 1 or not 0 < self.decay_factor < 1:
            raise ValueError(
                "decay_epochs must be positive and decay_factor in (0, 1), "
                f"got {self.decay_epochs} and {self.decay_factor}"
            )
        if not 1 <= self.checkpoints <= MOST_CHECKPOINTS:
            raise ValueError(f"checkpoints must be from 1 to {MOST_CHECKPOINTS}, got {self.checkpoints}")
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"learning_rate must be between 0 and 1, got {self.learning_rate}")

    def most_epochs(self, steps_per_epoch: int) -> int:
        """Epochs that are due at the most where one has so many steps; the last one may be shorter.

        >>> TrainingConfig(epochs=50, steps=25).most_epochs(10)
        3
        """
        in_steps = -(-self.steps // steps_per_epoch)
        return min(self.epochs, in_steps or self.epochs)
