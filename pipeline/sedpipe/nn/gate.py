"""Normalisation, gate, dropout and pooling after each gated convolution, as one step on the CPU.

Torch's own operations (:func:`plain`) write and read the maps of a convolution a dozen times; here they are read once
for the statistics and once for the rest, and only the result of the pooling is written. The maths is the same.

- :func:`normalised_gate`: the function to call; takes the fast path where possible
- :func:`plain`: the same with torch's operations, for GPUs, compilers and comparisons
- :func:`drop_and_pool`: the second half of :func:`plain`

Maps are (B, C, T, F); the fast path needs them channels-last in memory (others are copied), and returns them so.
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
    """Compute :func:`normalised_gate` with torch's operations."""
    gated = nn.functional.glu(normalise(z), dim=1)
    return drop_and_pool(gated, pool, dropout if normalise.training else 0.0)


def drop_and_pool(maps: Tensor, pool: tuple[int, int], dropout: float) -> Tensor:
    """Drop a share of (B, C, T, F), then keep the maximum of each patch: (B, C, T / pool[0], F / pool[1])."""
    dropped = nn.functional.dropout(maps, dropout) if dropout else maps
    return nn.functional.max_pool2d(dropped, pool) if pool != (1, 1) else dropped


def normalised_gate(z: Tensor, normalise: nn.BatchNorm2d, pool: tuple[int, int], dropout: float) -> Tensor:
    """Apply batch normalisation, linear half times sigmoid of the other half, dropout and max-pooling.

    Parameters
    ----------
    z : Tensor [shape=(B, 2C, T, F)]
        A convolution's maps: C linear ones, then C gates.
    normalise : BatchNorm2d
        Normalisation of the 2C maps; its running statistics are updated as usual. Dropout is applied if it is in
        training mode.
    pool : (int, int)
        Patch over time and frequency, of which the largest value is kept.
    dropout : float
        Share of values dropped, in [0, 1). Its seed comes from torch's generator, one number per call.

    Returns
    -------
    Tensor [shape=(B, C, T / pool[0], F / pool[1])]
    """
    if z.dtype == torch.bfloat16 and z.device.type == "cpu":
        z = z.float()  # convolutions in bfloat16 are faster on some CPUs, torch's other operations are not
    if not is_quick(z, pool):
        return plain(z, normalise, pool, dropout)
    rate = dropout if normalise.training else 0.0
    key = int(torch.randint(_ALL_BITS, ())) if rate else None
    gated: Tensor = _NormalisedGate.apply(z, normalise.weight, normalise.bias, normalise, pool, rate, key)  # type: ignore[no-untyped-call]
    return gated


def is_quick(z: Tensor, pool: tuple[int, int]) -> bool:
    """Return whether the compiled loops can be used: float32 in CPU memory, whole patches, no compiling or tracing."""
    traced = torch.compiler.is_compiling() or torch.jit.is_tracing()  # type: ignore[no-untyped-call, attr-defined]
    whole = z.shape[2] % pool[0] == 0 and z.shape[3] % pool[1] == 0 and pool[0] * pool[1] < kernels.DROPPED
    return z.device.type == "cpu" and z.dtype == torch.float32 and whole and not traced


class _NormalisedGate(torch.autograd.Function):
    """The fast path: it saves the convolution's maps and the place of each patch's maximum, no normalised maps."""

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
    """(B, C, T, F) -> (B, T, F, C), contiguous; copied unless memory has this order already."""
    return maps.permute(0, 2, 3, 1).contiguous()


def _statistics(maps: Tensor, normalise: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return the mean and 1 / deviation (2C,) float64 to use: the batch's in training, else the running ones."""
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
    """Run a loop over all clips, shared among as many threads as torch uses."""
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
    """Return threads of this process; a fork has none of its parent's, so the process number is part of the key."""
    return ThreadPoolExecutor(n_threads, thread_name_prefix="gate")
