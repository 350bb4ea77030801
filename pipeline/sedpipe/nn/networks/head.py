"""A head on frames that a pretrained network has made: what they mean for the classes of this dataset, and when.

- :class:`HeadConfig`: its sizes
- :class:`Head`: dropout, a dense layer, a bidirectional GRU, a sigmoid a frame, any pooling
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

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
        self.drop = nn.Dropout(config.dropout)
        self.reduce = nn.Linear(spec.shape[1], config.units)
        self.gru = BidirectionalGRU(config.units, config.gru_units) if config.gru_units else None
        self.add_head(2 * config.gru_units or config.units, config.initial_probability)

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Probabilities of each class; see :meth:`Network.forward`."""
        heard = self.without_padding(self.standardised(x), n_frames)
        reduced = self.reduce(self.drop(heard)).relu()
        hidden = reduced if self.gru is None else self.gru(reduced, n_frames)
        return self.pooled(hidden, n_frames)
