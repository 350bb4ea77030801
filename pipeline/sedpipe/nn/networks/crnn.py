"""The CRNN: log-mel -> probabilities of each class in each frame and in the clip.

Figure 3 of the paper, which holds most sizes, is lost; the defaults are the derivation that fits the text best,
and every one of them is configuration.

- :class:`NetworkConfig`: its sizes
- :class:`PoolingConfig`: how frames become clips
- :class:`Prediction`: what it returns
- :class:`CRNN`: the network; carries its input standardisation, so that weights never meet the wrong scaler
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, prod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from sedpipe.nn.blocks import CONVOLUTIONS, NORMALISATIONS, BlockShape
from sedpipe.nn.pooling import (
    ATTENTION_AXES,
    POOLING_FUNCTIONS,
    SEGMENT_WEIGHTS,
    check_hierarchy,
    frame_weights,
    learned_weights,
    pool,
    pool_stage,
)
from sedpipe.nn.recurrence import BidirectionalGRU


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network; the defaults are the paper's, as far as they are known (variant A).

    Parameters
    ----------
    maps : tuple of int
        Maps of each block.
    pools : tuple of (int, int)
        Pooling over time and frequency after each block.
    conv_maps : int
        Maps of the single convolution after the blocks; 0 for none.
    conv_pool : (int, int)
        Max-pooling after it; (1, 1) for none.
    gru_units : int
        Units of the GRU in each direction.
    normalisation : str
        ``before_gate``, ``after_gate`` or ``block``; leaky convolutions have theirs first.
    dropout : float
        In each gated block, or once after all leaky ones; in [0, 1).
    convolution : str
        A name in ``CONVOLUTIONS``: ``gated``, ``leaky``, ...
    depths : tuple of int
        Convolutions of each block; ``()`` is two in each.
    pool_power : int
        Pooling after each block: 0 keeps the largest of each patch, an even number is LP pooling's.
    input_normalisation : bool
        Batch normalisation of each mel band first.
    initial_probability : float
        Frame probability of every class before training, in (0, 1). 0.5 is a bias of zero; near the share of
        clips that hold a class, the first steps need not be spent on learning that most sounds are absent.

    Raises
    ------
    ValueError
        If a value is out of range, or there is not one pool a block.
    """

    maps: tuple[int, ...] = (64, 64, 64, 64)
    pools: tuple[tuple[int, int], ...] = ((2, 2), (2, 2), (1, 2), (1, 2))
    conv_maps: int = 256
    conv_pool: tuple[int, int] = (1, 1)
    gru_units: int = 128
    normalisation: str = "before_gate"
    dropout: float = 0.2
    initial_probability: float = 0.5
    convolution: str = "gated"
    depths: tuple[int, ...] = ()
    pool_power: int = 0
    input_normalisation: bool = False

    def __post_init__(self) -> None:
        if not self.maps or len(self.maps) != len(self.pools):
            raise ValueError(f"expected one pool a block, got {len(self.maps)} blocks and {len(self.pools)} pools")
        if self.depths and len(self.depths) != len(self.maps):
            raise ValueError(f"expected one depth a block, got {len(self.maps)} blocks and {len(self.depths)} depths")
        sizes = (*self.maps, *self.depths, *(side for pool in self.pools for side in pool), *self.conv_pool)
        if min(*sizes, self.gru_units) < 1 or self.conv_maps < 0:
            raise ValueError("maps, depths, pools, conv_pool and gru_units must be positive, conv_maps not negative")
        if self.convolution not in CONVOLUTIONS:
            raise ValueError(f"convolution must be one of {', '.join(CONVOLUTIONS)}, got {self.convolution!r}")
        if self.pool_power < 0 or self.pool_power % 2:
            raise ValueError(f"pool_power must be 0 or an even number, got {self.pool_power}")
        if self.normalisation not in NORMALISATIONS:
            raise ValueError(f"normalisation must be one of {', '.join(NORMALISATIONS)}, got {self.normalisation!r}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {self.dropout}")
        if not 0 < self.initial_probability < 1:
            raise ValueError(f"initial_probability must be in (0, 1), got {self.initial_probability}")

    @property
    def time_factor(self) -> int:
        """Input frames that become one output frame."""
        return prod(pool[0] for pool in self.pools) * self.conv_pool[0]

    @property
    def frequency_factor(self) -> int:
        """Mel bands that become one."""
        return prod(pool[1] for pool in self.pools) * self.conv_pool[1]


