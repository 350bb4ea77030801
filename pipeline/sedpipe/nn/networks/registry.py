"""The available networks, by name.

- :data:`NETWORKS`: all of them; a new one is a file beside this one and an entry there
- :class:`NetworkKind`: an entry
- :func:`kind_of`: the entry of a name
- :func:`build_network`: builds an untrained network
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sedpipe.features.front_end import CONTENTS
from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.networks.attention_head import AttentionHead, AttentionHeadConfig
from sedpipe.nn.networks.both import BothNetwork, BothNetworkConfig
from sedpipe.nn.networks.cnn9 import CNN9, CNN9Config
from sedpipe.nn.networks.crnn import CRNN, CRNNConfig
from sedpipe.nn.networks.gccaps import GCCaps, GCCapsConfig
from sedpipe.nn.networks.head import Head, HeadConfig
from sedpipe.nn.networks.mean import Mean
from sedpipe.nn.networks.milsed import Milsed, MilsedConfig
from sedpipe.nn.networks.mlms import MLMS, MLMSConfig
from sedpipe.nn.networks.multiscale import Multiscale, MultiscaleConfig
from sedpipe.nn.networks.network import Network, NetworkConfig
from sedpipe.nn.networks.surrey import Surrey, SurreyConfig
from sedpipe.nn.networks.talnet import TALNet, TALNetConfig
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.registry import Registry
from sedpipe.suggestions import did_you_mean

DEFAULT = "crnn"
"""The network of a preset, run or model that names none, as in the first edition."""

MOST_MEMBERS = 64
"""Largest number of members of one system."""

_SPECTROGRAMS = ("decibels", "bands")
_IN_WORDS = {
    "decibels": "a spectrogram",
    "bands": "a spectrogram",
    "samples": "the waveform",
    "embedding": "embeddings of an encoder",
    "both": "log-mel and embeddings together",
}


@dataclass(frozen=True)
class NetworkKind:
    """A network that can be chosen.

    Parameters
    ----------
    config : type
        The frozen dataclass with the :class:`NetworkConfig` of this network; ``[network]`` of a preset sets its fields.
    build : callable
        (config, pooling, n_classes, spec) -> :class:`Network` with random weights; usually the class of the network.
    takes : tuple of str
        Which of :data:`sedpipe.features.front_end.CONTENTS` the network can take as input.
    pools : bool
        Whether its clip probabilities are pooled from its frame probabilities.
    """

    config: type[NetworkConfig]
    build: Callable[[Any, PoolingConfig, int, FeatureSpec], Network]
    takes: tuple[str, ...] = CONTENTS
    pools: bool = True


NETWORKS: Registry[NetworkKind] = Registry(
    "networks",
    {
        "crnn": NetworkKind(CRNNConfig, CRNN, takes=_SPECTROGRAMS),
        "both": NetworkKind(BothNetworkConfig, BothNetwork, takes=("both",)),
        "head": NetworkKind(HeadConfig, Head, takes=("embedding",)),
        "milsed": NetworkKind(MilsedConfig, Milsed, takes=_SPECTROGRAMS),
        "cnn9": NetworkKind(CNN9Config, CNN9, takes=_SPECTROGRAMS),
        "surrey": NetworkKind(SurreyConfig, Surrey, takes=_SPECTROGRAMS),
        "talnet": NetworkKind(TALNetConfig, TALNet, takes=_SPECTROGRAMS),
        "gccaps": NetworkKind(GCCapsConfig, GCCaps, takes=_SPECTROGRAMS),
        "multiscale": NetworkKind(MultiscaleConfig, Multiscale, takes=_SPECTROGRAMS, pools=False),
        "mlms": NetworkKind(MLMSConfig, MLMS, takes=("samples",), pools=False),
        "attention_head": NetworkKind(AttentionHeadConfig, AttentionHead, takes=("embedding",)),
    },
)


def kind_of(name: str) -> NetworkKind:
    """Return the network of a name; raise ``ValueError`` if the name is unknown."""
    if name not in NETWORKS:
        raise ValueError(f"network {name!r} is not one of {', '.join(NETWORKS)}{did_you_mean(name, NETWORKS)}")
    return NETWORKS[name]


def build_network(config: NetworkConfig, pooling: PoolingConfig, n_classes: int, spec: FeatureSpec) -> Network:
    """Build an untrained network; its weights are drawn from torch's generator.

    Parameters
    ----------
    config : NetworkConfig
        Name and sizes of the network.
    pooling : PoolingConfig
    n_classes : int
        Number of classes, K.
    spec : FeatureSpec
        Features that the network takes as input.

    Raises
    ------
    ValueError
        If there is no such network, or it does not fit the features.
    """
    kind, content = kind_of(config.name), spec.front_end.content
    if content not in kind.takes:
        others = [name for name, other in NETWORKS.items() if content in other.takes]
        instead = f": networks that do are {', '.join(others)}" if others else ""
        wanted = " or ".join(dict.fromkeys(_IN_WORDS.get(one, one) for one in kind.takes))
        raise ValueError(
            f"the network {config.name} learns from {wanted}, not from "
            f"{_IN_WORDS.get(content, content)}, which the front end {spec.front_end.name} gives{instead}"
        )
    if not 1 <= config.members <= MOST_MEMBERS:
        raise ValueError(f"members must be from 1 to {MOST_MEMBERS}, got {config.members}")
    if config.members == 1:
        return kind.build(config, pooling, n_classes, spec)
    return Mean([kind.build(config, pooling, n_classes, spec) for _ in range(config.members)], n_classes, spec)
