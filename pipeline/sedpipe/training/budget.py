"""A time budget as a number of steps, which then does not depend on how fast the machine is that day.

- :func:`within`: training settings -> the same within a budget
"""

from __future__ import annotations

import math
from dataclasses import replace

from sedpipe.training.config import TrainingConfig

FEWEST_VALIDATIONS = 10
VALIDATIONS_SHARE = 0.25
"""Largest share of the budget that validations may take, unless a single one takes more."""


def within(
    config: TrainingConfig, seconds: float, step_s: float, validation_s: float, steps_per_epoch: int
) -> TrainingConfig:
    """Return the settings of the same training, ended by a time budget instead of ``epochs``.

    If the budget has room for ten epochs or more, the network is validated after each. Otherwise it is validated ten
    times, or as often as a quarter of the budget allows, and at least once. Patience and the epochs after which the
    learning rate falls keep the same number of clips.

    Parameters
    ----------
    config : TrainingConfig
    seconds : float > 0
        The budget, for steps and validations together.
    step_s, validation_s : float > 0
        Seconds that a step and a validation take.
    steps_per_epoch : int
        Number of steps that go through every clip once.

    Returns
    -------
    TrainingConfig
        Settings with ``steps``, ``epoch_steps``, ``epochs``, ``patience`` and ``decay_epochs`` set to fit the budget.

    Examples
    --------
    >>> config = within(TrainingConfig(patience=5), 600, 1.0, 8.0, 32)
    >>> config.steps, config.epoch_steps, config.epochs, config.patience
    (480, 32, 15, 5)
    >>> config = within(TrainingConfig(patience=5), 60, 5.0, 10.0, 32)
    >>> config.steps, config.epoch_steps, config.epochs, config.patience
    (10, 10, 1, 16)
    """
    most = max(1, int(VALIDATIONS_SHARE * seconds / validation_s))
    of_whole_epochs = seconds / (steps_per_epoch * step_s + validation_s)
    n_validations = min(max(of_whole_epochs, FEWEST_VALIDATIONS), most)
    for_validations = min(n_validations * validation_s, VALIDATIONS_SHARE * seconds)
    steps = max(1, int((seconds - for_validations) / step_s))
    epoch_steps = steps_per_epoch if n_validations == of_whole_epochs else math.ceil(steps / n_validations)

    def as_many_clips(epochs: int) -> int:
        return max(1, math.ceil(epochs * steps_per_epoch / epoch_steps))

    decays = config.schedule in ("step", "plateau")
    return replace(
        config,
        steps=steps,
        epoch_steps=epoch_steps,
        epochs=math.ceil(steps / epoch_steps),
        patience=as_many_clips(config.patience),
        decay_epochs=as_many_clips(config.decay_epochs) if decays else config.decay_epochs,
    )
