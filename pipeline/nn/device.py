"""Where a network is trained: its device, its precision there, and compilation.

- :func:`place`: a network made ready for a device
- :func:`check_compiler`: whether ``torch.compile`` could work
- :func:`has_room`: whether features may stay in the device's memory
"""

from __future__ import annotations

import os
import shutil

import torch

from pipeline.errors import SettingsError
from pipeline.nn.crnn import CRNN

COMPILERS = ("g++", "clang++", "c++")
SHARE_FOR_FEATURES = 0.5
"""Of the device's free memory; the rest is for the network."""


def place(model: CRNN, device: str, *, compiled: bool = False) -> CRNN:
    """Move a network to its device; on a GPU its convolutions and GRU compute in bfloat16, where it can.

    Parameters
    ----------
    model : CRNN
    device : str
        ``cpu``, ``cuda``, ``cuda:1``, ...
    compiled : bool
        Have ``torch.compile`` fuse its operations; see :func:`check_compiler`.
    """
    model = model.to(device)
    model.mixed_precision = torch.device(device).type == "cuda" and torch.cuda.is_bf16_supported()
    if compiled:
        model.compile()
    return model


def check_compiler() -> None:
    """Raise ``SettingsError`` unless there is the C++ compiler that ``torch.compile`` calls."""
    wanted = os.environ.get("CXX")
    names = (wanted,) if wanted else COMPILERS
    if not any(shutil.which(name) for name in names):
        raise SettingsError(
            f"--compile needs a C++ compiler, and found none of {', '.join(names)}",
            hint="install g++ or clang++, or leave --compile out: on a processor, training is quick without it",
        )


def has_room(device: torch.device, n_bytes: int) -> bool:
    """Whether ``n_bytes`` of features may stay in a GPU's memory; for the processor they are read as needed."""
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return n_bytes < SHARE_FOR_FEATURES * free
