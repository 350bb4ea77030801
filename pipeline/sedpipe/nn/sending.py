"""Tensors that the CPU has made, sent to the device that computes with them.

A plain copy to a GPU waits until the GPU has finished all work that is queued on it, and meanwhile no new work is
queued: one such copy in a training step leaves the GPU idle at every step.

- :func:`sent`
"""

from __future__ import annotations

import torch
from torch import Tensor


def sent(part: Tensor, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """Return ``part`` on ``device``, of another type if asked for, without waiting for what is queued there.

    >>> sent(torch.tensor([0.25], dtype=torch.float64), torch.device("cpu"), torch.float32)
    tensor([0.2500])
    """
    # on Apple's GPUs a copy that nobody waits for may read memory which is in use for something else by then
    return part.to(dtype or part.dtype).to(device, non_blocking=device.type != "mps")
