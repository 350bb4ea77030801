"""Which device a network runs on, and what that device can do.

- :func:`choose_device`: ``auto`` becomes a device that is there
- :func:`devices_like`: all of them, for as many processes
- :func:`check_compiler`: whether ``torch.compile`` could work
- :func:`has_room`: whether features may stay in the device's memory
- :func:`wait_for`: until it has done what it was told
- :func:`deterministically`: the same bits from the same seed on a GPU, too
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from sedpipe.errors import SettingsError

COMPILERS = ("g++", "clang++", "c++")
SHARE_FOR_FEATURES = 0.5
"""Of the device's free memory; the rest is for the network."""


def choose_device(wanted: str) -> str:
    """``auto`` becomes ``cuda`` where there is a GPU; anything else must be a device that torch has here.

    Apple's ``mps`` has to be named: nobody has trained there yet.

    Raises
    ------
    SettingsError
        If it is not.
    """
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=wanted).item()
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        reason = str(error).splitlines()[0].split(". ")[0]  # an essay follows
        raise SettingsError(f"--device {wanted}: {reason}", hint="try --device auto") from error
    return wanted


def devices_like(device: str) -> list[str]:
    """Every GPU where ``cuda`` was chosen without a number, else the one that was."""
    n_gpus = torch.cuda.device_count() if device == "cuda" else 0
    return [f"cuda:{number}" for number in range(n_gpus)] if n_gpus > 1 else [device]


def check_compiler() -> None:
    """Raise ``SettingsError`` unless there is the C++ compiler that ``torch.compile`` calls."""
    wanted = os.environ.get("CXX")
    names = (wanted,) if wanted else COMPILERS
    if not any(shutil.which(name) for name in names):
        raise SettingsError(
            f"--compile needs a C++ compiler, and found none of {', '.join(names)}",
            hint="install g++ or clang++, or leave --compile out: on a CPU, training is fast without it",
        )


def has_room(device: torch.device, n_bytes: int) -> bool:
    """Whether ``n_bytes`` of features may stay in a GPU's memory; for the processor they are read as needed."""
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return n_bytes < SHARE_FOR_FEATURES * free


def wait_for(device: torch.device) -> None:
    """Until the device has done what it was told, so that a clock can be read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def deterministically(device: torch.device, wanted: bool) -> Iterator[None]:
    """Have a GPU compute the same bits from the same seed, where it can, for some of its speed; processors always do.

    An operation of which CUDA knows no deterministic form is told on stderr, once.
    """
    if not wanted or device.type != "cuda":
        yield
        return
    # Read when cuBLAS is first used. Of the two values with which products are deterministic, recurrent layers are so
    # with this one (docs.pytorch.org, cudnn_rnn_determinism).
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    convolutions, before = torch.backends.cudnn, torch.are_deterministic_algorithms_enabled()
    benchmark, convolutions.benchmark = convolutions.benchmark, False
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        convolutions.benchmark = benchmark
