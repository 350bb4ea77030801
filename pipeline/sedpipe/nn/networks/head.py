"""A head on frames that a pretrained network has made: what they mean for the classes of this dataset, and when.

- :class:`HeadConfig`: its sizes
- :class:`Head`: dropout, a dense layer, a bidirectional GRU, a sigmoid a frame, any pooling
- :func:`common_deviation`: what an encoder's values are divided by
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sedpipe.features.encoders.encoder import HearsThroughEncoders
from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.networks.network import Network, NetworkConfig, Prediction
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.nn.recurrence import BidirectionalGRU


@dataclass(frozen=True)
class HeadConfig(NetworkConfig):
    """Sizes of the head.

    Parameters
    ----------
    dropout : float
        Share of the encoder's values that are dropped in training, in [0, 1).
    units : int
        Values of a frame after the dense layer.
    gru_units : int
        Units of the GRU in each direction; 0 for none: each frame then speaks for itself.
    initial_probability : float
        Frame probability of every class before training, in (0, 1).

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    name: str = "head"
    dropout: float = 0.3
    units: int = 128
    gru_units: int = 64
    initial_probability: float = 0.1

    def __post_init__(self) -> None:
        if self.units < 1 or self.gru_units < 0:
            raise ValueError(f"units must be positive, gru_units not negative, got {self.units}, {self.gru_units}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {self.dropout}")
        if not 0 < self.initial_probability < 1:
            raise ValueError(f"initial_probability must be in (0, 1), got {self.initial_probability}")


class Head(Network):
    """Dropout, a dense layer, a bidirectional GRU, a sigmoid a frame, pooling over time.

    Parameters
    ----------
    config : HeadConfig
    pooling : PoolingConfig
    n_classes : int
        K.
    spec : FeatureSpec
        Vectors of encoders.

    Raises
    ------
    ValueError
        If the hierarchy does not fit the frames.
    """

    def __init__(self, config: HeadConfig, pooling: PoolingConfig, n_classes: int, spec: FeatureSpec) -> None:
        super().__init__(pooling, n_classes, spec)
        self._dimensions = dimensions_of(spec)
        self.drop = nn.Dropout(config.dropout)
        self.reduce = nn.Linear(spec.shape[1], config.units)
        self.gru = BidirectionalGRU(config.units, config.gru_units) if config.gru_units else None
        self.add_head(2 * config.gru_units or config.units, config.initial_probability)

    def standardise_with(self, mean: Tensor, deviation: Tensor) -> None:
        """Set what is subtracted from each value, and what all values of an encoder are divided by."""
        super().standardise_with(mean, common_deviation(deviation, self._dimensions))

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Probabilities of each class; see :meth:`Network.forward`."""
        heard = self.without_padding(self.standardised(x), n_frames)
        reduced = self.reduce(self.drop(heard)).relu()
        hidden = reduced if self.gru is None else self.gru(reduced, n_frames)
        return self.pooled(hidden, n_frames)


def dimensions_of(spec: FeatureSpec) -> list[int]:
    """Values a frame of each encoder, in their order; of a front end without encoders, all are one's."""
    front_end = spec.front_end
    if isinstance(front_end, HearsThroughEncoders):
        return [encoder.dimensions for encoder in front_end.encoders]
    return [front_end.n_features]


def common_deviation(deviation: Tensor, dimensions: Sequence[int]) -> Tensor:
    """The root mean square of the deviations of each encoder's values, for all of them.

    What an encoder says rarely, it says weakly: divided by its own deviation, such a value would drown the others. On
    YAMNet's vectors that costs more than all else about a head (docs/encoders.md).

    >>> common_deviation(torch.tensor([3.0, 4.0, 0.0, 5.0]), (2, 2)).round(decimals=1).tolist()
    [3.5, 3.5, 3.5, 3.5]
    """
    parts = [part.square().mean().sqrt().expand_as(part) for part in torch.split(deviation, list(dimensions))]
    return torch.cat(parts)
