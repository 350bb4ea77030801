"""Gated convolutions, the bricks of the network.

- :class:`GatedConv`: 3x3 convolution whose second half of maps decides how much of the first half passes
- :class:`GatedBlock`: two of them, the second with dropout and max-pooling

Tensors are (B, C, T, F): clips, maps, frames, mel bands.

Source: Dauphin et al., arXiv:1612.08083 (the gate); Xu et al., ICASSP 2018 (normalisation before it).
"""

from __future__ import annotations

from torch import Tensor, nn

from pipeline.nn.gate import drop_and_pool, normalised_gate

NORMALISATIONS = ("before_gate", "after_gate", "block")
"""Where batch normalisation stands: on a convolution's maps before the gate, after the gate, or once a block."""


class GatedConv(nn.Module):
    """3x3 convolution to twice the maps; linear half times sigmoid half; dropout, max-pooling.

    Parameters
    ----------
    maps_in, maps_out : int
        Maps before and after.
    normalisation : str
        One of ``NORMALISATIONS``; ``block`` leaves it to the block.
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
    """Two gated convolutions, dropout, max-pooling.

    Parameters
    ----------
    maps_in, maps_out : int
        Maps before and after.
    pool : (int, int)
        Max-pooling over time and over frequency.
    normalisation : str
        One of ``NORMALISATIONS``.
    dropout : float
        Share of values dropped, before the pooling.
    """

    def __init__(self, maps_in: int, maps_out: int, pool: tuple[int, int], normalisation: str, dropout: float) -> None:
        super().__init__()
        last = "after_gate" if normalisation == "block" else normalisation
        self.layers = nn.Sequential(
            GatedConv(maps_in, maps_out, normalisation), GatedConv(maps_out, maps_out, last, pool, dropout)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, maps_in, T, F) -> (B, maps_out, T / pool[0], F / pool[1])."""
        y: Tensor = self.layers(x)
        return y
