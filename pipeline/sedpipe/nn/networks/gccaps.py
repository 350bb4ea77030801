"""GCCaps, by Iqbal, Xu, Kong and Wang 2018: gated convolutions and capsules.

Source: "Capsule Routing for Sound Event Detection", EUSIPCO 2018, arXiv:1806.04699; sizes from the authors' code
(github.com/tqbl/gccaps); routing from Sabour, Frosst and Hinton, arXiv:1710.09829.

Published: three blocks of two gated convolutions 3x3 of 64 maps (with bias, normalisation after the gate, dropout 0.2
after each), each halving time and frequency; a convolution 3x3 that halves frequency once more, whose maps form, in
each frame, 64 capsules of 4 values; normalisation of the 4, dropout 0.5; routing in three rounds to a capsule of 8
values per class, whose length is the frame probability; attention by a sigmoid per class and frame. 0.45 M parameters.
Unknown: nothing about the network.
Different here: the convolution that makes capsules covers half a band more below and half a band less above.
Published, but not done here: averaging the probabilities of the five best epochs (``checkpoints`` takes the last ones).

- :class:`GCCapsConfig`: its sizes
- :class:`GCCaps`: the network
- :class:`Routing`: capsules vote for the capsules of classes
- :func:`squashed`: shortens vectors so that their lengths are probabilities
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor, nn

from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.blocks import GatedConv, begin_xavier
from sedpipe.nn.networks.network import Network, NetworkConfig, Prediction
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.nn.precision import without_autocast

_SMALLEST_SQUARE = 1e-7


@dataclass(frozen=True)
class GCCapsConfig(NetworkConfig):
    """Sizes of the network.

    Parameters
    ----------
    blocks, maps : int
        Number of blocks of two gated convolutions, and maps of each.
    channels, capsule_size : int
        Number of capsules in each band of a frame, and values of each.
    class_capsule_size : int
        Values of the capsule of a class.
    rounds : int
        Rounds of routing.
    dropout, capsule_dropout : float
        Shares of values dropped after gated convolutions, and in capsules, in [0, 1).

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    name: str = "gccaps"
    blocks: int = 3
    maps: int = 64
    channels: int = 16
    capsule_size: int = 4
    class_capsule_size: int = 8
    rounds: int = 3
    dropout: float = 0.2
    capsule_dropout: float = 0.5

    def __post_init__(self) -> None:
        sizes = (self.maps, self.channels, self.capsule_size, self.class_capsule_size)
        if not 1 <= self.blocks <= 8 or not 1 <= self.rounds <= 16 or min(sizes) < 1:
            raise ValueError("gccaps must have 1 to 8 blocks and 1 to 16 rounds, and sizes must be positive")
        if not 0 <= self.dropout < 1 or not 0 <= self.capsule_dropout < 1:
            raise ValueError("dropout and capsule_dropout must be in [0, 1)")


def squashed(vectors: Tensor) -> Tensor:
    """Return vectors (last axis) of the same direction, of length ``s / (1 + s)``, where s is their squared length."""
    square = vectors.square().sum(dim=-1, keepdim=True)
    return vectors * (square / (1 + square) / (square + _SMALLEST_SQUARE).sqrt())


