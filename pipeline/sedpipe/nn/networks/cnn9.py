"""The CNN-GRU and CNN-Transformer of Kong, Xu, Wang and Plumbley 2020, the best published systems on DCASE 2017 Task 4.

Source: "Sound Event Detection of Weakly Labelled Data with CNN-Transformer and Automatic Threshold Optimization",
arXiv:1912.04761; sizes from the authors' code (github.com/qiuqiangkong/sound_event_detection_dcase2017_task4,
``pytorch/models.py``).

Published: batch normalisation of each band; four blocks of two convolutions 3x3 (no bias, normalisation, rectifier)
with 64, 128, 256, 512 maps; average pooling (2, 2) after the first three; the mean over frequency; then nothing, a
bidirectional GRU of 256 units, or self-attention with 8 heads of 64 values (no residual, dropout 0.1 of weights and 0.2
of values, rectifier); a sigmoid per class and frame. The clip probability is the largest frame, the mean (``average``)
or attention over time, whose logits are clipped to [-10, 10].
Different here: self-attention ignores padding; frames are not repeated to 100 per second; the layer normalisation
that their self-attention defines and never calls is left out; the input is standardised before its normalisation.

- :class:`CNN9Config`: its sizes
- :class:`CNN9`: the network
- :class:`SelfAttention`: multi-head self-attention over the frames of a clip
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor, nn

from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.blocks import begin_xavier, rectified
from sedpipe.nn.networks.network import Network, NetworkConfig, Prediction, first_frames
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.nn.recurrence import BidirectionalGRU
from sedpipe.nn.sending import sent

CONTEXTS = ("gru", "transformer", "none")
_LARGEST_LOGIT = 10.0  # of attention over time


@dataclass(frozen=True)
class CNN9Config(NetworkConfig):
    """Sizes of the network.

    Parameters
    ----------
    maps : tuple of int
        Maps of each block; each block but the last halves time and frequency.
    context : str
        Layer that relates the frames to each other: ``gru``, ``transformer`` or ``none``.
    gru_units : int
        Units of the GRU in each direction.
    heads, head_size : int
        Number of heads of self-attention, and values of each.
    dropout : float
        Share of values dropped after self-attention, in [0, 1); half of that share of its weights is dropped, too.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    name: str = "cnn9"
    maps: tuple[int, ...] = (64, 128, 256, 512)
    context: str = "gru"
    gru_units: int = 256
    heads: int = 8
    head_size: int = 64
    dropout: float = 0.2

    def __post_init__(self) -> None:
        if self.context not in CONTEXTS:
            raise ValueError(f"context must be one of {', '.join(CONTEXTS)}, got {self.context!r}")
        if not 1 <= len(self.maps) <= 8 or min(*self.maps, self.gru_units, self.heads, self.head_size) < 1:
            raise ValueError("cnn9 must have 1 to 8 blocks, and maps, units and heads must be positive")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {self.dropout}")


class SelfAttention(nn.Module):
    """Multi-head self-attention: each frame becomes a mean over all frames, weighted by how well they match.

    Source: Vaswani et al., arXiv:1706.03762; without its residual connection and normalisation.

    Parameters
    ----------
    n_values : int
        Values per frame of the input and of the output.
    heads, head_size : int
        Number of heads, and values of each.
    dropout : float
        Share of values dropped in training; half of that share of the weights is dropped, too.
    """

    def __init__(self, n_values: int, heads: int, head_size: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.head_size = heads, head_size
        layers = {name: nn.Linear(n_values, heads * head_size) for name in ("ask", "match", "say")}
        self.project = nn.ModuleDict(layers)
        self.join = nn.Linear(heads * head_size, n_values)
        self.drop_weights, self.drop = nn.Dropout(dropout / 2), nn.Dropout(dropout)
        for layer in layers.values():
            nn.init.normal_(layer.weight, std=sqrt(2 / (n_values + head_size)))
            nn.init.zeros_(layer.bias)
        nn.init.xavier_normal_(self.join.weight)
        nn.init.zeros_(self.join.bias)

    def forward(self, x: Tensor, n_frames: Tensor) -> Tensor:
        """(B, T, n_values), of which the first ``n_frames`` (B,) are attended to -> (B, T, n_values), not negative."""
        ask, match, say = (
            self.project[name](x).unflatten(-1, (self.heads, self.head_size)).transpose(1, 2)
            for name in ("ask", "match", "say")
        )
        logits = ask @ match.transpose(-1, -2) / sqrt(self.head_size)
        counts = first_frames(sent(n_frames, x.device), x.shape[1])
        weights = logits.masked_fill(~counts[:, None, None], torch.finfo(logits.dtype).min).softmax(dim=-1)
        heard = (self.drop_weights(weights) @ say).transpose(1, 2).flatten(2)
        said: Tensor = self.drop(self.join(heard))
        return said.relu()

    def multiply_adds(self, output: Tensor) -> int:
        """Return the multiply-adds of matching and of the means for one clip; dense layers are counted separately."""
        return 2 * output.shape[1] ** 2 * self.heads * self.head_size


class CNN9(Network):
    """Convolutions, the mean over frequency, a GRU or self-attention, a sigmoid per frame, pooling over time.

    Parameters
    ----------
    config : CNN9Config
    pooling : PoolingConfig
        Published with ``max`` (FrameMax), ``average`` (FrameAvg) and ``attention`` over ``time`` (FrameAtt), single.
    n_classes : int
        Number of classes, K.
    spec : FeatureSpec
        Input features: a spectrogram.

    Raises
    ------
    ValueError
        If a clip has fewer frames than the blocks pool into one, or the hierarchy does not fit.
    """

    def __init__(self, config: CNN9Config, pooling: PoolingConfig, n_classes: int, spec: FeatureSpec) -> None:
        n_halved = len(config.maps) - 1
        super().__init__(pooling, n_classes, spec, 2**n_halved)
        self.normalise_input = nn.BatchNorm1d(spec.shape[1])
        widths = (1, *config.maps)
        self.blocks = nn.Sequential(
            *(
                nn.Sequential(
                    rectified(maps_in, maps, bias=False),
                    rectified(maps, maps, bias=False),
                    nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False) if n < n_halved else nn.Identity(),
                )
                for n, (maps_in, maps) in enumerate(zip(widths, config.maps, strict=False))
            )
        )
        has_gru = config.context == "gru"
        self.gru = BidirectionalGRU(widths[-1], config.gru_units) if has_gru else None
        self.add_head(2 * config.gru_units if has_gru else widths[-1])
        begin_xavier(self)
        attends = config.context == "transformer"
        self.self_attention = (
            SelfAttention(widths[-1], config.heads, config.head_size, config.dropout) if attends else None
        )

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Return the probabilities of each class; see :meth:`Network.forward`."""
        normalised = self.normalise_input(self.standardised(x).transpose(1, 2)).transpose(1, 2)
        maps = self.blocks(self.without_padding(normalised, n_frames).unsqueeze(1))
        hidden = maps.mean(dim=3).transpose(1, 2)
        for context in (self.gru, self.self_attention):
            if context is not None:
                hidden = context(hidden, self.output_frames(n_frames))
        return self.pooled(hidden, n_frames)

    def attention_of(self, hidden: Tensor) -> Tensor | None:
        """Return the attention layer's output as any network does, but clipped to [-10, 10]."""
        logits = super().attention_of(hidden)
        return None if logits is None else logits.clamp(-_LARGEST_LOGIT, _LARGEST_LOGIT)
