"""Attention model of Kong, Xu, Wang and Plumbley 2018 on embeddings of pretrained encoders: ref. 3 of the paper.

Source: "Audio Set Classification with Attention Model: A Probabilistic Perspective", ICASSP 2018, arXiv:1711.00927;
sizes from the authors' code (github.com/qiuqiangkong/audioset_classification, ``keras/main.py``).

Published: on VGGish embeddings of each second, three dense layers of 1,024 with normalisation, rectifier and dropout
0.5; a sigmoid per class and frame, and attention by a softmax over the classes, clipped to [1e-7, 1 - 1e-7] and
normalised over time.
Unknown: nothing about the network. Its authors never applied it to DCASE 2017.
Different here: the embeddings are those of the chosen encoder.

- :class:`AttentionHeadConfig`: its sizes
- :class:`AttentionHead`: the network
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn

from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.blocks import begin_xavier
from sedpipe.nn.networks.head import common_deviation, dimensions_of
from sedpipe.nn.networks.network import Network, NetworkConfig, Prediction
from sedpipe.nn.pooling import PoolingConfig


@dataclass(frozen=True)
class AttentionHeadConfig(NetworkConfig):
    """Sizes of the head.

    Parameters
    ----------
    units : tuple of int
        Units of each dense layer.
    dropout : float
        Share of the values dropped after each layer, in [0, 1).

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    name: str = "attention_head"
    units: tuple[int, ...] = (1024, 1024, 1024)
    dropout: float = 0.5

    def __post_init__(self) -> None:
        if not 1 <= len(self.units) <= 16 or min(self.units) < 1:
            raise ValueError("attention_head must have 1 to 16 dense layers, and units must be positive")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {self.dropout}")


class AttentionHead(Network):
    """Dense layers, a sigmoid per frame, pooling over time.

    Parameters
    ----------
    config : AttentionHeadConfig
    pooling : PoolingConfig
        Published with ``attention`` over ``classes``, single.
    n_classes : int
        Number of classes, K.
    spec : FeatureSpec
        Input features: embeddings of encoders.

    Raises
    ------
    ValueError
        If the hierarchy does not fit the frames.
    """

    def __init__(self, config: AttentionHeadConfig, pooling: PoolingConfig, n_classes: int, spec: FeatureSpec) -> None:
        super().__init__(pooling, n_classes, spec)
        self._dimensions = dimensions_of(spec)
        self.dense = nn.Sequential(*(nn.Linear(*sizes) for sizes in pairwise((spec.shape[1], *config.units))))
        self.normalise = nn.ModuleList(nn.BatchNorm1d(units) for units in config.units)
        self.drop = nn.Dropout(config.dropout)
        self.add_head(config.units[-1])
        begin_xavier(self)

    def standardise_with(self, mean: Tensor, deviation: Tensor) -> None:
        """Set the mean that is subtracted from each value; all values of an encoder are divided by one deviation."""
        super().standardise_with(mean, common_deviation(deviation, self._dimensions))

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Return the probabilities of each class; see :meth:`Network.forward`."""
        hidden = self.without_padding(self.standardised(x), n_frames)
        for dense, normalise in zip(self.dense, self.normalise, strict=True):
            normalised = normalise(dense(hidden).transpose(1, 2)).transpose(1, 2)
            hidden = self.drop(normalised.relu())
        return self.pooled(hidden, n_frames)
