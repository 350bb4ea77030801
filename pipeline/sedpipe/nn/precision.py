"""Computation in full float32, whatever the precision of training.

A training step may compute convolutions in bfloat16 or TF32: its gradients are noisy anyway. Results and choices
(validation, tuning, prediction) are computed in float32 on every device, so that a score does not depend on the device,
and the best epoch is that of the network as it will be used.

- :func:`without_autocast`: for parts of a network that must not be rounded in training, either
- :func:`exactly`: no TF32
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch


def without_autocast(device: torch.device) -> AbstractContextManager[None]:
    """Disable autocast in the block; the caller still has to convert its input to float32."""
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    off: AbstractContextManager[None] = torch.autocast(device.type, enabled=False)
    return off


@contextmanager
def exactly() -> Iterator[None]:
    """Disable TF32 in the block, for convolutions and matrix products; on a CPU there is none anyway."""
    convolutions, products = torch.backends.cudnn, torch.backends.cuda.matmul
    before = convolutions.allow_tf32, products.allow_tf32
    convolutions.allow_tf32 = products.allow_tf32 = False
    try:
        yield
    finally:
        convolutions.allow_tf32, products.allow_tf32 = before
