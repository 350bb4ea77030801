"""Frame probabilities -> clip probabilities: the five pooling functions, single or hierarchical.

Every function is a weighted mean ``sum(w x) / sum(w)`` (the paper's Eq. 1, Table 1); they differ in the
weights. A hierarchy does it stage by stage over groups of frames, and gives each group the weight
``sum(w^2) / sum(w)`` (corrected Eq. 4), so that frames -> segments -> longer segments -> clip.

Shapes: B clips, T frames, K classes. Frames that are padding have weight 0, so that they count nowhere. All
is computed in float32, whatever the network's precision, since ``sum(w^2)`` of small weights underflows.

- :func:`frame_weights`: weights (B, T, K) of a pooling function
- :func:`pool_stage`: one stage of the hierarchy
- :func:`pool`: all stages, down to the clip

Source: He, Shen & Zhang, "Hierarchical Pooling Structure for Weakly Labeled Sound Event Detection",
arXiv:1903.11791; the single forms after Wang, Li & Metze, arXiv:1810.09050.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor

POOLING_FUNCTIONS = ("max", "average", "linear", "exponential", "attention")

_SMALLEST_SUM = 1e-12  # instead of 0 / 0 where all weights of a group are 0; the quotient is then 0
_SMALLEST_ATTENTION = 1e-7  # so that no frame of a learned weight is beyond reach of the gradient


def frame_weights(
    function: str, frame_probs: Tensor, valid: Tensor, attention: Tensor | None = None, attention_axis: str = "classes"
) -> Tensor:
    """Weight of each frame for each class (Table 1).

    Parameters
    ----------
    function : str
        One of ``POOLING_FUNCTIONS``. For ``max`` the weights are those of the average: its stages take the
        largest value and need no weight but 0 for padding.
    frame_probs : Tensor [shape=(B, T, K)]
        In [0, 1].
    valid : Tensor [shape=(B, T)]
        Whether a frame is part of the clip.
    attention : Tensor [shape=(B, T, K)], optional
        Output of the attention layer before its softmax; needed by ``attention`` alone.
    attention_axis : str
        ``classes`` (softmax over the classes of a frame) or ``time`` (over the frames of a clip).

    Returns
    -------
    Tensor [shape=(B, T, K)]
        Not negative, float32; 0 where a frame is padding.

    Raises
    ------
    ValueError
        If the function or the axis is unknown, or the attention is missing.
    """
    inside = valid.unsqueeze(-1).to(torch.float32)
    if function in ("max", "average"):
        return inside.expand_as(frame_probs)
    if function == "linear":
        return frame_probs.float() * inside
    if function == "exponential":
        return frame_probs.float().exp() * inside
    if function == "attention":
        if attention is None:
            raise ValueError("attention pooling needs the attention layer's output")
        return _attention_weights(attention.float(), valid.unsqueeze(-1), attention_axis) * inside
    raise ValueError(f"pooling must be one of {', '.join(POOLING_FUNCTIONS)}, got {function!r}")


def _attention_weights(attention: Tensor, valid: Tensor, axis: str) -> Tensor:
    if axis == "classes":
        weights = attention.softmax(dim=-1)
    elif axis == "time":
        weights = attention.masked_fill(~valid, float("-inf")).softmax(dim=1)
    else:
        raise ValueError(f"attention_axis must be 'classes' or 'time', got {axis!r}")
    return weights.clamp(min=_SMALLEST_ATTENTION)


def pool_stage(values: Tensor, weights: Tensor, group: int, *, largest: bool = False) -> tuple[Tensor, Tensor]:
    """Pool each ``group`` of neighbours into one (Eq. 3 and corrected Eq. 4).

    Parameters
    ----------
    values, weights : Tensor [shape=(B, T, K)]
    group : int
        Neighbours in a group; divides T.
    largest : bool
        Take the largest value of a group instead of the weighted mean (max pooling).

    Returns
    -------
    values, weights : Tensor [shape=(B, T / group, K)]
        The mean (or the largest value) of each group, and the group's weight for the next stage; both 0,
        not nan, where every weight of a group is 0.

    Raises
    ------
    ValueError
        If ``group`` does not divide T.
    """
    n_clips, n_frames, n_classes = values.shape
    if group < 1 or n_frames % group:
        raise ValueError(f"a group of {group} does not divide {n_frames} frames")
    values = values.reshape(n_clips, n_frames // group, group, n_classes)
    weights = weights.reshape(values.shape)
    total = weights.sum(dim=2).clamp(min=_SMALLEST_SUM)
    group_weights = weights.square().sum(dim=2) / total
    if largest:
        return (values * (weights > 0)).amax(dim=2), group_weights
    return (values * weights).sum(dim=2) / total, group_weights


def check_hierarchy(hierarchy: Sequence[int], n_frames: int) -> None:
    """Raise ``ValueError`` unless the groups of ``hierarchy``, one stage after the other, divide ``n_frames``."""
    if any(group < 2 for group in hierarchy) or n_frames % prod(hierarchy):
        factors = ",".join(str(group) for group in hierarchy)
        raise ValueError(
            f"hierarchy must be groups of at least 2 whose product divides {n_frames} frames, got {factors}"
        )


def pool(
    function: str, frame_probs: Tensor, weights: Tensor, hierarchy: Sequence[int] = ()
) -> tuple[Tensor, list[Tensor]]:
    """Clip probabilities, through the stages of a hierarchy if there is one.

    Parameters
    ----------
    function : str
        One of ``POOLING_FUNCTIONS``.
    frame_probs : Tensor [shape=(B, T, K)]
        In [0, 1].
    weights : Tensor [shape=(B, T, K)]
        From :func:`frame_weights`.
    hierarchy : sequence of int
        Neighbours pooled in each stage before the last; ``(5, 5)`` makes 125 -> 25 -> 5 -> 1, ``()`` is single
        pooling. The last stage takes what is left.

    Returns
    -------
    clip_probs : Tensor [shape=(B, K)]
        In [0, 1], float32.
    segment_probs : list of Tensor
        Of each stage before the last, (B, T / group, K), finest first.

    Raises
    ------
    ValueError
        If the groups do not divide the frames.
    """
    check_hierarchy(hierarchy, frame_probs.shape[1])
    values, segment_probs = frame_probs.float(), []
    for group in hierarchy:
        values, weights = pool_stage(values, weights, group, largest=function == "max")
        segment_probs.append(values)
    values, _ = pool_stage(values, weights, values.shape[1], largest=function == "max")
    return values.squeeze(1), segment_probs
