"""Number of processes, devices and precision of a training: our use of Lightning Fabric.

Several processes share each batch and average their gradients (PyTorch's DDP, over NCCL on GPUs and gloo on the CPU),
so that they take the steps that a single process would take; each process has its own statistics of batch
normalisation.

- :func:`make_fabric`: Fabric for a device, a precision and a number of processes
- :func:`precision_on`: the precision of convolutions in training on a device
- :func:`check_devices`: check that there is a device for each process
- :func:`launch`: do the same work in every process
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import Any, TypeVar

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy
from lightning_fabric.strategies.single_device import SingleDeviceStrategy
from lightning_fabric.strategies.strategy import Strategy
from torch.multiprocessing import SimpleQueue, get_context
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException

from sedpipe.children import end_with, signals_blocked
from sedpipe.errors import SedpipeError, SettingsError, trouble_of_the_machine

Result = TypeVar("Result")

logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it logs a long greeting in each process


class _BFloat16(MixedPrecision):
    """Autocast only: log-mel in dB must not be rounded before it is standardised, as Fabric's own plugin would do."""

    def convert_input(self, data: Any) -> Any:
        """Return the input as it is."""
        return data


def make_fabric(device: str, precision: str = "auto", n_processes: int = 1) -> Fabric:
    """Return a Fabric for training on a device, or on the first ``n_processes`` of its kind.

    Parameters
    ----------
    device : str
        ``cpu``, ``cuda``, ``cuda:1``, ...
    precision : str
        One of ``PRECISIONS``: the precision of convolutions in training; ``auto`` is bfloat16 on a GPU made for it,
        else float32. GRU, sigmoid, pooling and loss are always float32, and so are validation, tuning and prediction.
    n_processes : int
        Number of processes; on GPUs, each has its own.

    Raises
    ------
    SettingsError
        If there are not enough GPUs, or ``device`` names a single one.
    """
    place = torch.device(device)
    check_devices(place, n_processes)
    plugins: list[Any] = [LightningEnvironment()]  # whatever a cluster's variables say
    if precision_on(device, precision) == "bfloat16":
        plugins.append(_BFloat16("bf16-mixed", place.type))
    if n_processes == 1:
        # it becomes the current device, which CUDA does not accept without a number
        numbered = torch.device("cuda", 0) if str(place) == "cuda" else place
        strategy: Strategy = SingleDeviceStrategy(numbered)
        return Fabric(accelerator=place.type, strategy=strategy, devices=1, plugins=plugins)
    # started by spawn, not by running the command again: the caller may be a notebook or a test
    strategy = DDPStrategy(start_method="spawn")
    return Fabric(accelerator=place.type, strategy=strategy, devices=n_processes, plugins=plugins)


def precision_on(device: str, precision: str = "auto") -> str:
    """Return the precision of convolutions in training on a device, ``float32`` or ``bfloat16``.

    >>> precision_on("cpu"), precision_on("cpu", "bfloat16")
    ('float32', 'bfloat16')
    """
    if precision != "auto":
        return precision
    return "bfloat16" if _is_made_for_bfloat16(torch.device(device)) else "float32"


def _is_made_for_bfloat16(place: torch.device) -> bool:
    """Return whether a GPU is fast in bfloat16: those below compute capability 8, such as a T4, only emulate it.

    Torch reports that they support it.
    """
    if place.type != "cuda":
        return False
    return bool(torch.version.hip) or torch.cuda.get_device_capability(place)[0] >= 8


def launch(fabric: Fabric, work: Callable[..., Result], *args: Any) -> Result:
    """Call ``work(fabric, *args)`` in every process of ``fabric``.

    Parameters
    ----------
    fabric : Fabric
    work : callable
        Function at the top level of a module, since it and ``args`` are sent to new processes.

    Returns
    -------
    What ``work`` returned in the first process; if that is not this process, it must be a few lines at most.

    Raises
    ------
    SedpipeError
        If ``work`` raised one in any process or failed there because of the machine, such as a full disk; or if a
        process was killed, which ends the others.
    """
    if fabric.world_size == 1:
        result: Result = fabric.launch(work, *args)
        return result
    with signals_blocked():
        answers: SimpleQueue[Any] = get_context("spawn").SimpleQueue()
    answering = partial(_answering, work=work, args=args, answers=answers, parent=os.getpid())
    try:
        _until_they_end(partial(fabric.launch, answering))
    except (ProcessRaisedException, ProcessExitedException) as error:
        if not answers.empty():
            raise answers.get() from None
        if isinstance(error, ProcessRaisedException):
            raise
        hint = "rerun the same command to resume"
        raise SedpipeError(f"a training process ended: {error}", hint=hint) from error
    result = answers.get()
    return result


def _until_they_end(start: Callable[[], Any]) -> None:
    """Start processes in which signals are blocked, and wait for them; a signal received meanwhile ends them."""

    def started() -> None:
        with signals_blocked():
            start()

    with ThreadPoolExecutor(1) as starter:  # a separate thread, so that this one receives signals
        waiting = starter.submit(started)
        try:
            waiting.result()
        except KeyboardInterrupt:
            logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)  # it logs each
            while not waiting.done():
                for process in multiprocessing.active_children():
                    process.kill()
                wait([waiting], timeout=0.05)
            raise


def _answering(
    fabric: Fabric, work: Callable[..., Any], args: tuple[Any, ...], answers: SimpleQueue[Any], parent: int
) -> None:
    """Do the work, and send the result or the error to the waiting process."""
    end_with(parent)
    # a convolution with one input map has two equivalent notations of its strides, about which torch warns in each
    # process
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides", UserWarning)
    # sent by ourselves, since Fabric returns errors as text, and cannot return frozen dataclasses
    try:
        result = work(fabric, *args)
    except Exception as error:
        told = error if isinstance(error, SedpipeError) else trouble_of_the_machine(error)
        if told is not None:
            answers.put(told)
        raise
    if fabric.is_global_zero:
        answers.put(result)
    torch.distributed.destroy_process_group()  # its threads must not outlive the interpreter


def check_devices(place: torch.device, n_processes: int) -> None:
    """Check that there is a device for each process.

    Raises
    ------
    SettingsError
        If there are not enough GPUs, or ``place`` is a single one.
    """
    if place.type == "cpu" or n_processes == 1:
        return
    if str(place) != place.type:
        raise SettingsError(f"--device {place} is one device, but --devices asks for {n_processes}")
    there = torch.cuda.device_count() if place.type == "cuda" else 1
    if n_processes > there:
        raise SettingsError(f"--devices {n_processes}: found {there} of {place.type}")
