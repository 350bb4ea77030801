"""Copies from the CPU to a GPU, seen without one: torch's device ``meta``, which computes nothing, stands in for it.

Nothing can be read from ``meta``, so that every wait for a result is an error, and every copy to it is recorded.
"""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

META = torch.device("meta")


class Copies(TorchDispatchMode):
    """Whether each copy from the CPU to another device, in the block, waits for that device."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[bool] = []

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if operation is torch.ops.aten._to_copy.default and kwargs.get("device") == META and args[0].device != META:
            self.waiting.append(not kwargs.get("non_blocking", False))
        assert not (operation is torch.ops.aten.copy_.default and args[0].device != args[1].device)
        return operation(*args, **kwargs)
