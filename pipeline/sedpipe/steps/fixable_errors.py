"""Errors in a training step that the user can do something about.

- :func:`fixable_errors`: turn a loss that is not finite, and too little memory, into messages
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from sedpipe.errors import SedpipeError
from sedpipe.training.fit import LossError
from sedpipe.training.settings import TrainSettings

_NO_MEMORY = ("allocate", "out of memory", "ALLOC_FAILED")
"""Parts of the messages of torch, CUDA and its libraries when memory has run out."""


@contextmanager
def fixable_errors(name: str, settings: TrainSettings) -> Iterator[None]:
    """Turn a loss that is not finite, and too little memory, into a message for the user."""
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
