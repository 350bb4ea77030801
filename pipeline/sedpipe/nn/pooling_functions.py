"""The pooling functions: the weight of a frame in its clip, for each class.

- :data:`POOLING_FUNCTIONS`: all of them by name; a new one is a function and an entry there
- :class:`PoolingFunction`, :class:`Frames`: an entry, and the input of a function
- :func:`learned_weights`: weights of frames or segments from the output of a dense layer
- :func:`keep_in_range`, :func:`alpha_penalty`: range and penalty of the learned parameter of each class in training

For the sources, see :mod:`sedpipe.nn.pooling`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, log
from typing import NamedTuple

import torch
from torch import Tensor

from sedpipe.registry import Registry

ATTENTION_AXES = ("classes", "time")
_SMALLEST_ATTENTION = 1e-7  # so that the gradient reaches every frame with a learned weight
_SMALLEST_PROBABILITY = 1e-7  # smaller ones are raised to this, so that the logarithm has a gradient


def _any(n_frames: int) -> tuple[float, float]:
    return -inf, inf


def _not_negative(n_frames: int) -> tuple[float, float]:
    return 0.0, inf


def _half_for_one_frame(n_frames: int) -> tuple[float, float]:
    """With the bound ``ln(T - 1)``, a frame of 1 among frames of 0 has at most half of the weight (single pooling)."""
    most = log(max(n_frames - 1, 1))
    return -most, most


class Frames(NamedTuple):
    """The input of a pooling function.

    Parameters
    ----------
    probs : Tensor [shape=(B, T, K)]
        Frame probabilities, in [0, 1], float32 at least.
    valid : Tensor [shape=(B, T)]
        Whether a frame is part of the clip.
    attention : Tensor [shape=(B, T, K)], optional
        Output of a dense layer, before any softmax; given to functions with ``attends``.
    attention_axis : str
        ``classes`` or ``time``.
    alpha : Tensor [shape=(K,)], optional
        A learned parameter for each class, 1 before training; given to functions with ``learns_alpha``.
    """

    probs: Tensor
    valid: Tensor
    attention: Tensor | None = None
    attention_axis: str = "classes"
    alpha: Tensor | None = None


@dataclass(frozen=True)
class PoolingFunction:
    """A way to weight frames.

    Parameters
    ----------
    weights : callable
        :class:`Frames` -> weights (B, T, K), not negative; those of padding become 0 afterwards.
    attends : bool
        Whether it needs ``attention``: the network then has a dense layer for it.
    learns_alpha : bool
        Whether it needs ``alpha``.
    takes_largest : bool
        Whether stages take the largest value instead of the weighted mean.
    alpha_range : callable
        Number of frames in a clip -> smallest and largest ``alpha``; training keeps it in this range.
    alpha_penalty : float
        Factor of the penalty: this times the sum of the squares of ``alpha`` is added to the loss in training.
    """

    weights: Callable[[Frames], Tensor]
    attends: bool = False
    learns_alpha: bool = False
    takes_largest: bool = False
    alpha_range: Callable[[int], tuple[float, float]] = _any
    alpha_penalty: float = 0.0


def equal(frames: Frames) -> Tensor:
    """Give every frame the same weight."""
    return torch.ones_like(frames.probs)


def linear(frames: Frames) -> Tensor:
    """Weight frames by ``p``: the more probable, the higher (linear softmax)."""
    return frames.probs


def exponential(frames: Frames) -> Tensor:
    """Weight frames by ``exp(p)`` (exponential softmax)."""
    return frames.probs.exp()


def attention(frames: Frames) -> Tensor:
    """Weight frames by the output of a dense layer."""
    if frames.attention is None:
        raise ValueError("attention pooling needs the attention layer's output")
    return learned_weights(frames.attention, frames.valid, frames.attention_axis)


def auto(frames: Frames) -> Tensor:
    """Softmax over time of ``alpha p``; alpha 0 is the average, 1 the exponential softmax, infinity the maximum."""
    return _softmax_over_time(_alpha(frames) * frames.probs, frames.valid.unsqueeze(-1))


def power(frames: Frames) -> Tensor:
    """``p^alpha``, normalised over time; alpha 0 is the average, 1 the linear softmax, infinity the maximum."""
    logarithms = frames.probs.clamp(min=_SMALLEST_PROBABILITY).log()
    return _softmax_over_time(_alpha(frames) * logarithms, frames.valid.unsqueeze(-1))


def _alpha(frames: Frames) -> Tensor:
    if frames.alpha is None:
        raise ValueError("auto and power pooling need their alpha")
    return frames.alpha


POOLING_FUNCTIONS: Registry[PoolingFunction] = Registry("pooling functions", {
    "max": PoolingFunction(equal, takes_largest=True),
    "average": PoolingFunction(equal),
    "linear": PoolingFunction(linear),
    "exponential": PoolingFunction(exponential),
    "attention": PoolingFunction(attention, attends=True),
    "auto": PoolingFunction(auto, learns_alpha=True),
    "cap": PoolingFunction(auto, learns_alpha=True, alpha_range=_half_for_one_frame),
    "rap": PoolingFunction(auto, learns_alpha=True, alpha_penalty=0.01),
    "power": PoolingFunction(power, learns_alpha=True, alpha_range=_not_negative),
})  # fmt: skip
"""``cap`` and ``rap`` are auto-pooling with a bound and with a penalty on alpha. The bound is ``ln(T - 1)``, where the
authors took ln 25 for the 26 frames of their clips; 0.01 is the penalty of their run on DCASE 2017 (marl/milsed)."""


def function_of(function: str) -> PoolingFunction:
    """Return the function of a name; raise ``ValueError`` if the name is unknown."""
    if function not in POOLING_FUNCTIONS:
        raise ValueError(f"pooling must be one of {', '.join(POOLING_FUNCTIONS)}, got {function!r}")
    return POOLING_FUNCTIONS[function]


@torch.no_grad()
def keep_in_range(function: str, alpha: Tensor | None, n_frames: int) -> None:
    """Clip a learned ``alpha`` to the function's range."""
    if alpha is not None:
        # on .data: a forward pass whose backward pass is still to come may hold it; within the range nothing changes
        alpha.data.clamp_(*function_of(function).alpha_range(n_frames))


def alpha_penalty(function: str, alpha: Tensor | None) -> Tensor | float:
    """Return the penalty that the function adds to the loss in training, a single number; 0 for most."""
    penalty = function_of(function).alpha_penalty
    return penalty * alpha.square().sum() if penalty and alpha is not None else 0.0


def learned_weights(attention: Tensor, valid: Tensor, axis: str) -> Tensor:
    """Return weights (B, T, K) of frames or segments from a dense layer's output; softmax over ``classes`` or ``time``.

    No weight is smaller than 1e-7, except those of padding, which are 0.
    """
    attention, counts = at_least_float32(attention), valid.unsqueeze(-1)
    if axis == "classes":
        weights = attention.softmax(dim=-1)
    elif axis == "time":
        weights = _softmax_over_time(attention, counts)
    else:
        raise ValueError(f"attention_axis must be 'classes' or 'time', got {axis!r}")
    return weights.clamp(min=_SMALLEST_ATTENTION) * counts


def _softmax_over_time(values: Tensor, counts: Tensor) -> Tensor:
    lowest = torch.finfo(values.dtype).min  # not -inf, whose softmax over padding alone is nan
    return values.masked_fill(~counts, lowest).softmax(dim=1)


def at_least_float32(values: Tensor) -> Tensor:
    """Return the values in float32, or in their own type if that is more precise."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
