"""The device that a network runs on, and what it can do.

- :func:`choose_device`: replaces ``auto`` by an available device
- :func:`devices_like`: all GPUs, for as many processes
- :func:`check_compiler`: checks that ``torch.compile`` has a compiler
- :func:`has_room`: whether features may stay in the device's memory
- :func:`wait_for`: waits until the device has finished its work
- :func:`deterministically`: the same bits from the same random seed, on a GPU, too
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
"""Share of the device's free memory that features may take; the rest is for the network."""


def choose_device(wanted: str) -> str:
    """Replace ``auto`` by ``cuda`` or, without a GPU, ``cpu``; any other device must be one that torch can use here.

    Apple's ``mps`` has to be named explicitly: nobody has trained there yet.

    Raises
    ------
    SettingsError
        If torch cannot use the device.
    """
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=wanted).item()
    except (RuntimeError, AssertionError) as error:  # torch without CUDA raises the latter
        reason = str(error).splitlines()[0].split(". ")[0]  # a long explanation follows
        raise SettingsError(f"--device {wanted}: {reason}", hint="try --device auto") from error
    return wanted


def devices_like(device: str) -> list[str]:
    """Return all GPUs if ``cuda`` was chosen without a number, else only the chosen device."""
    n_gpus = torch.cuda.device_count() if device == "cuda" else 0
    return [f"cuda:{number}" for number in range(n_gpus)] if n_gpus > 1 else [device]


def check_compiler() -> None:
    """Raise ``SettingsError`` if the C++ compiler that ``torch.compile`` calls is missing."""
    wanted = os.environ.get("CXX")
    names = (wanted,) if wanted else COMPILERS
    if not any(shutil.which(name) for name in names):
        raise SettingsError(
            f"--compile needs a C++ compiler, and found none of {', '.join(names)}",
            hint="install g++ or clang++, or leave --compile out: on a CPU, training is fast without it",
        )


def has_room(device: torch.device, n_bytes: int) -> bool:
    """Return whether ``n_bytes`` of features may stay in a GPU's memory; for a CPU they are read as needed: False."""
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return n_bytes < SHARE_FOR_FEATURES * free


def wait_for(device: torch.device) -> None:
    """Wait until the device has finished its work, so that time can be measured."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def deterministically(device: torch.device, wanted: bool) -> Iterator[None]:
    """Make a GPU compute the same bits from the same seed, if possible, at some cost in speed; CPUs always do.

    For an operation without a deterministic form in CUDA, torch prints a warning on stderr, once.
    """
    if not wanted or device.type != "cuda":
        yield
        return
    # cuBLAS reads this when it is first used. Two values make matrix products deterministic; this one makes recurrent
    # layers deterministic, too (docs.pytorch.org, cudnn_rnn_determinism).
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    convolutions, before = torch.backends.cudnn, torch.are_deterministic_algorithms_enabled()
    benchmark, convolutions.benchmark = convolutions.benchmark, False
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        convolutions.benchmark = benchmark