class Routing(nn.Module):
    """Routing by agreement: capsules vote for the capsule of each class; votes that agree with the outcome count more.

    Parameters
    ----------
    n_classes, n_capsules : int
        Number of capsules in the output and in the input.
    size, class_size : int
        Values of a capsule in the input and in the output.
    rounds : int
        Rounds of routing.
    """

    def __init__(self, n_classes: int, n_capsules: int, size: int, class_size: int, rounds: int) -> None:
        super().__init__()
        self.rounds = rounds
        self.weight = nn.Parameter(torch.empty(n_classes, n_capsules, class_size, size))
        most = sqrt(6 / (n_classes * n_capsules * (size + class_size)))  # Glorot's, as Keras computes it for four axes
        nn.init.uniform_(self.weight, -most, most)

    def forward(self, capsules: Tensor) -> Tensor:
        """(B, T, n_capsules, size) -> (B, T, n_classes, class_size), of length below 1."""
        votes = torch.einsum("kncs,btns->btknc", self.weight, capsules)
        agreement = votes.new_zeros(votes.shape[:-1])
        for n_round in range(self.rounds):
            shares = agreement.softmax(dim=2)  # how a capsule's vote is shared among the classes
            outcome = squashed(torch.einsum("btkn,btknc->btkc", shares, votes))
            if n_round < self.rounds - 1:
                agreement = agreement + torch.einsum("btkc,btknc->btkn", outcome, votes)
        return outcome

    def multiply_adds(self, output: Tensor) -> int:
        """Return the multiply-adds of votes, of outcomes in all rounds, and of agreement in all rounds but the last."""
        n_classes, n_capsules, class_size, size = self.weight.shape
        return output.shape[:2].numel() * n_classes * n_capsules * class_size * (size + 2 * self.rounds - 1)


class GCCaps(Network):
    """Gated convolutions, capsules, routing in each frame, pooling over time.

    Parameters
    ----------
    config : GCCapsConfig
    pooling : PoolingConfig
        Published with ``attention`` over ``time``, single; its weights are sigmoids, normalised over time.
    n_classes : int
        Number of classes, K.
    spec : FeatureSpec
        Input features: a spectrogram.

    Raises
    ------
    ValueError
        If there are fewer frames or bands than the blocks pool into one, or the hierarchy does not fit.
    """

    def __init__(self, config: GCCapsConfig, pooling: PoolingConfig, n_classes: int, spec: FeatureSpec) -> None:
        super().__init__(pooling, n_classes, spec, 2**config.blocks)
        n_bands = -(-(spec.shape[1] // 2**config.blocks) // 2)
        if n_bands < 1:
            raise ValueError(f"the network pools {2**config.blocks} bands into one, but there are only {spec.shape[1]}")
        widths = (1, *(config.maps,) * (config.blocks - 1))
        self.blocks = nn.Sequential(
            *(
                nn.Sequential(
                    GatedConv(maps_in, config.maps, "after_gate", dropout=config.dropout),
                    GatedConv(config.maps, config.maps, "after_gate", (2, 2), config.dropout),
                )
                for maps_in in widths
            )
        )
        self._capsule_size, n_maps = config.capsule_size, config.channels * config.capsule_size
        self.make_capsules = nn.Sequential(nn.Conv2d(config.maps, n_maps, 3, stride=(1, 2), padding=1), nn.ReLU())
        self.normalise = nn.BatchNorm1d(config.capsule_size)
        self.drop = nn.Dropout(config.capsule_dropout)
        n_capsules = config.channels * n_bands
        sizes = (config.capsule_size, config.class_capsule_size)
        self.classify = Routing(n_classes, n_capsules, *sizes, config.rounds)
        self.add_pooling(n_capsules * config.capsule_size)
        begin_xavier(self)

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Return the probabilities of each class; see :meth:`Network.forward`."""
        silent = self.without_padding(self.standardised(x), n_frames)
        maps = self.make_capsules(self.blocks(silent.unsqueeze(1)))
        with without_autocast(x.device):  # bfloat16 has no value between 0.996 and 1
            capsules = squashed(maps.float().permute(0, 2, 3, 1).flatten(2).unflatten(2, (-1, self._capsule_size)))
            capsules = self.drop(self.normalise(capsules.flatten(0, 2)).view_as(capsules))
            lengths = (self.classify(capsules).square().sum(dim=-1) + _SMALLEST_SQUARE).sqrt().clamp(max=1)
            return self.pooled_probs(lengths, capsules.flatten(2), n_frames)

    def attention_of(self, hidden: Tensor) -> Tensor | None:
        """Return logarithms of sigmoids: their softmax over time gives each sigmoid's share of their sum."""
        logits = super().attention_of(hidden)
        return None if logits is None else nn.functional.logsigmoid(logits)
