"""Where float32 is float32, whatever a training's precision.

A step of training may compute convolutions in bfloat16 or TF32: its gradients are noisy anyway. What is told of a
network, or chosen by it (validation, tuning, prediction), is computed in float32 on every device, so that a score does
not depend on which device asked for it, and the best epoch is that of the network as it will be used.

- :func:`without_autocast`: a part of a network that a training must not round either
- :func:`exactly`: neither autocast nor TF32
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch


def without_autocast(device: torch.device) -> AbstractContextManager[None]:
    """No autocast in the block; the caller still has to make its input float32."""
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    off: AbstractContextManager[None] = torch.autocast(device.type, enabled=False)
    return off


@contextmanager
def exactly() -> Iterator[None]:
    """No TF32 in the block, in convolutions or products; on a processor there is none anyway."""
    convolutions, products = torch.backends.cudnn, torch.backends.cuda.matmul
    before = convolutions.allow_tf32, products.allow_tf32
    convolutions.allow_tf32 = products.allow_tf32 = False
    try:
        yield
    finally:
        convolutions.allow_tf32, products.allow_tf32 = before
