"""A number that a device has yet to compute, read without leaving the device idle.

Reading a value from a GPU (``.item()``) waits for all work that is queued on it, and meanwhile no new work is queued. A
copy that is queued with the rest, and read a step later, costs nothing.

- :class:`LateValue`
"""

from __future__ import annotations

import torch
from torch import Tensor


class LateValue:
    """A scalar that is being copied from its device.

    Parameters
    ----------
    value : Tensor [shape=()]

    Examples
    --------
    >>> LateValue(torch.tensor(0.5)).read()
    0.5
    """

    def __init__(self, value: Tensor) -> None:
        self._copied: torch.cuda.Event | None = None
        self._value = value.detach()
        if value.device.type == "cuda":
            self._value = torch.empty((), dtype=value.dtype, pin_memory=True)
            self._value.copy_(value.detach(), non_blocking=True)
            self._copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._copied.record()

    @property
    def costs_nothing(self) -> bool:
        """Whether it can be read immediately, without waiting, as on a CPU."""
        return self._copied is None and self._value.device.type == "cpu"

    def read(self) -> float:
        """Return the number; wait until it has been computed, but not for work that was queued later."""
        if self._copied is not None:
            self._copied.synchronize()
        return float(self._value)
