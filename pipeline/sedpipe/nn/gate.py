"""Normalise, gate, drop, pool: what follows each gated convolution, as one step on the processor.

Torch's own operations (:func:`plain`) write and read the maps of a convolution a dozen times; here they are read once
for the statistics and once for the rest, and only what survives the pooling is written. The maths is the same.

- :func:`normalised_gate`: the one to call; takes the quick way where there is one
- :func:`plain`: the same by torch's operations, for GPUs, compilers and comparisons
- :func:`drop_and_pool`: its second half

Maps are (B, C, T, F); the quick way wants them channels-last in memory, and returns them so.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from sedpipe.nn import gate_kernels as kernels

_ALL_BITS = 2**32


def plain(z: Tensor, normalise: nn.BatchNorm2d, pool: tuple[int, int], dropout: float) -> Tensor:
    """The same as :func:`normalised_gate` by torch's operations."""
    gated = nn.functional.glu(normalise(z), dim=1)
    return drop_and_pool(gated, pool, dropout if normalise.training else 0.0)


def drop_and_pool(maps: Tensor, pool: tuple[int, int], dropout: float) -> Tensor:
    """Drop a share of (B, C, T, F), then keep the largest of each patch: (B, C, T / pool[0], F / pool[1])."""
    dropped = nn.functional.dropout(maps, dropout) if dropout else maps
    return nn.functional.max_pool2d(dropped, pool) if pool != (1, 1) else dropped


def normalised_gate(z: Tensor, normalise: nn.BatchNorm2d, pool: tuple[int, int], dropout: float) -> Tensor:
    """Batch normalisation, linear half times sigmoid half, dropout, max-pooling.

    Parameters
    ----------
    z : Tensor [shape=(B, 2C, T, F)]
        A convolution's maps: C linear ones, then C gates.
    normalise : BatchNorm2d
        Of the 2C maps; its running statistics move as always. Whether it is in training decides the dropout too.
    pool : (int, int)
        Patch over time and frequency, of which the largest value is kept.
    dropout : float
        Share of values dropped, in [0, 1). Its seed comes from torch's generator, a number a call.

    Returns
    -------
    Tensor [shape=(B, C, T / pool[0], F / pool[1])]
    """
    if z.dtype == torch.bfloat16 and z.device.type == "cpu":
        z = z.float()  # convolutions in bfloat16 are quicker on some processors, torch's other operations are not
    if not is_quick(z, pool):
        return plain(z, normalise, pool, dropout)
    rate = dropout if normalise.training else 0.0
    key = int(torch.randint(_ALL_BITS, ())) if rate else None
    gated: Tensor = _NormalisedGate.apply(z, normalise.weight, normalise.bias, normalise, pool, rate, key)  # type: ignore[no-untyped-call]
    return gated


def is_quick(z: Tensor, pool: tuple[int, int]) -> bool:
    """Whether the loops can do it: float32 in the processor's memory, whole patches, nobody tracing."""
    traced = torch.compiler.is_compiling() or torch.jit.is_tracing()  # type: ignore[no-untyped-call, attr-defined]
    whole = z.shape[2] % pool[0] == 0 and z.shape[3] % pool[1] == 0 and pool[0] * pool[1] < kernels.DROPPED
    return z.device.type == "cpu" and z.dtype == torch.float32 and whole and not traced


