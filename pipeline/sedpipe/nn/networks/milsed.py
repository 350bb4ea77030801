"""The CNN and the CRNN of McFee, Salamon and Bello 2018, with which auto-pooling was published.

Source: "Adaptive Pooling Operators for Weakly Labeled Sound Event Detection", arXiv:1804.10070; sizes from the authors'
code (github.com/marl/milsed, ``milsed/models.py`` and ``models_dcase2/``).

Published: four blocks of two convolutions 3x3 with 16, 32, 64, 128 maps, each with rectifier and batch normalisation,
and max-pooling (2, 2); a convolution over all remaining bands (8 of 128) to 256 maps; a sigmoid per class and
frame. Normalisation follows the rectifier. The CRNN has three bidirectional GRUs of 128 units before the sigmoid.
Batch normalisation of the input. 0.56 M parameters (CNN).
Different here: bands are standardised before the input's normalisation; the last frames of a clip are kept even if
there are fewer than 16; GRUs are PyTorch's, with weights drawn gate by gate; the last layer's bias has no penalty.

- :class:`MilsedConfig`: its sizes
- :class:`Milsed`: the network
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.blocks import begin_xavier, rectified
from sedpipe.nn.networks.network import Network, NetworkConfig, Prediction
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.nn.recurrence import BidirectionalGRU


@dataclass(frozen=True)
class MilsedConfig(NetworkConfig):
    """Sizes of the network.

    Parameters
    ----------
    maps : tuple of int
        Maps of each block; each block halves time and frequency.
    last_maps : int
        Maps of the convolution over all remaining bands.
    gru_layers, gru_units : int
        Number of bidirectional GRUs, one after the other, and units of each per direction; 0 layers make the CNN.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    name: str = "milsed"
    maps: tuple[int, ...] = (16, 32, 64, 128)
    last_maps: int = 256
    gru_layers: int = 0
    gru_units: int = 128

    def __post_init__(self) -> None:
        if not 1 <= len(self.maps) <= 8 or min(*self.maps, self.last_maps, self.gru_units) < 1:
            raise ValueError("milsed must have 1 to 8 blocks, and maps and units must be positive")
        if not 0 <= self.gru_layers <= 8:
            raise ValueError(f"gru_layers must be from 0 to 8, got {self.gru_layers}")


class Milsed(Network):
    """Convolutions, a convolution over all bands, GRUs if there are any, a sigmoid per frame, pooling over time.

    Parameters
    ----------
    config : MilsedConfig
    pooling : PoolingConfig
        Published with ``max``, ``average``, ``exponential`` (soft-max), ``auto``, ``cap``, ``rap``, and ``attention``
        over ``time``; all single.
    n_classes : int
        Number of classes, K.
    spec : FeatureSpec
        Input features: a spectrogram.

    Raises
    ------
    ValueError
        If there are fewer frames than the blocks pool into one, or the hierarchy does not fit.
    """

    def __init__(self, config: MilsedConfig, pooling: PoolingConfig, n_classes: int, spec: FeatureSpec) -> None:
        factor = 2 ** len(config.maps)
        super().__init__(pooling, n_classes, spec, factor)
        n_bands = -(-spec.shape[1] // factor)
        self.normalise_input = nn.BatchNorm2d(1)
        widths = (1, *config.maps)
        self.blocks = nn.Sequential(
            *(
                nn.Sequential(
                    rectified(maps_in, maps, normalised="after"),
                    rectified(maps, maps, normalised="after"),
                    nn.MaxPool2d(2, ceil_mode=True),
                )
                for maps_in, maps in zip(widths, config.maps, strict=False)
            )
        )
        self.over_bands = nn.Sequential(
            nn.Conv2d(widths[-1], config.last_maps, (1, n_bands)), nn.ReLU(), nn.BatchNorm2d(config.last_maps)
        )
        n_values = (config.last_maps, *(2 * config.gru_units,) * config.gru_layers)
        self.grus = nn.ModuleList(BidirectionalGRU(n_in, config.gru_units) for n_in in n_values[:-1])
        self.add_head(n_values[-1])
        begin_xavier(self)
        for part in (*self.blocks.modules(), *self.over_bands.modules()):
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, nonlinearity="relu")

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Return the probabilities of each class; see :meth:`Network.forward`."""
        normalised = self.normalise_input(self.standardised(x).unsqueeze(1)).squeeze(1)
        maps = self.blocks(self.without_padding(normalised, n_frames).unsqueeze(1))
        hidden = self.over_bands(maps).squeeze(-1).transpose(1, 2)
        for gru in self.grus:
            hidden = gru(hidden, self.output_frames(n_frames))
        return self.pooled(hidden, n_frames)
