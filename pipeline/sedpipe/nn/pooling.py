"""Frame probabilities -> clip probabilities: the pooling functions, single or hierarchical.

Every pooling function is a weighted mean ``sum(w x) / sum(w)`` (the paper's Eq. 1, Table 1); they differ in the
weights. A hierarchy pools stage by stage over groups of frames, and gives each group a weight for the next stage:
frames -> segments -> longer segments -> clip.

Shapes: B clips, T frames, K classes. Padding frames have weight 0 and thus no influence. Everything is computed in
float32 at least, whatever the network's precision.

- :data:`POOLING_FUNCTIONS`: all of them by name, from :mod:`sedpipe.nn.pooling_functions`
- :class:`PoolingConfig`: pooling function and hierarchy
- :func:`frame_weights`: weights (B, T, K) of a pooling function
- :func:`pool_stage`: one stage of the hierarchy
- :func:`pool`: all stages, down to the clip

Source: He, Shen & Zhang, "Hierarchical Pooling Structure for Weakly Labeled Sound Event Detection",
arXiv:1903.11791; the single forms after Wang, Li & Metze, arXiv:1810.09050, and McFee, Salamon & Bello,
arXiv:1804.10070 (``auto``, ``cap``, ``rap``), and Liu, Chen, Wang & Zhang, arXiv:2010.09985 (``power``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sedpipe.hierarchy import as_option
from sedpipe.nn.pooling_functions import ATTENTION_AXES, at_least_float32, function_of
from sedpipe.nn.pooling_functions import POOLING_FUNCTIONS as POOLING_FUNCTIONS
from sedpipe.nn.pooling_functions import Frames as Frames
from sedpipe.nn.pooling_functions import PoolingFunction as PoolingFunction

SEGMENT_WEIGHTS = ("corrected", "original", "learned")
"""Weight of a group in the next stage: ``sum(w^2) / sum(w)`` (Eq. 4 as corrected in the erratum), the mean of its
weights (Eq. A-1, as first printed; the hierarchy then changes nothing), or the output of a dense layer per stage."""


@dataclass(frozen=True)
class PoolingConfig:
    """How frame probabilities become clip probabilities.

    Parameters
    ----------
    function : str
        A name in ``POOLING_FUNCTIONS``: ``max``, ``average``, ``linear``, ``exponential``, ``attention``, ``auto``,
        ``cap``, ``rap``, ``power``, ...
    hierarchy : tuple of int
        Number of neighbours pooled in each stage before the last; ``()`` is single pooling.
    attention_axis : str
        Axis of the softmax of the attention layer and of learned segment weights: ``classes`` or ``time``.
    segment_weights : str
        ``corrected`` (Eq. 4 of the erratum), ``original`` (Eq. A-1) or ``learned`` (a dense layer per stage).

    Raises
    ------
    ValueError
        If a name is unknown, or ``learned`` is combined with a function that takes the largest value (no weights).
    """

    function: str = "linear"
    hierarchy: tuple[int, ...] = (5, 5)
    attention_axis: str = "classes"
    segment_weights: str = "corrected"

    def __post_init__(self) -> None:
        if self.function not in POOLING_FUNCTIONS:
            raise ValueError(f"pooling must be one of {', '.join(POOLING_FUNCTIONS)}, got {self.function!r}")
        if self.attention_axis not in ATTENTION_AXES:
            raise ValueError(f"attention_axis must be 'classes' or 'time', got {self.attention_axis!r}")
        if self.segment_weights not in SEGMENT_WEIGHTS:
            known = ", ".join(SEGMENT_WEIGHTS)
            raise ValueError(f"segment_weights must be one of {known}, got {self.segment_weights!r}")
        if POOLING_FUNCTIONS[self.function].takes_largest and self.segment_weights == "learned":
            raise ValueError(f"{self.function} pooling takes the largest value: it has no segment weights to learn")

    @property
    def n_learned_stages(self) -> int:
        """Number of stages whose segments have learned weights."""
        return len(self.hierarchy) if self.segment_weights == "learned" else 0


def frame_weights(
    function: str,
    frame_probs: Tensor,
    valid: Tensor,
    attention: Tensor | None = None,
    attention_axis: str = "classes",
    alpha: Tensor | None = None,
) -> Tensor:
    """Return the weight of each frame for each class (Table 1).

    Parameters
    ----------
    function : str
        One of ``POOLING_FUNCTIONS``.
    frame_probs : Tensor [shape=(B, T, K)]
        Frame probabilities, in [0, 1].
    valid : Tensor [shape=(B, T)]
        Whether a frame is part of the clip.
    attention : Tensor [shape=(B, T, K)], optional
        Output of the attention layer before its softmax, for functions that need it.
    attention_axis : str
        ``classes`` (softmax over the classes of a frame) or ``time`` (over the frames of a clip).
    alpha : Tensor [shape=(K,)], optional
        The learned parameter of each class, for functions that need it: the larger, the more weight high
        probabilities have.

    Returns
    -------
    Tensor [shape=(B, T, K)]
        Not negative, float32 (float64 if ``frame_probs`` is); 0 where a frame is padding.

    Raises
    ------
    ValueError
        If the function or the axis is unknown, or the attention or alpha is missing.
    """
    chosen = function_of(function)
    frames = Frames(at_least_float32(frame_probs), valid, attention, attention_axis, alpha)
    return chosen.weights(frames) * valid.unsqueeze(-1).to(frames.probs.dtype)


def pool_stage(
    values: Tensor, weights: Tensor, group: int, *, largest: bool = False, segment_weights: str = "corrected"
) -> tuple[Tensor, Tensor]:
    """Pool each ``group`` of neighbours into one (Eq. 3, and Eq. 4 or A-1).

    Parameters
    ----------
    values, weights : Tensor [shape=(B, T, K)]
    group : int
        Number of neighbours in a group; the last group is smaller where it does not divide T.
    largest : bool
        Take the largest value of a group instead of the weighted mean (max pooling).
    segment_weights : str
        ``corrected`` or ``original``.

    Returns
    -------
    values, weights : Tensor [shape=(B, ceil(T / group), K)]
        The mean (or the largest value) of each group, and the group's weight for the next stage; both 0,
        not nan, where every weight of a group is 0.

    Raises
    ------
    ValueError
        If ``group`` is not positive.
    """
    if group < 1:
        raise ValueError(f"a group must have at least 1 member, got {group}")
    lacking = -values.shape[1] % group
    if lacking:  # missing members have weight 0, as padding has
        values, weights = (nn.functional.pad(part, (0, 0, 0, lacking)) for part in (values, weights))
    n_clips, n_frames, n_classes = values.shape
    values = values.reshape(n_clips, n_frames // group, group, n_classes)
    weights = weights.reshape(values.shape)
    # relative to the largest weight, since squares of small weights would underflow. The scale changes neither result,
    # so it needs no gradient; where all weights are 0 it is 1
    scale = weights.detach().amax(dim=2, keepdim=True)
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    shares = weights / scale
    total = shares.sum(dim=2).clamp(min=1)  # the largest share is 1, so only 0 is changed
    if segment_weights == "original":
        group_weights = weights.mean(dim=2)
    else:
        group_weights = shares.square().sum(dim=2) / total * scale.squeeze(2)
    if largest:
        return (values * (weights > 0)).amax(dim=2), group_weights
    return (values * shares).sum(dim=2) / total, group_weights


def check_hierarchy(hierarchy: Sequence[int], n_frames: int) -> None:
    """Raise ``ValueError`` if a stage of ``hierarchy`` has groups of fewer than 2 members, or of more than its inputs.

    The size of a group need not divide the number of inputs: the last segment of a stage is then shorter. A stage with
    a single group would only do what the last stage does anyway.

    Examples
    --------
    >>> check_hierarchy((5, 5), 38)  # 38 frames -> 8 segments, the last of 3 frames -> 2 -> the clip
    >>> check_hierarchy((5, 5), 13)
    Traceback (most recent call last):
    ...
    ValueError: hierarchy 5,5 does not fit 13 frames: stage 2 would group 5 of 3; 5 fits, and so does none
    """
    left = n_frames
    for stage, group in enumerate(hierarchy):
        if group < 2 or group > left:
            fits = f"{as_option(hierarchy[:stage])} fits, and so does none" if stage else "none fits"
            wrong = f"stage {stage + 1} would group {group} of {left}" if group > 1 else "a group has 2 members or more"
            raise ValueError(f"hierarchy {as_option(hierarchy)} does not fit {n_frames} frames: {wrong}; {fits}")
        left = -(-left // group)


def pool(
    function: str,
    frame_probs: Tensor,
    weights: Tensor,
    hierarchy: Sequence[int] = (),
    *,
    segment_weights: str = "corrected",
    learned: Sequence[Tensor] = (),
) -> tuple[Tensor, list[Tensor]]:
    """Pool frame probabilities into clip probabilities, through the stages of a hierarchy if there is one.

    Parameters
    ----------
    function : str
        One of ``POOLING_FUNCTIONS``.
    frame_probs : Tensor [shape=(B, T, K)]
        Frame probabilities, in [0, 1].
    weights : Tensor [shape=(B, T, K)]
        Weights from :func:`frame_weights`.
    hierarchy : sequence of int
        Number of neighbours pooled in each stage before the last: ``(5, 5)`` makes 125 -> 25 -> 5 -> 1, or from 38
        frames 8 segments (the last of 3 frames), then 2; ``()`` is single pooling. The last stage pools what remains.
    segment_weights : str
        One of ``SEGMENT_WEIGHTS``.
    learned : sequence of Tensor
        Only for ``learned``: for each stage before the last, the weights of its segments (B, ceil(T / group), K).

    Returns
    -------
    clip_probs : Tensor [shape=(B, K)]
        In [0, 1], float32 (float64 if ``frame_probs`` is).
    segment_probs : list of Tensor
        Segment probabilities of each stage before the last, (B, ceil(T / group), K), finest first.

    Raises
    ------
    ValueError
        If a name is unknown, the hierarchy does not fit the frames, or ``learned`` does not have one tensor per stage.
    """
    check_hierarchy(hierarchy, frame_probs.shape[1])
    if segment_weights not in SEGMENT_WEIGHTS:
        raise ValueError(f"segment_weights must be one of {', '.join(SEGMENT_WEIGHTS)}, got {segment_weights!r}")
    if segment_weights == "learned" and len(learned) != len(hierarchy):
        raise ValueError(f"expected learned weights of {len(hierarchy)} stages, got {len(learned)}")
    values, segment_probs, largest = at_least_float32(frame_probs), [], function_of(function).takes_largest
    for stage, group in enumerate(hierarchy):
        values, weights = pool_stage(values, weights, group, largest=largest, segment_weights=segment_weights)
        weights = learned[stage] if segment_weights == "learned" else weights
        segment_probs.append(values)
    values, _ = pool_stage(values, weights, values.shape[1], largest=largest)
    return values.squeeze(1), segment_probs