class _NormalisedGate(torch.autograd.Function):
    """Keeps the convolution's maps and, of each patch, which value was the largest; no mask, no normalised maps."""

    @staticmethod
    def forward(
        ctx: Any,
        z: Tensor,
        weight: Tensor,
        bias: Tensor,
        normalise: nn.BatchNorm2d,
        pool: tuple[int, int],
        rate: float,
        key: int | None,
    ) -> Tensor:
        maps = _maps_last(z)
        mean, inverse_deviation = _statistics(maps, normalise)
        scale = weight.double() * inverse_deviation
        affine = torch.stack([scale, bias.double() - mean * scale]).float()
        n_clips, n_frames, n_bands, n_maps = maps.shape
        shape = (n_clips, n_frames // pool[0], n_bands // pool[1], n_maps // 2)
        out = torch.empty(shape)
        which = torch.empty(shape, dtype=torch.uint8) if key is not None or pool != (1, 1) else None
        threshold = round(rate * _ALL_BITS)
        kept = 1 / (1 - threshold / _ALL_BITS)
        _over_clips(kernels.gate, maps, affine, key, threshold, kept, out, which)
        ctx.save_for_backward(maps, affine, which, mean, inverse_deviation, scale)
        ctx.kept, ctx.frozen = kept, not normalise.training
        return out.permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor | None, ...]:
        maps, affine, which, mean, inverse_deviation, scale = ctx.saved_tensors
        above = _maps_last(above)
        which = torch.zeros(above.shape, dtype=torch.uint8) if which is None else which
        by_clip = torch.empty(len(maps), 2, maps.shape[3], dtype=torch.float64)
        _over_clips(kernels.gradient_sums, maps, affine, ctx.kept, which, above, by_clip)
        d_bias, d_times_z = by_clip.sum(dim=0)
        d_weight = inverse_deviation * (d_times_z - mean * d_bias)
        through = torch.zeros(3, len(mean), dtype=torch.float64)
        if not ctx.frozen:
            n_values = maps.numel() // maps.shape[3]
            through = torch.stack([-scale * d_bias / n_values, -scale * inverse_deviation * d_weight / n_values, mean])
        d_z = None
        if ctx.needs_input_grad[0]:
            d_maps = torch.empty_like(maps)
            _over_clips(kernels.gradient, maps, affine, ctx.kept, which, above, through.float(), d_maps)
            d_z = d_maps.permute(0, 3, 1, 2)
        return d_z, d_weight.float(), d_bias.float(), None, None, None, None


def _maps_last(maps: Tensor) -> Tensor:
    """(B, C, T, F) -> (B, T, F, C), contiguous; a copy unless it lies so already."""
    return maps.permute(0, 2, 3, 1).contiguous()


def _statistics(maps: Tensor, normalise: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Mean and 1 / deviation (2C,) float64 that count: the batch's in training, else the running ones."""
    if not normalise.training:
        variance = normalise.get_buffer("running_var").double()
        return normalise.get_buffer("running_mean").double(), (variance + normalise.eps).rsqrt()
    by_clip = torch.empty(len(maps), 2, maps.shape[3], dtype=torch.float64)
    _over_clips(kernels.sums, maps, by_clip)
    n_values = maps.numel() // maps.shape[3]
    mean, squares = by_clip.sum(dim=0) / n_values
    variance = (squares - mean.square()).clamp(min=0)
    _follow(normalise, mean, variance * (n_values / max(n_values - 1, 1)))
    return mean, (variance + normalise.eps).rsqrt()


def _follow(normalise: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """Move the running statistics towards the batch's, as torch does."""
    tracked = normalise.get_buffer("num_batches_tracked").add_(1)
    step = 1 / float(tracked) if normalise.momentum is None else normalise.momentum
    normalise.get_buffer("running_mean").lerp_(mean.float(), step)
    normalise.get_buffer("running_var").lerp_(variance.float(), step)


def _over_clips(kernel: Callable[..., None], maps: Tensor, *arguments: Any) -> None:
    """Run a loop over all clips, a share of them on each of torch's threads."""
    arrays = [
        argument.detach().numpy() if isinstance(argument, Tensor) else argument for argument in (maps, *arguments)
    ]
    n_threads = min(torch.get_num_threads(), len(maps))
    bounds = np.linspace(0, len(maps), n_threads + 1).astype(int).tolist()
    mine, *others = pairwise(bounds)
    running = [_threads(os.getpid(), n_threads).submit(kernel, *share, *arrays) for share in others]
    kernel(*mine, *arrays)
    for share in running:
        share.result()


@lru_cache(maxsize=2)
def _threads(process: int, n_threads: int) -> ThreadPoolExecutor:
    """Threads of this process; a fork has none of its parent's, hence the number."""
    return ThreadPoolExecutor(n_threads, thread_name_prefix="gate")
