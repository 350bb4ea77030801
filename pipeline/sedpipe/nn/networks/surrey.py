"""The gated CRNN of Xu, Kong, Wang and Plumbley 2018 (Surrey), the best tagger of DCASE 2017 Task 4.

Source: "Large-Scale Weakly Supervised Audio Classification Using Gated Convolutional Neural Network", ICASSP 2018,
arXiv:1710.00343; sizes from the authors' code (github.com/yongxuUSTC/dcase2017_task4_cvssp, ``main_crnn_sed.py``).

Published: four blocks of two gated convolutions 3x3 of 64 maps (normalisation before the gate, no bias), each
halving frequency and keeping time; a convolution 3x3 to 256 maps with rectifier, and the maximum over the remaining
bands (4 of 64); two bidirectional GRUs of 128 units on the same input, one linear, one sigmoid, multiplied; a sigmoid
per class and frame, and attention by a softmax over the classes, clipped at 1e-7. 1.27 M parameters.
Unknown: nothing about the network. In their first release, the last gated convolution was built but not used; later it
was used.
As published, the preset averages the probabilities of seven checkpoints.

- :class:`SurreyConfig`: its sizes
- :class:`Surrey`: the network
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.blocks import GatedBlock, begin_xavier
from sedpipe.nn.networks.network import Network, NetworkConfig, Prediction
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.nn.recurrence import GatedGRU


@dataclass(frozen=True)
class SurreyConfig(NetworkConfig):
    """Sizes of the network.

    Parameters
    ----------
    blocks, maps : int
        Number of blocks of two gated convolutions, and maps of each.
    conv_maps : int
        Maps of the convolution after the blocks.
    gru_units : int
        Units in each direction, of each of the two GRUs.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    name: str = "surrey"
    blocks: int = 4
    maps: int = 64
    conv_maps: int = 256
    gru_units: int = 128

    def __post_init__(self) -> None:
        if not 1 <= self.blocks <= 8 or min(self.maps, self.conv_maps, self.gru_units) < 1:
            raise ValueError("surrey must have 1 to 8 blocks, and maps and units must be positive")


class Surrey(Network):
    """Gated convolutions, the maximum over all bands, a gated GRU, a sigmoid per frame, pooling over time.

    Parameters
    ----------
    config : SurreyConfig
    pooling : PoolingConfig
        Published with ``attention`` over ``classes``, single.
    n_classes : int
        Number of classes, K.
    spec : FeatureSpec
        Input features: a spectrogram.

    Raises
    ------
    ValueError
        If there are fewer bands than the blocks pool into one, or the hierarchy does not fit the frames.
    """

    def __init__(self, config: SurreyConfig, pooling: PoolingConfig, n_classes: int, spec: FeatureSpec) -> None:
        super().__init__(pooling, n_classes, spec)
        n_bands = spec.shape[1] // 2**config.blocks
        if n_bands < 1:
            raise ValueError(f"the network pools {2**config.blocks} bands into one, but there are only {spec.shape[1]}")
        widths = (1, *(config.maps,) * config.blocks)
        self.blocks = nn.Sequential(
            *(GatedBlock(maps_in, config.maps, (1, 2), "before_gate", dropout=0.0) for maps_in in widths[:-1])
        )
        self.over_bands = nn.Sequential(
            nn.Conv2d(config.maps, config.conv_maps, 3, padding=1), nn.ReLU(), nn.MaxPool2d((1, n_bands))
        )
        self.gru = GatedGRU(config.conv_maps, config.gru_units)
        self.add_head(2 * config.gru_units)
        begin_xavier(self)

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Return the probabilities of each class; see :meth:`Network.forward`."""
        silent = self.without_padding(self.standardised(x), n_frames)
        maps = self.over_bands(self.blocks(silent.unsqueeze(-1).permute(0, 3, 1, 2)))
        return self.pooled(self.gru(maps[..., 0].transpose(1, 2), n_frames), n_frames)
