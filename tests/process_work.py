"""Work of processes in tests of DDP: module-level functions, so that new processes can unpickle them."""

import errno
import os
import signal
from pathlib import Path

import torch
from sedpipe.errors import SedpipeError
from sedpipe.nn.networks.crnn import CRNN, CRNNConfig
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.training.batch import Batch
from sedpipe.training.config import TrainingConfig
from sedpipe.training.fit import Fit
from specs import of

NETWORK = CRNNConfig(maps=(4,), pools=((4, 4),), conv_maps=4, gru_units=4, dropout=0.0)
CONFIG = TrainingConfig(batch_size=8, epochs=2, learning_rate=0.01, averaging=0.9)


def tiny() -> CRNN:
    torch.manual_seed(0)
    return CRNN(NETWORK, PoolingConfig("attention", (5,), segment_weights="learned"), 2, of(40, 16))


def batches(process: int = 0, n_processes: int = 1) -> list[Batch]:
    """Return two batches, of 8 and of 5 clips, or the part of them that belongs to a process."""
    g = torch.Generator().manual_seed(1)
    made = []
    for n in (8, 5):
        x, y = torch.randn(n, 40, 16, generator=g), torch.randint(2, (n, 2), generator=g).float()
        n_frames, part = torch.randint(8, 41, (n,), generator=g), slice(process, None, n_processes)
        made.append(Batch(x[part], y[part], n_frames[part], ["clip"] * len(x[part]), n))
    return made


def fitted(fabric, start: Path | None, epochs: int, out: Path) -> None:
    """Train some epochs with batch normalisation fixed; write the gradients of each step and the state at the end."""
    torch.set_num_threads(1)
    fit, gradients = Fit(tiny(), CONFIG, 0, fabric, 2), []
    for module in fit.model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.train = lambda mode, module=module: module  # the model's own call must not switch it on
            module.training = False
    if start is not None:
        fit.load_state(torch.load(start, weights_only=True)["state"])
    for _ in range(epochs):
        for _ in fit.steps(batches(fabric.global_rank, fabric.world_size)):
            gradients.append([parameter.grad.clone() for parameter in fit.model.parameters()])
        fit.end_epoch(batches())
    if fabric.is_global_zero:
        torch.save({"gradients": gradients, "state": fit.state()}, out)


TROUBLES = {
    "told": SedpipeError("the disk is full", hint="buy another"),
    "of the machine": OSError(errno.ENOSPC, "No space left on device", "log.csv"),
}


def broken(fabric, process: int, trouble: str) -> None:
    if fabric.global_rank == process:
        raise TROUBLES[trouble]
    fabric.barrier()


def killed(fabric) -> None:
    if fabric.global_rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    fabric.barrier()
