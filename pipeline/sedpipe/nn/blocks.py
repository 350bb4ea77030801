"""Blocks of convolutions, of which networks are built.

- :data:`CONVOLUTIONS`: the kinds of block by name; a new one is a function and an entry there
- :class:`BlockShape`: sizes and settings of a block
- :class:`GatedConv`: 3x3 convolution in which the second half of the maps decides how much of the first half passes
- :class:`GatedBlock`: several gated convolutions, the last with dropout and pooling
- :class:`LeakyConv`: normalisation, 3x3 convolution, leaky rectifier; :func:`leaky_block`: several, then pooling
- :class:`PowerPool`: pooling between the mean and the maximum of a patch
- :func:`rectified`: convolution, normalisation, rectifier, for networks that are built layer by layer
- :func:`begin_xavier`, :func:`begin_he`: initialise weights as published systems do

Tensors are (B, C, T, F): clips, maps, frames, mel bands.

Source: Dauphin et al., arXiv:1612.08083 (the gate); Xu et al., ICASSP 2018 (normalisation before it); Dinkel, Wu and
Yu, arXiv:2101.07687 (CDur: the leaky convolution, pooling by the fourth power).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from sedpipe.nn.gate import drop_and_pool, normalised_gate
from sedpipe.registry import Registry

NORMALISATIONS = ("before_gate", "after_gate", "block")
"""Place of batch normalisation: on a convolution's maps before the gate, after the gate, or once per block."""


class BlockShape(NamedTuple):
    """Sizes and settings of a block: (B, maps_in, T, F) -> (B, maps_out, T / pool[0], F / pool[1]).

    Parameters
    ----------
    maps_in, maps_out : int
        Number of maps in the input and in the output.
    pool : (int, int)
        Pooling over time and over frequency.
    depth : int
        Number of convolutions.
    pool_power : int
        0 for max-pooling; any other value is the power of :class:`PowerPool`.
    normalisation : str
        One of ``NORMALISATIONS``.
    dropout : float
        Share of values dropped, in [0, 1).
    """

    maps_in: int
    maps_out: int
    pool: tuple[int, int]
    depth: int = 2
    pool_power: int = 0
    normalisation: str = "before_gate"
    dropout: float = 0.0


class GatedConv(nn.Module):
    """3x3 convolution to twice the maps; linear half times the sigmoid of the other half; dropout, max-pooling.

    Parameters
    ----------
    maps_in, maps_out : int
        Number of maps in the input and in the output.
    normalisation : str
        One of ``NORMALISATIONS``; ``block`` leaves normalisation to the block.
    pool : (int, int)
        Max-pooling over time and over frequency.
    dropout : float
        Share of values dropped, before the pooling.
    """

    def __init__(
        self,
        maps_in: int,
        maps_out: int,
        normalisation: str,
        pool: tuple[int, int] = (1, 1),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        before = normalisation == "before_gate"
        self.convolution = nn.Conv2d(maps_in, 2 * maps_out, kernel_size=3, padding=1, bias=not before)
        self.normalise_before = nn.BatchNorm2d(2 * maps_out) if before else None
        self.normalise_after = nn.BatchNorm2d(maps_out) if normalisation == "after_gate" else None
        self.pool, self.dropout = pool, dropout

    def forward(self, x: Tensor) -> Tensor:
        """(B, maps_in, T, F) -> (B, maps_out, T / pool[0], F / pool[1])."""
        z = self.convolution(x)
        if self.normalise_before is not None:
            return normalised_gate(z, self.normalise_before, self.pool, self.dropout)
        gated = nn.functional.glu(z, dim=1)
        normalised = self.normalise_after(gated) if self.normalise_after is not None else gated
        return drop_and_pool(normalised, self.pool, self.dropout if self.training else 0.0)


class GatedBlock(nn.Module):
    """Gated convolutions, dropout, pooling.

    Parameters
    ----------
    maps_in, maps_out : int
        Number of maps in the input and in the output.
    pool : (int, int)
        Pooling over time and over frequency.
    normalisation : str
        One of ``NORMALISATIONS``.
    dropout : float
        Share of values dropped, before the pooling.
    depth : int
        Number of convolutions.
    pool_power : int
        0 for max-pooling; any other value is the power of :class:`PowerPool`.
    """

    def __init__(
        self,
        maps_in: int,
        maps_out: int,
        pool: tuple[int, int],
        normalisation: str,
        dropout: float,
        depth: int = 2,
        pool_power: int = 0,
    ) -> None:
        super().__init__()
        last = "after_gate" if normalisation == "block" else normalisation
        widths = (maps_in, *(maps_out,) * (depth - 1))
        self.layers = nn.Sequential(
            *(GatedConv(width, maps_out, normalisation) for width in widths[:-1]),
            GatedConv(widths[-1], maps_out, last, (1, 1) if pool_power else pool, dropout),
        )
        self.pool = PowerPool(pool, pool_power) if pool_power else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, maps_in, T, F) -> (B, maps_out, T / pool[0], F / pool[1])."""
        y: Tensor = self.pool(self.layers(x))
        return y


class LeakyConv(nn.Module):
    """Normalisation, 3x3 convolution without bias, leaky rectifier of slope 0.1."""

    def __init__(self, maps_in: int, maps_out: int) -> None:
        super().__init__()
        self.normalise = nn.BatchNorm2d(maps_in)
        self.convolution = nn.Conv2d(maps_in, maps_out, kernel_size=3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, maps_in, T, F) -> (B, maps_out, T, F)."""
        return nn.functional.leaky_relu(self.convolution(self.normalise(x)), 0.1, inplace=True)


