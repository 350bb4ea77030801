"""What can go wrong in a step of training, and what a user can do about it.

- :func:`what_a_user_can_mend`: a loss that is no number, and too little memory, as sentences
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from sedpipe.errors import SedpipeError
from sedpipe.training.fit import LossError
from sedpipe.training.settings import TrainSettings

_NO_MEMORY = ("allocate", "out of memory", "ALLOC_FAILED")
"""What torch, CUDA and its libraries say where there is none left."""


@contextmanager
def what_a_user_can_mend(name: str, settings: TrainSettings) -> Iterator[None]:
    """Turn a loss that is no number, and too little memory, into a sentence."""
    try:
        yield
    except LossError as error:
        raise SedpipeError(
            f"{name}: {error}",
            hint="lower learning_rate in [training] of your own preset, and train under another --run name",
        ) from error
    except (RuntimeError, MemoryError) as error:
        known = isinstance(error, MemoryError | torch.cuda.OutOfMemoryError)
        if not known and not any(words in str(error) for words in _NO_MEMORY):
            raise
        size = settings.training.batch_size
        raise SedpipeError(
            f"{name}: memory of {settings.device} is too small for a batch size of {size}",
            hint=f"try --batch-size {max(1, size // 2)}, or a smaller --preset, under another --run name",
        ) from error