@dataclass(frozen=True)
class PoolingConfig:
    """How frame probabilities become clip probabilities.

    Parameters
    ----------
    function : str
        A name in ``POOLING_FUNCTIONS``: ``max``, ``average``, ``linear``, ``exponential``, ``attention``, ``auto``, ...
    hierarchy : tuple of int
        Neighbours pooled in each stage before the last; ``()`` is single pooling.
    attention_axis : str
        Softmax of the attention layer, and of learned segment weights, over ``classes`` or over ``time``.
    segment_weights : str
        ``corrected`` (Eq. 4 of the erratum), ``original`` (Eq. A-1) or ``learned`` (a dense layer a stage).

    Raises
    ------
    ValueError
        If a name is unknown, or a function that takes the largest value, and has no weights, should learn some.
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
        """Stages whose segments have learned weights."""
        return len(self.hierarchy) if self.segment_weights == "learned" else 0


class Prediction(NamedTuple):
    """Probabilities in [0, 1]: ``frame_probs`` (B, T, K), ``segment_probs`` of each stage, ``clip_probs`` (B, K)."""

    frame_probs: Tensor
    segment_probs: list[Tensor]
    clip_probs: Tensor


class CRNN(nn.Module):
    """Convolutional blocks, a convolution, a bidirectional GRU, a sigmoid a frame, pooling over time.

    Parameters
    ----------
    n_classes : int
        K.
    n_frames, n_mels : int
        Size of the input; the network's pools must divide them.
    network : NetworkConfig
    pooling : PoolingConfig

    Under autocast, convolutions and GRU compute in what it says; sigmoid and pooling stay float32.

    Raises
    ------
    ValueError
        If the pools do not divide the input, or the hierarchy not the output's frames.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self, n_classes: int, n_frames: int, n_mels: int, network: NetworkConfig, pooling: PoolingConfig
    ) -> None:
        super().__init__()
        if n_frames % network.time_factor or n_mels % network.frequency_factor:
            raise ValueError(
                f"pools over time ({network.time_factor}) and frequency ({network.frequency_factor}) must divide "
                f"the input of {n_frames} frames x {n_mels} bands"
            )
        check_hierarchy(pooling.hierarchy, n_frames // network.time_factor)
        self.time_factor = network.time_factor
        self.pooling = pooling
        self.register_buffer("mean", torch.zeros(n_mels))
        self.register_buffer("scale", torch.ones(n_mels))
        self.normalise_input = nn.BatchNorm1d(n_mels) if network.input_normalisation else None
        self._channels_last = CONVOLUTIONS[network.convolution].channels_last
        self.convolutions = nn.Sequential(*_blocks(network), *_last_convolution(network))
        last_maps = network.conv_maps or network.maps[-1]
        self.gru = BidirectionalGRU(last_maps * (n_mels // network.frequency_factor), network.gru_units)
        n_hidden = 2 * network.gru_units
        self.classify = nn.Linear(n_hidden, n_classes)
        nn.init.constant_(self.classify.bias, log(network.initial_probability / (1 - network.initial_probability)))
        function = POOLING_FUNCTIONS[pooling.function]
        self.attend = nn.Linear(n_hidden, n_classes) if function.attends else None
        self.attend_segments = nn.ModuleList(nn.Linear(n_hidden, n_classes) for _ in range(pooling.n_learned_stages))
        self.alpha = nn.Parameter(torch.ones(n_classes)) if function.learns_alpha else None

    def standardise_with(self, mean: Tensor, deviation: Tensor) -> None:
        """Set what is subtracted from each mel band and what it is divided by, (F,) each."""
        self.mean.copy_(mean)
        self.scale.copy_(1 / deviation.clamp(min=1e-3))

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Probabilities of each class.

        Parameters
        ----------
        x : Tensor [shape=(B, T, F)]
            Log-mel, dB.
        n_frames : Tensor [shape=(B,)]
            How many of the T frames count; the others are padding.
        """
        stacked = self._stacked_maps(x, n_frames)
        valid = self.valid_frames(n_frames, stacked.shape[1])
        hidden = self.gru(stacked, valid.sum(dim=1))
        with torch.autocast(x.device.type, enabled=False):
            return self._pool(hidden.float(), valid)

    def _stacked_maps(self, x: Tensor, n_frames: Tensor) -> Tensor:
        """(B, T, F) -> (B, T', C * F'): maps stacked onto the frequency axis."""
        standardised = (x - self.mean) * self.scale
        if self.normalise_input is not None:
            standardised = self.normalise_input(standardised.transpose(1, 2)).transpose(1, 2)
        padding = torch.arange(x.shape[1], device=x.device) >= n_frames.unsqueeze(1)
        standardised = standardised.masked_fill(padding.unsqueeze(-1), 0)  # as beyond the clip's end
        one_map = standardised.unsqueeze(-1).permute(0, 3, 1, 2) if self._channels_last else standardised.unsqueeze(1)
        maps: Tensor = self.convolutions(one_map)
        return maps.permute(0, 2, 1, 3).flatten(2)

    def _pool(self, hidden: Tensor, valid: Tensor) -> Prediction:
        how = self.pooling
        frame_probs = self.classify(hidden).sigmoid()
        attention = self.attend(hidden) if self.attend is not None else None
        weights = frame_weights(how.function, frame_probs, valid, attention, how.attention_axis, self.alpha)
        clip_probs, segment_probs = pool(
            how.function,
            frame_probs,
            weights,
            how.hierarchy,
            segment_weights=how.segment_weights,
            learned=self._learned_weights(hidden, valid),
        )
        return Prediction(frame_probs, segment_probs, clip_probs)

    def _learned_weights(self, hidden: Tensor, valid: Tensor) -> list[Tensor]:
        """Of each stage's segments, from the mean of the GRU's output over the frames of a segment that count."""
        weights, counts = [], valid.unsqueeze(-1).to(hidden.dtype).expand_as(hidden)
        for group, attend in zip(self.pooling.hierarchy, self.attend_segments, strict=False):
            hidden, counts = pool_stage(hidden, counts, group, segment_weights="original")
            weights.append(learned_weights(attend(hidden), counts[..., 0] > 0, self.pooling.attention_axis))
        return weights

    def valid_frames(self, n_frames: Tensor, n_output_frames: int) -> Tensor:
        """Which output frames (B, T') hold at least one input frame of the clip."""
        first_input_frame = torch.arange(n_output_frames, device=n_frames.device) * self.time_factor
        return first_input_frame < n_frames.unsqueeze(1)


def _blocks(network: NetworkConfig) -> list[nn.Module]:
    widths, depths = (1, *network.maps), network.depths or (2,) * len(network.maps)
    kind = CONVOLUTIONS[network.convolution]
    blocks = [
        kind.block(BlockShape(*sizes, network.pool_power, network.normalisation, network.dropout))
        for sizes in zip(widths, network.maps, network.pools, depths, strict=False)
    ]
    return blocks if kind.drops_out else [*blocks, nn.Dropout(network.dropout)]


def _last_convolution(network: NetworkConfig) -> list[nn.Module]:
    if not network.conv_maps:
        return []
    convolution = nn.Conv2d(network.maps[-1], network.conv_maps, kernel_size=3, padding=1)
    pool = [nn.MaxPool2d(network.conv_pool)] if network.conv_pool != (1, 1) else []
    return [convolution, nn.ReLU(inplace=True), *pool]
