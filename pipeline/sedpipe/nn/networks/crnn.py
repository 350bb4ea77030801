"""The CRNN: convolutions over a spectrogram, then a GRU over its frames.

Figure 3 of the paper, which gives most sizes, is lost; the defaults are the derivation that fits the text best,
and all of them can be configured.

- :class:`CRNNConfig`: its sizes
- :class:`CRNN`: the network
- :func:`convolutions_of`, :func:`stacked_maps`: its convolutions, for use in other networks
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from torch import Tensor, nn

from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.blocks import CONVOLUTIONS, NORMALISATIONS, BlockShape, begin_he
from sedpipe.nn.networks.network import Network, NetworkConfig, Prediction
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.nn.recurrence import BidirectionalGRU

INITIALISATIONS = ("torch", "he")
_MOST_CONVOLUTIONS = 256  # per block and in total; each is a few hundred objects, and a model file may claim any number


@dataclass(frozen=True)
class CRNNConfig(NetworkConfig):
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
        Max-pooling over time and frequency after that convolution; (1, 1) for none.
    gru_units : int
        Units of the GRU in each direction.
    normalisation : str
        ``before_gate``, ``after_gate`` or ``block``; leaky convolutions always normalise first.
    dropout : float
        Share of values dropped in each gated block, or once after all leaky blocks; in [0, 1).
    convolution : str
        A name in ``CONVOLUTIONS``: ``gated``, ``leaky``, ...
    depths : tuple of int
        Number of convolutions in each block; ``()`` stands for two in each.
    pool_power : int
        Pooling after each block: 0 for max-pooling, an even number for LP pooling with this power.
    input_normalisation : bool
        Whether each mel band is batch-normalised first.
    initial_probability : float
        Frame probability of every class before training, in (0, 1). 0.5 is a bias of zero; with a value near the share
        of clips that contain a class, the first steps need not be spent on learning that most sounds are absent.
    initialisation : str
        How weights of convolutions and of the last layer are initialised: ``torch`` (its default) or ``he``
        (:func:`~sedpipe.nn.blocks.begin_he`).

    Raises
    ------
    ValueError
        If a value is out of range or unknown, the number of pools or depths differs from that of the blocks, or there
        are more than 256 convolutions.
    """

    name: str = "crnn"
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
    initialisation: str = "torch"

    def __post_init__(self) -> None:
        if not self.maps or len(self.maps) != len(self.pools):
            raise ValueError(f"expected one pool per block, got {len(self.maps)} blocks and {len(self.pools)} pools")
        if self.depths and len(self.depths) != len(self.maps):
            raise ValueError(f"expected one depth per block, got {len(self.maps)} blocks and {len(self.depths)} depths")
        sizes = (*self.maps, *self.depths, *(side for pool in self.pools for side in pool), *self.conv_pool)
        if min(*sizes, self.gru_units) < 1 or self.conv_maps < 0:
            raise ValueError("maps, depths, pools, conv_pool and gru_units must be positive, conv_maps not negative")
        if max(sum(self.depths), 2 * len(self.maps)) > _MOST_CONVOLUTIONS:
            raise ValueError(f"expected at most {_MOST_CONVOLUTIONS} convolutions in all blocks together")
        if self.convolution not in CONVOLUTIONS:
            raise ValueError(f"convolution must be one of {', '.join(CONVOLUTIONS)}, got {self.convolution!r}")
        if self.pool_power < 0 or self.pool_power % 2:
            raise ValueError(f"pool_power must be 0 or an even number, got {self.pool_power}")
        if self.normalisation not in NORMALISATIONS:
            raise ValueError(f"normalisation must be one of {', '.join(NORMALISATIONS)}, got {self.normalisation!r}")
        if self.initialisation not in INITIALISATIONS:
            raise ValueError(f"initialisation must be one of {', '.join(INITIALISATIONS)}, got {self.initialisation!r}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {self.dropout}")
        if not 0 < self.initial_probability < 1:
            raise ValueError(f"initial_probability must be in (0, 1), got {self.initial_probability}")

    @property
    def time_factor(self) -> int:
        """Number of input frames per output frame."""
        return prod(pool[0] for pool in self.pools) * self.conv_pool[0]

    @property
    def frequency_factor(self) -> int:
        """Number of mel bands that are pooled into one."""
        return prod(pool[1] for pool in self.pools) * self.conv_pool[1]


