"""Pooling over time as a module for any network.

- :class:`HierarchicalPooling`: frame probabilities -> clip probabilities, single or hierarchical
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod
from operator import mul

import torch
from torch import Tensor, nn

from sedpipe.nn.pooling import frame_weights, pool
from sedpipe.nn.pooling_functions import ATTENTION_AXES, POOLING_FUNCTIONS, alpha_penalty, keep_in_range
from sedpipe.suggestions import did_you_mean


class HierarchicalPooling(nn.Module):
    """Frame probabilities (B, T, K) -> clip probabilities (B, K) through a hierarchy of segments.

    He, Shen & Zhang (2019), Eq. 3 with the weights of Eq. 4 as corrected in the erratum. The group sizes
    need not divide T: the last group is filled with padding, which has no influence.

    Parameters
    ----------
    function : str
        A name in :data:`sedpipe.nn.pooling.POOLING_FUNCTIONS`: ``max``, ``average``, ``linear``, ``exponential``,
        ``attention``, ``auto``, ``cap``, ``rap``, ``power``, ...
    hierarchy : sequence of int
        Number of neighbours that each stage before the last pools; ``(5, 5)`` makes 125 -> 25 -> 5 -> 1, ``()`` is
        single pooling.
    n_classes : int, optional
        K; needed by functions with a learned parameter for each class (``auto``, ``cap``, ``rap``, ``power``).
    attention_axis : str
        Axis of the softmax of ``attention``: over the ``classes`` of a frame or over ``time``.
    original_weights : bool
        Use the segment weights of Eq. A-1, as first printed; the hierarchy then changes nothing.

    Attributes
    ----------
    alpha : Parameter [shape=(K,)] or None
        The learned parameter of each class, 1 before training: the larger, the more weight high probabilities have.
        In training, ``cap`` and ``power`` keep it in their range; with ``rap``, add :meth:`penalty` to the loss.

    Raises
    ------
    ValueError
        If a name is unknown, a group is smaller than 2, or ``n_classes`` is needed and missing.

    Examples
    --------
    >>> frame_probs = torch.tensor([[[0.0], [0.0], [0.0], [0.0], [0.8], [0.8]]])
    >>> HierarchicalPooling("average", (2,))(frame_probs).round(decimals=3)
    tensor([[0.2670]])
    >>> HierarchicalPooling("linear")(frame_probs).round(decimals=3)
    tensor([[0.8000]])
    """

    def __init__(
        self,
        function: str = "linear",
        hierarchy: Sequence[int] = (),
        *,
        n_classes: int | None = None,
        attention_axis: str = "classes",
        original_weights: bool = False,
    ) -> None:
        super().__init__()
        if function not in POOLING_FUNCTIONS:
            known = ", ".join(POOLING_FUNCTIONS)
            raise ValueError(
                f"pooling must be one of {known}, got {function!r}{did_you_mean(function, POOLING_FUNCTIONS)}"
            )
        if attention_axis not in ATTENTION_AXES:
            raise ValueError(f"attention_axis must be 'classes' or 'time', got {attention_axis!r}")
        if any(group < 2 for group in hierarchy):
            raise ValueError(f"hierarchy must be groups of at least 2, got {tuple(hierarchy)}")
        learns = POOLING_FUNCTIONS[function].learns_alpha
        if learns and n_classes is None:
            raise ValueError(f"{function} pooling learns a parameter for each class: give n_classes")
        self.function = function
        self.hierarchy = tuple(hierarchy)
        self.attention_axis = attention_axis
        self.segment_weights = "original" if original_weights else "corrected"
        self.alpha = nn.Parameter(torch.ones(n_classes)) if learns and n_classes else None

    def forward(self, frame_probs: Tensor, mask: Tensor | None = None, attention: Tensor | None = None) -> Tensor:
        """Return clip probabilities (B, K), at least in float32; see :meth:`stages`."""
        return self.stages(frame_probs, mask, attention)[0]

    def stages(
        self, frame_probs: Tensor, mask: Tensor | None = None, attention: Tensor | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Return clip probabilities, and the segment probabilities of the stages before.

        Parameters
        ----------
        frame_probs : Tensor [shape=(B, T, K)]
            Frame probabilities, in [0, 1].
        mask : Tensor [shape=(B, T)], optional
            Whether a frame is part of its clip (bool); by default, all frames are.
        attention : Tensor [shape=(B, T, K)], optional
            Output of a dense layer before any softmax, for functions that need attention.

        Returns
        -------
        clip_probs : Tensor [shape=(B, K)]
        segment_probs : list of Tensor
            One tensor for each stage before the last, (B, ceil(T / product of the groups so far), K), finest first.

        Raises
        ------
        ValueError
            If shapes do not fit together, or the function needs ``attention`` and it is missing.
        """
        if frame_probs.ndim != 3:
            raise ValueError(f"expected frame_probs of shape (B, T, K), got {tuple(frame_probs.shape)}")
        if mask is None:
            mask = torch.ones(frame_probs.shape[:2], dtype=torch.bool, device=frame_probs.device)
        if mask.shape != frame_probs.shape[:2]:
            raise ValueError(f"expected a mask of shape {tuple(frame_probs.shape[:2])}, got {tuple(mask.shape)}")
        if attention is not None and attention.shape != frame_probs.shape:
            raise ValueError(f"expected attention of shape {tuple(frame_probs.shape)}, got {tuple(attention.shape)}")
        mask, n_frames = mask.bool(), frame_probs.shape[1]
        frame_probs = frame_probs.masked_fill(~mask.unsqueeze(-1), 0)  # padding has weight 0, but 0 times nan is nan
        attention = None if attention is None else attention.masked_fill(~mask.unsqueeze(-1), 0)
        missing = -n_frames % prod(self.hierarchy)
        frame_probs, mask = _padded(frame_probs, missing), _padded(mask, missing)
        attention = None if attention is None else _padded(attention, missing)
        if self.training:
            keep_in_range(self.function, self.alpha, n_frames)
        weights = frame_weights(self.function, frame_probs, mask, attention, self.attention_axis, self.alpha)
        clip_probs, segments = pool(
            self.function, frame_probs, weights, self.hierarchy, segment_weights=self.segment_weights
        )
        so_far = accumulate(self.hierarchy, mul)
        return clip_probs, [part[:, : -(-n_frames // size)] for part, size in zip(segments, so_far, strict=False)]

    def penalty(self) -> Tensor | float:
        """Return the penalty to add to the loss in training; 0 except for ``rap``."""
        return alpha_penalty(self.function, self.alpha)

    def extra_repr(self) -> str:
        """Return the settings that ``print(module)`` shows."""
        return f"{self.function!r}, hierarchy={self.hierarchy}"


def _padded(values: Tensor, missing: int) -> Tensor:
    """Append ``missing`` frames (axis 1) of zeros."""
    if not missing:
        return values
    return torch.cat([values, values.new_zeros(values.shape[0], missing, *values.shape[2:])], dim=1)
