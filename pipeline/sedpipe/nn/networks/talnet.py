"""The networks with which Wang, Li and Metze 2019 compared five pooling functions: one for DCASE 2017, and TALNet.

Source: "A Comparison of Five Multiple Instance Learning Pooling Functions for Sound Event Detection with Weak
Labeling", arXiv:1810.09050; sizes from the authors' code (github.com/MaigoAkisame/cmu-thesis, ``code/dcase/Net.py`` and
``code/audioset/Net.py``).

Published, for DCASE: three convolutions 5x5 with 32, 64, 128 maps, rectifier, max-pooling (1, 2), (2, 2), (2, 2), maps
stacked onto the remaining bands (8 of 64: 1,024 values), a bidirectional GRU of 100 units, a sigmoid per class and
frame. For TALNet: five times two convolutions 3x3 with 32 to 512 maps, normalisation before the rectifier, max-pooling
(2, 2) twice and (1, 2) three times (2 of 64 bands remain: 1,024 values), a GRU of 512 units. Dropout is an option, off
by default. Attention over time. The probability of each second is pooled from its frames in the same way.
Different here: where the number of bands is odd, the last one counts twice as much and none is left out; weights of
the GRU are drawn gate by gate.

A hierarchy of one stage with segment weights as first printed is single pooling of the clip, and its segments are
pooled in the same way: with ``hierarchy = [10]`` and frames of 100 ms they are the seconds on which the authors' events
are based.

- :class:`TALNetConfig`: its sizes
- :class:`TALNet`: the network
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from torch import Tensor, nn

from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.blocks import begin_xavier, rectified
from sedpipe.nn.networks.network import Network, NetworkConfig, Prediction
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.nn.recurrence import BidirectionalGRU

_MOST_CONVOLUTIONS = 64


@dataclass(frozen=True)
class TALNetConfig(NetworkConfig):
    """Sizes of the network; the defaults are TALNet's.

    Parameters
    ----------
    maps : tuple of int
        Maps of each block.
    depth : int
        Number of convolutions in each block.
    kernel : int
        Frames and bands that a convolution covers, odd.
    pools : tuple of (int, int)
        Max-pooling over time and frequency after each block.
    normalised : bool
        Whether each convolution has batch normalisation.
    gru_units : int
        Units of the GRU in each direction.
    dropout : float
        Share of the values dropped before each layer, in [0, 1).
    decides_by_segments : bool
        Whether, outside of training, each frame gets the probability of its segment in the first stage of the
        hierarchy, if there is one.

    Raises
    ------
    ValueError
        If a value is out of range, or the number of pools differs from that of the blocks.
    """

    name: str = "talnet"
    maps: tuple[int, ...] = (32, 64, 128, 256, 512)
    depth: int = 2
    kernel: int = 3
    pools: tuple[tuple[int, int], ...] = ((2, 2), (2, 2), (1, 2), (1, 2), (1, 2))
    normalised: bool = True
    gru_units: int = 512
    dropout: float = 0.0
    decides_by_segments: bool = True

    def __post_init__(self) -> None:
        if not self.maps or len(self.maps) != len(self.pools):
            raise ValueError(f"expected one pool per block, got {len(self.maps)} blocks and {len(self.pools)} pools")
        sizes = (*self.maps, *(side for pool in self.pools for side in pool), self.depth, self.kernel, self.gru_units)
        if min(sizes) < 1 or self.kernel % 2 == 0 or self.depth * len(self.maps) > _MOST_CONVOLUTIONS:
            raise ValueError(f"sizes must be positive, kernel odd, convolutions at most {_MOST_CONVOLUTIONS}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {self.dropout}")


class TALNet(Network):
    """Convolutions, a GRU, a sigmoid per frame, pooling over time; probabilities per segment if wanted.

    Parameters
    ----------
    config : TALNetConfig
    pooling : PoolingConfig
        Published with ``max``, ``average``, ``linear``, ``exponential``, and ``attention`` over ``time``.
    n_classes : int
        Number of classes, K.
    spec : FeatureSpec
        Input features: a spectrogram.

    Raises
    ------
    ValueError
        If a clip has fewer frames than the pools make into one, or the hierarchy does not fit.
    """

    def __init__(self, config: TALNetConfig, pooling: PoolingConfig, n_classes: int, spec: FeatureSpec) -> None:
        super().__init__(pooling, n_classes, spec, prod(pool[0] for pool in config.pools))
        self._decides_by_segments = config.decides_by_segments and bool(pooling.hierarchy)
        kernel, normalised = (config.kernel, config.kernel), "before" if config.normalised else "never"
        blocks, maps_in, n_bands = [], 1, spec.shape[1]
        for maps, pool in zip(config.maps, config.pools, strict=True):
            layers: list[nn.Module] = []
            for width in (maps_in, *(maps,) * (config.depth - 1)):
                layers += [nn.Dropout(config.dropout), rectified(width, maps, kernel, normalised)]
            blocks.append(nn.Sequential(*layers, nn.MaxPool2d(pool, ceil_mode=True)))
            maps_in, n_bands = maps, -(-n_bands // pool[1])
        self.blocks = nn.Sequential(*blocks)
        self.drop = nn.Dropout(config.dropout)
        self.gru = BidirectionalGRU(maps_in * n_bands, config.gru_units)
        self.add_head(2 * config.gru_units)
        begin_xavier(self)

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Return the probabilities of each class; see :meth:`Network.forward`."""
        maps = self.blocks(self.without_padding(self.standardised(x), n_frames).unsqueeze(1))
        stacked = self.drop(maps.permute(0, 2, 1, 3).flatten(2))
        prediction = self.pooled(self.drop(self.gru(stacked, self.output_frames(n_frames))), n_frames)
        if self.training or not self._decides_by_segments:
            return prediction
        of_segments = prediction.segment_probs[0].repeat_interleave(self.pooling.hierarchy[0], dim=1)
        return prediction._replace(frame_probs=of_segments[:, : prediction.frame_probs.shape[1]])
