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
    """Disable TF32 in the block, for convolutions, recurrent layers and matrix products; on a CPU there is none anyway.

    A caller may have set it with either of torch's two interfaces; it is restored with the newer one, if torch has it.
    In the block, the older one may raise an error.
    """
    settings = _where_tf32_is_set()
    before = [getattr(place, name) for place, name, _ in settings]
    for place, name, off in settings:
        setattr(place, name, off)
    try:
        yield
    finally:
        for (place, name, _), value in zip(settings, before, strict=True):
            setattr(place, name, value)


def _where_tf32_is_set() -> list[tuple[object, str, object]]:
    """Return the objects that have a setting, its name, and the value that means float32."""
    cudnn, products = torch.backends.cudnn, torch.backends.cuda.matmul
    if hasattr(products, "fp32_precision"):
        # torch 2.9 and later: ``allow_tf32`` cannot be read if a caller has set this differently for some operations
        return [(place, "fp32_precision", "ieee") for place in (products, cudnn.conv, cudnn.rnn)]  # type: ignore[attr-defined]
    return [(place, "allow_tf32", False) for place in (products, cudnn)]
