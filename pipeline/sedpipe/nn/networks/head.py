"""A head on the embeddings of pretrained encoders: which classes of this dataset sound in which frames.

- :class:`HeadConfig`: its sizes
- :class:`Head`: dropout, a dense layer, a bidirectional GRU, a sigmoid per frame, any pooling
- :func:`common_deviation`: the deviation that an encoder's values are divided by
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sedpipe.features.encoders.encoder import NeedsEncoders
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
        Share of the encoder's values dropped in training, in [0, 1).
    units : int
        Values of a frame after the dense layer.
    gru_units : int
        Units of the GRU in each direction; 0 for no GRU: each frame is then classified independently.
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
    """Dropout, a dense layer, a bidirectional GRU, a sigmoid per frame, pooling over time.

    Parameters
    ----------
    config : HeadConfig
    pooling : PoolingConfig
    n_classes : int
        Number of classes, K.
    spec : FeatureSpec
        Input features: embeddings of encoders.

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
        """Set the mean that is subtracted from each value; all values of an encoder are divided by one deviation."""
        super().standardise_with(mean, common_deviation(deviation, self._dimensions))

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Return the probabilities of each class; see :meth:`Network.forward`."""
        heard = self.without_padding(self.standardised(x), n_frames)
        reduced = self.reduce(self.drop(heard)).relu()
        hidden = reduced if self.gru is None else self.gru(reduced, n_frames)
        return self.pooled(hidden, n_frames)


def dimensions_of(spec: FeatureSpec) -> list[int]:
    """Return the number of values per frame of each encoder, in order; without encoders, that of the front end."""
    front_end = spec.front_end
    if isinstance(front_end, NeedsEncoders):
        return [encoder.dimensions for encoder in front_end.encoders]
    return [front_end.n_features]


def common_deviation(deviation: Tensor, dimensions: Sequence[int]) -> Tensor:
    """Return, for all values of an encoder alike, the root mean square of their deviations.

    Values that an encoder rarely uses are also small: divided by their own deviation, they would drown out the others.
    On YAMNet's embeddings, this costs more than any other choice about a head (docs/encoders.md).

    >>> common_deviation(torch.tensor([3.0, 4.0, 0.0, 5.0]), (2, 2)).round(decimals=1).tolist()
    [3.5, 3.5, 3.5, 3.5]
    """
    parts = [part.square().mean().sqrt().expand_as(part) for part in torch.split(deviation, list(dimensions))]
    return torch.cat(parts)
