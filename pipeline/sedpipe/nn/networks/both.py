"""A CRNN that also takes embeddings of pretrained encoders, which are joined with its maps before the GRU.

- :class:`BothNetworkConfig`: sizes of both branches
- :class:`BothNetwork`: the network
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sedpipe.features.encoders.both import BothConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.networks.crnn import CRNNConfig, convolutions_of, stacked_maps
from sedpipe.nn.networks.head import common_deviation, dimensions_of
from sedpipe.nn.networks.network import Network, Prediction
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.nn.recurrence import BidirectionalGRU


@dataclass(frozen=True)
class BothNetworkConfig(CRNNConfig):
    """Sizes of both branches; those of the convolutions are :class:`~sedpipe.nn.networks.crnn.CRNNConfig`'s.

    Parameters
    ----------
    encoder_dropout : float
        Share of the encoders' values dropped in training, in [0, 1).
    encoder_units : int
        Number of values per frame to which these are reduced before they are joined with the maps.

    Raises
    ------
    ValueError
        If a value is out of range, or batch normalisation is requested for the input, which is standardised already.
    """

    name: str = "both"
    encoder_dropout: float = 0.3
    encoder_units: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.encoder_units < 1 or not 0 <= self.encoder_dropout < 1:
            raise ValueError("encoder_units must be positive, encoder_dropout in [0, 1)")
        if self.input_normalisation:
            raise ValueError("the network both does not support input_normalisation")


class BothNetwork(Network):
    """Convolutions on a spectrogram and a dense layer on embeddings, side by side; then a GRU, a sigmoid and pooling.

    Parameters
    ----------
    config : BothNetworkConfig
        Its pooling over time must reduce the log-mel frames in each frame of the features to one.
    pooling : PoolingConfig
    n_classes : int
        Number of classes, K.
    spec : FeatureSpec
        Input features: those of a :class:`~sedpipe.features.encoders.both.BothConfig`.

    Raises
    ------
    ValueError
        If the front end is no ``BothConfig``, the pools do not fit the features, or the hierarchy does not fit their
        frames.
    """

    def __init__(self, config: BothNetworkConfig, pooling: PoolingConfig, n_classes: int, spec: FeatureSpec) -> None:
        super().__init__(pooling, n_classes, spec)
        front_end = spec.front_end
        if not isinstance(front_end, BothConfig):
            raise ValueError(f"the network both takes log-mel and encoders together, not {front_end.name}")
        n_bands, each = front_end.spectrogram.n_mels, front_end.frames_each
        if config.time_factor != each:
            raise ValueError(
                f"pools over time make one frame of {config.time_factor}, and each frame of the features holds {each}"
            )
        if n_bands % config.frequency_factor:
            factor = f"pooling over frequency reduces bands by a factor of {config.frequency_factor}"
            raise ValueError(f"{factor}, which must divide the {n_bands} of the input")
        self._dimensions = dimensions_of(spec)
        self._n_bands = n_bands
        self.n_decibels, self.silence_db = front_end.n_decibels, front_end.spectrogram.silence_db
        self._convolution = config.convolution
        self.convolutions = nn.Sequential(*convolutions_of(config))
        self.drop = nn.Dropout(config.encoder_dropout)
        self.reduce = nn.Linear(front_end.vectors.n_features, config.encoder_units)
        n_maps = (config.conv_maps or config.maps[-1]) * (n_bands // config.frequency_factor)
        self.gru = BidirectionalGRU(n_maps + config.encoder_units, config.gru_units)
        self.add_head(2 * config.gru_units, config.initial_probability)

    def standardise_with(self, mean: Tensor, deviation: Tensor) -> None:
        """Set the mean of each value, and the deviation of each band and of all values of an encoder together."""
        bands, vectors = deviation[: self.n_decibels], deviation[self.n_decibels :]
        super().standardise_with(mean, torch.cat([bands, common_deviation(vectors, self._dimensions)]))

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Return the probabilities of each class; see :meth:`Network.forward`."""
        silent = self.without_padding(self.standardised(x), n_frames)
        spectrogram = silent[..., : self.n_decibels].reshape(len(x), -1, self._n_bands)
        maps = stacked_maps(self.convolutions, spectrogram, self._convolution)
        reduced = self.reduce(self.drop(silent[..., self.n_decibels :])).relu()
        return self.pooled(self.gru(torch.cat([maps, reduced], dim=-1), n_frames), n_frames)
