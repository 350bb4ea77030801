"""In how many processes a network is trained, on which devices, in which precision: Lightning Fabric, as we use it.

Several processes share each batch and average their gradients (PyTorch's DDP, over NCCL on GPUs and gloo on the
processor), so that they go where one process would go; the statistics of batch normalisation are each process's own.

- :func:`make_fabric`: for a device, a precision and a number of processes
- :func:`check_devices`: whether there is a device for each
- :func:`launch`: the same work in every process
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

from sedpipe.children import end_with, signals_held_back
from sedpipe.errors import SedpipeError, SettingsError, trouble_of_the_machine

Result = TypeVar("Result")

logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it greets each process at length


class _BFloat16(MixedPrecision):
    """Autocast alone: log-mel in dB must not be rounded before it is standardised, as Fabric's own would."""

    def convert_input(self, data: Any) -> Any:
        """What was given."""
        return data


def make_fabric(device: str, precision: str = "auto", n_processes: int = 1) -> Fabric:
    """Fabric for training on a device, or on the first ``n_processes`` of its kind.

    Parameters
    ----------
    device : str
        ``cpu``, ``cuda``, ``cuda:1``, ...
    precision : str
        One of ``PRECISIONS``: what convolutions compute in while training; ``auto`` is bfloat16 on a GPU made for it,
        else float32. GRU, sigmoid, pooling and loss are always float32, and so is all that is told of a network.
    n_processes : int
        On GPUs one each.

    Raises
    ------
    SettingsError
        If there are not as many GPUs, or a single one was named.
    """
    place = torch.device(device)
    check_devices(place, n_processes)
    rounded = _is_made_for_bfloat16(place) if precision == "auto" else precision == "bfloat16"
    plugins: list[Any] = [LightningEnvironment()]  # whatever a cluster's variables say
    if rounded:
        plugins.append(_BFloat16("bf16-mixed", place.type))
    if n_processes == 1:
        # it becomes the current one, and CUDA refuses a device without a number there
        numbered = torch.device("cuda", 0) if str(place) == "cuda" else place
        strategy: Strategy = SingleDeviceStrategy(numbered)
        return Fabric(accelerator=place.type, strategy=strategy, devices=1, plugins=plugins)
    # started by spawn, not by running the command again: what called us may be a notebook or a test
    strategy = DDPStrategy(start_method="spawn")
    return Fabric(accelerator=place.type, strategy=strategy, devices=n_processes, plugins=plugins)


def _is_made_for_bfloat16(place: torch.device) -> bool:
    """Older GPUs (compute capability below 8, such as a T4) compute it in detours; torch says that they support it."""
    if place.type != "cuda":
        return False
    return bool(torch.version.hip) or torch.cuda.get_device_capability(place)[0] >= 8


def launch(fabric: Fabric, work: Callable[..., Result], *args: Any) -> Result:
    """Call ``work(fabric, *args)`` in every process of ``fabric``.

    Parameters
    ----------
    fabric : Fabric
    work : callable
        Of a module, as it and ``args`` travel to new processes.

    Returns
    -------
    What it returned in the first process; from another process than this one, a report of a few lines at most.

    Raises
    ------
    SedpipeError
        What ``work`` raised in any process, or what the machine did to it there, such as a full disk; or if a process
        was killed, which ends the others.
    """
    if fabric.world_size == 1:
        result: Result = fabric.launch(work, *args)
        return result
    with signals_held_back():
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
    """Start processes that hear no signals, and wait for them; a signal that comes meanwhile ends them."""

    def started() -> None:
        with signals_held_back():
            start()

    with ThreadPoolExecutor(1) as starter:  # a thread of its own, so that this one hears signals
        waiting = starter.submit(started)
        try:
            waiting.result()
        except KeyboardInterrupt:
            logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)  # it tells of each
            while not waiting.done():
                for process in multiprocessing.active_children():
                    process.kill()
                wait([waiting], timeout=0.05)
            raise


def _answering(
    fabric: Fabric, work: Callable[..., Any], args: tuple[Any, ...], answers: SimpleQueue[Any], parent: int
) -> None:
    """Work, and send result or complaint to the process that waits."""
    end_with(parent)
    # of a convolution with one input map two ways to say the same strides, of which torch warns in each process
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides", UserWarning)
    # ourselves, since Fabric brings back a complaint as text, and refuses to carry frozen dataclasses
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
    """Whether so many processes find a device each.

    Raises
    ------
    SettingsError
        If there are not as many GPUs, or a single one was named.
    """
    if place.type == "cpu" or n_processes == 1:
        return
    if str(place) != place.type:
        raise SettingsError(f"--device {place} is one device, but --devices asks for {n_processes}")
    there = torch.cuda.device_count() if place.type == "cuda" else 1
    if n_processes > there:
        raise SettingsError(f"--devices {n_processes}: found {there} of {place.type}")