class CRNN(Network):
    """Convolutional blocks, a convolution, a bidirectional GRU, a sigmoid per frame, pooling over time.

    Under autocast, convolutions are computed in its precision; GRU, sigmoid and pooling stay in float32.

    Parameters
    ----------
    config : CRNNConfig
    pooling : PoolingConfig
    n_classes : int
        Number of classes, K.
    spec : FeatureSpec
        Input features: a spectrogram, whose number of bands must be a multiple of the config's ``frequency_factor``.

    Raises
    ------
    ValueError
        If the pools do not divide the number of bands, or the hierarchy does not fit the output frames.
    """

    def __init__(self, config: CRNNConfig, pooling: PoolingConfig, n_classes: int, spec: FeatureSpec) -> None:
        super().__init__(pooling, n_classes, spec, config.time_factor)
        n_bands = spec.shape[1]
        if n_bands % config.frequency_factor:
            factor = f"pooling over frequency reduces bands by a factor of {config.frequency_factor}"
            raise ValueError(f"{factor}, which must divide the {n_bands} of the input")
        self.normalise_input = nn.BatchNorm1d(n_bands) if config.input_normalisation else None
        self._convolution = config.convolution
        self.convolutions = nn.Sequential(*convolutions_of(config))
        last_maps = config.conv_maps or config.maps[-1]
        self.gru = BidirectionalGRU(last_maps * (n_bands // config.frequency_factor), config.gru_units)
        self.add_head(2 * config.gru_units, config.initial_probability)
        if config.initialisation == "he":
            begin_he(self.convolutions)
            begin_he(self.classify)

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Return the probabilities of each class; see :meth:`Network.forward`."""
        hidden = self.gru(self._stacked_maps(x, n_frames), self.output_frames(n_frames))
        return self.pooled(hidden, n_frames)

    def _stacked_maps(self, x: Tensor, n_frames: Tensor) -> Tensor:
        """(B, T, F) -> (B, T', C * F'): maps stacked onto the frequency axis."""
        standardised = self.standardised(x)
        if self.normalise_input is not None:
            standardised = self.normalise_input(standardised.transpose(1, 2)).transpose(1, 2)
        silent = self.without_padding(standardised, n_frames)  # zeros, as convolutions assume beyond the clip's end
        return stacked_maps(self.convolutions, silent, self._convolution)


def stacked_maps(convolutions: nn.Module, x: Tensor, kind: str) -> Tensor:
    """(B, T, F) -> (B, T', C * F'): apply convolutions of a kind to one map, stack their maps along frequency."""
    one_map = x.unsqueeze(-1).permute(0, 3, 1, 2) if CONVOLUTIONS[kind].channels_last else x.unsqueeze(1)
    maps: Tensor = convolutions(one_map)
    return maps.permute(0, 2, 1, 3).flatten(2)


def convolutions_of(config: CRNNConfig) -> list[nn.Module]:
    """Return the blocks and the convolution after them."""
    return [*_blocks(config), *_last_convolution(config)]


def _blocks(config: CRNNConfig) -> list[nn.Module]:
    widths, depths = (1, *config.maps), config.depths or (2,) * len(config.maps)
    kind = CONVOLUTIONS[config.convolution]
    blocks = [
        kind.block(BlockShape(*sizes, config.pool_power, config.normalisation, config.dropout))
        for sizes in zip(widths, config.maps, config.pools, depths, strict=False)
    ]
    return blocks if kind.drops_out else [*blocks, nn.Dropout(config.dropout)]


def _last_convolution(config: CRNNConfig) -> list[nn.Module]:
    if not config.conv_maps:
        return []
    convolution = nn.Conv2d(config.maps[-1], config.conv_maps, kernel_size=3, padding=1)
    pool = [nn.MaxPool2d(config.conv_pool)] if config.conv_pool != (1, 1) else []
    return [convolution, nn.ReLU(inplace=True), *pool]