def gated_block(shape: BlockShape) -> GatedBlock:
    """Build gated convolutions, the last with dropout and pooling."""
    return GatedBlock(
        shape.maps_in, shape.maps_out, shape.pool, shape.normalisation, shape.dropout, shape.depth, shape.pool_power
    )


def leaky_block(shape: BlockShape) -> nn.Sequential:
    """Build leaky convolutions, followed by pooling."""
    widths = (shape.maps_in, *(shape.maps_out,) * (shape.depth - 1))
    return nn.Sequential(*(LeakyConv(width, shape.maps_out) for width in widths), pooling_of(shape))


def pooling_of(shape: BlockShape) -> nn.Module:
    """Return the pooling layer of a block."""
    return PowerPool(shape.pool, shape.pool_power) if shape.pool_power else nn.MaxPool2d(shape.pool)


class PowerPool(nn.Module):
    """LP pooling: ``(sum of x^p over a patch)^(1/p)``; large values count most, but unlike in max-pooling, all count.

    Parameters
    ----------
    pool : (int, int)
        Size of the patch over time and over frequency.
    power : int
        p, even.
    """

    _SMALLEST_SUM = 1e-24  # below, the gradient of the root exceeds float32

    def __init__(self, pool: tuple[int, int], power: int) -> None:
        super().__init__()
        self.pool, self.power = pool, power

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) -> (B, C, T / pool[0], F / pool[1]), not negative."""
        powers = x.square().pow(self.power // 2)
        sums = nn.functional.avg_pool2d(powers, self.pool) * (self.pool[0] * self.pool[1])
        return sums.clamp(min=self._SMALLEST_SUM).pow(1 / self.power)


def rectified(
    maps_in: int, maps_out: int, kernel: tuple[int, int] = (3, 3), normalised: str = "before", *, bias: bool = True
) -> nn.Sequential:
    """Build a convolution that keeps the size, with a rectifier.

    Parameters
    ----------
    maps_in, maps_out : int
        Number of maps in the input and in the output.
    kernel : (int, int)
        Frames and bands that it covers, odd numbers.
    normalised : str
        Batch normalisation ``before`` the rectifier, ``after`` it, or ``never``.
    bias : bool
        Whether the convolution has a bias.
    """
    padding = (kernel[0] // 2, kernel[1] // 2)
    layers: dict[str, list[nn.Module]] = {
        "before": [nn.BatchNorm2d(maps_out), nn.ReLU()],
        "after": [nn.ReLU(), nn.BatchNorm2d(maps_out)],
        "never": [nn.ReLU()],
    }
    return nn.Sequential(nn.Conv2d(maps_in, maps_out, kernel, padding=padding, bias=bias), *layers[normalised])


def begin_xavier(module: nn.Module) -> None:
    """Initialise weights as Keras does: Glorot's uniform ones, biases 0, recurrent weights of a GRU orthogonal.

    Source: Glorot & Bengio, AISTATS 2010; Saxe, McClelland & Ganguli, arXiv:1312.6120.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.RNNBase):
            for name, parameter in part.named_parameters():
                _begin_recurrent(name, parameter)


def begin_he(module: nn.Module) -> None:
    """Initialise weights after He: convolutions normal, linear layers uniform; biases are not changed.

    Source: He et al., arXiv:1502.01852.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight)
        elif isinstance(part, nn.Linear):
            nn.init.kaiming_uniform_(part.weight)


def _begin_recurrent(name: str, parameter: Tensor) -> None:
    if name.startswith("bias"):
        nn.init.zeros_(parameter)
    else:
        draw = nn.init.orthogonal_ if name.startswith("weight_hh") else nn.init.xavier_uniform_
        for gate in parameter.chunk(3):
            draw(gate)


@dataclass(frozen=True)
class Convolution:
    """One kind of block.

    Parameters
    ----------
    block : callable
        :class:`BlockShape` -> module.
    drops_out : bool
        Whether the block applies dropout itself; otherwise dropout follows once, after the last block.
    channels_last : bool
        Whether it is faster on maps that are channels-last in memory.
    """

    block: Callable[[BlockShape], nn.Module]
    drops_out: bool = False
    channels_last: bool = False


CONVOLUTIONS: Registry[Convolution] = Registry("convolutions", {
    "gated": Convolution(gated_block, drops_out=True, channels_last=True),
    "leaky": Convolution(leaky_block),  # torch's own normalisation is several times slower channels-last
})  # fmt: skip
