"""Training settings as one value: batch size, epochs, learning rate, patience, and what a recipe adds.

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
    """Settings of the training of a network; the defaults are the paper's, except ``epochs``, which it does not state.

    Parameters
    ----------
    batch_size : int
        Clips per step.
    epochs : int
        Maximum number of epochs; 0 leaves the network untrained.
    learning_rate : float
        Learning rate of Adam.
    patience : int
        Number of epochs without a lower validation loss after which training stops.
    order : str
        Order of the clips: ``shuffled`` (every clip once per epoch), ``balanced`` (all classes equally often) or
        ``ratio`` (in between).
    schedule : str
        Schedule of the learning rate: ``constant``, ``cosine`` (falls from ``learning_rate`` to 0 over all ``epochs``),
        ``step`` (multiplied by ``decay_factor`` every ``decay_epochs``) or ``plateau`` (multiplied by it whenever the
        validation loss has not fallen for ``decay_epochs``).
    averaging : float in [0, 1)
        Decay per step of the moving average of the weights that is validated and kept; 0 for the latest weights
        themselves.
    label_smoothing : float in [0, 1)
        Amount of label smoothing, s; see ``smoothing``.
    augment : AugmentConfig
        Augmentation of each batch.
    checkpoints : int
        Number of last epochs whose weights are kept, as a model that averages the probabilities that they give; 1 to
        keep the weights of the best epoch instead.
    epoch_steps : int
        Steps per epoch, after which the network is validated; 0 for as many as go through every clip once.
    steps : int
        Total number of steps; the last epoch has what is left of them. 0 for ``epochs`` whole epochs.
    supervision : str
        ``weak`` (the network learns only which classes sound in a clip) or ``mixed`` (also when they sound, for clips
        where this is known).
    decay_epochs : int
    decay_factor : float in (0, 1)
        Number of epochs and factor for the schedules ``step`` and ``plateau``.
    smoothing : str
        Kind of label smoothing: ``(1 - s) y + s / 2`` (``binary``), or ``(1 - s) y + s (1 - y) / (K - 1)``
        (``classes``).

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
        """Return the maximum number of epochs, given the steps per epoch; the last epoch may be shorter.

        >>> TrainingConfig(epochs=50, steps=25).most_epochs(10)
        3
        """
        in_steps = -(-self.steps // steps_per_epoch)
        return min(self.epochs, in_steps or self.epochs)
