"""A number that a device has yet to compute, read without letting the device wait.

Reading a value of a GPU (``.item()``) waits for all that it was told to do, and meanwhile nobody tells it what to do
next. A copy that is ordered with the rest, and read a step later, costs nothing.

- :class:`LateValue`
"""

from __future__ import annotations

import torch
from torch import Tensor


class LateValue:
    """A scalar on its way from its device.

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
        """Whether it can be read at once without anybody waiting, as on a processor."""
        return self._copied is None and self._value.device.type == "cpu"

    def read(self) -> float:
        """The number; waits until it is there, but not for what the device was told later."""
        if self._copied is not None:
            self._copied.synchronize()
        return float(self._value)
