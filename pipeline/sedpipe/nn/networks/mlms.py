"""MLMS: sample-level convolutional networks on windows of raw waveforms, and a classifier on top of all of them.

Source: Lee, Park and Nam 2017 (KAIST), third in DCASE 2017 Task 4: "Combining Multi-Scale Features Using Sample-Level
Deep Convolutional Neural Networks for Weakly Supervised Sound Event Detection"; layers of the eight networks from the
authors' descriptions (github.com/jongpillee, ``architecture_input*.json``).

Published: eight networks on windows of 16,384 to 156,250 samples of 44.1 kHz (372 to 3,543 ms). A convolution that
takes m samples at a time (128 maps), then convolutions of m frames, each with normalisation, rectifier and
max-pooling by m: two with 128 maps, the rest with 256, the last with 512, which leaves a single frame; a convolution
of it (512), dropout 0.5, a sigmoid a class. m is the commonest prime factor of the window's length (2, 3 or 5), the
others come last. 1.7 to 2.1 M parameters each. MLMS3, 5 and 8 combine as many of them: maps of several layers, over
the clip, go to a second classifier.
Unknown: which layers and how they are aggregated, the second classifier, the optimiser, how events were decoded.
Derived: the largest value in time of the last three layers' maps, the mean over the windows of a clip, a dense layer
of 512 with rectifier and dropout 0.5, a sigmoid a class; a frame's probability is the mean over the networks of the
mean of the windows that cover it, half of a window apart.
Other than there: both stages are trained at once; the first learns nothing from the second.

- :class:`MLMSConfig`: its sizes
- :class:`MLMS`: the network
- :class:`SampleLevel`: one of its networks
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.blocks import begin_xavier
from sedpipe.nn.networks.network import Network, NetworkConfig, Prediction, Taught
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.nn.precision import without_autocast
from sedpipe.nn.windowed import Windows

_N_LEVELS = 3  # layers whose maps the second stage sees
_LONGEST = 2**20


@dataclass(frozen=True)
class MLMSConfig(NetworkConfig):
    """Sizes of the networks; the defaults are MLMS8's.

    Parameters
    ----------
    lengths : tuple of int
        Samples that each network hears at once; products of five factors or more.
    maps : (int, int, int)
        Of the first three layers, of those between, of the last two.
    units : int
        Of the second stage's dense layer.
    dropout : float
        Share of values dropped before both stages' last layers, in [0, 1).
    step_s : float
        Seconds of an output frame.

    Raises
    ------
    ValueError
        If a value is out of range, or a length has too few factors.
    """

    name: str = "mlms"
    lengths: tuple[int, ...] = (16384, 24576, 27648, 32768, 39366, 65536, 118098, 156250)
    maps: tuple[int, int, int] = (128, 256, 512)
    units: int = 512
    dropout: float = 0.5
    step_s: float = 0.2

    def __post_init__(self) -> None:
        if not 1 <= len(self.lengths) <= 16 or min(self.lengths) < 1 or max(self.lengths) > _LONGEST:
            raise ValueError(f"mlms has 1 to 16 networks, whose windows have at most {_LONGEST} samples")
        for length in self.lengths:
            if len(factors_of(length)) < 5 or max(factors_of(length)) > 16:
                raise ValueError(f"a window must be of five factors or more, none above 16, got {length} samples")
        if min(*self.maps, self.units) < 1 or not 0 <= self.dropout < 1 or not 0 < self.step_s < 1e4:
            raise ValueError("maps, units and step_s must be positive, dropout in [0, 1)")


def factors_of(length: int) -> list[int]:
    """Prime factors, the commonest first.

    >>> factors_of(39366)
    [3, 3, 3, 3, 3, 3, 3, 3, 3, 2]
    """
    factors, divisor = [], 2
    while divisor * divisor <= length:
        while length % divisor == 0:
            factors.append(divisor)
            length //= divisor
        divisor += 1
    factors += [length] if length > 1 else []
    counts = Counter(factors)
    return sorted(factors, key=lambda factor: (-counts[factor], factor))


class SampleLevel(nn.Module):
    """A network on windows of raw waveform.

    Parameters
    ----------
    length : int
        Samples of a window.
    maps : (int, int, int)
        As of :class:`MLMSConfig`.
    dropout : float
        Before the last layer.
    n_classes : int
        K.
    """

    def __init__(self, length: int, maps: tuple[int, int, int], dropout: float, n_classes: int) -> None:
        super().__init__()
        few, some, many = maps
        first, *factors = factors_of(length)
        widths = [few, few, *(some,) * (len(factors) - 3), many]
        layers = [nn.Sequential(nn.Conv1d(1, few, first, stride=first), nn.BatchNorm1d(few), nn.ReLU())]
        for maps_in, width, factor in zip([few, *widths], widths, factors, strict=False):
            as_long = nn.ConstantPad1d(((factor - 1) // 2, factor // 2), 0.0)
            convolution = nn.Conv1d(maps_in, width, factor)
            layers.append(nn.Sequential(as_long, convolution, nn.BatchNorm1d(width), nn.ReLU(), nn.MaxPool1d(factor)))
        layers.append(nn.Sequential(nn.Conv1d(many, many, 1), nn.BatchNorm1d(many), nn.ReLU()))
        self.layers = nn.ModuleList(layers)
        self.drop = nn.Dropout(dropout)
        self.classify = nn.Linear(many, n_classes)
        self.n_levels = sum([*widths, many][-_N_LEVELS:])

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """(B, length) -> logits (B, K), and the largest values of the last three layers' maps (B, n_levels)."""
        hidden, levels = samples.unsqueeze(1), []
        for layer in self.layers:
            hidden = layer(hidden)
            levels.append(hidden.amax(dim=2))
        return self.classify(self.drop(levels[-1])), torch.cat(levels[-_N_LEVELS:], dim=1)


class MLMS(Network):
    """Networks on windows of several lengths, each learning from its windows, and a classifier of clips.

    Parameters
    ----------
    config : MLMSConfig
    pooling : PoolingConfig
        Changes nothing: there are windows in place of pooling.
    n_classes : int
        K.
    spec : FeatureSpec
        Samples.

    Raises
    ------
    ValueError
        If a clip is shorter than a step.
    """

    def __init__(self, config: MLMSConfig, pooling: PoolingConfig, n_classes: int, spec: FeatureSpec) -> None:
        step = max(1, round(config.step_s / spec.front_end.grid.frame_duration))
        super().__init__(PoolingConfig("average", ()), n_classes, spec, step)
        self._lengths, self._step = config.lengths, step * spec.shape[1]
        self.members = nn.ModuleList(
            SampleLevel(length, config.maps, config.dropout, n_classes) for length in config.lengths
        )
        n_levels = sum(member.n_levels for member in self.members if isinstance(member, SampleLevel))
        self.second = nn.Sequential(
            nn.Linear(n_levels, config.units), nn.ReLU(), nn.Dropout(config.dropout), nn.Linear(config.units, n_classes)
        )
        begin_xavier(self)

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Probabilities of each class; see :meth:`Network.forward`."""
        samples = self.without_padding(self.standardised(x), n_frames).flatten(1)
        n_steps, lasting = samples.shape[1] // self._step, self.output_frames(n_frames).to(x.device)
        of_frames, of_clips, taught = [], [], []
        for length, member in zip(self._lengths, self.members, strict=True):
            covered = min(max(1, -(-length // self._step)), n_steps)
            windows = Windows(n_steps, covered, covered if self.training else max(1, covered // 2))
            cut = windows.cut(samples, self._step, length)
            with without_autocast(x.device):
                logits, levels = member(cut.flatten(0, 1).float())
            probs, levels = (part.unflatten(0, cut.shape[:2]) for part in (logits.sigmoid(), levels.detach()))
            heard = windows.heard(lasting)
            taught.append(Taught(probs, heard))
            of_frames.append(windows.spread(probs.detach(), heard))
            of_clips.append(windows.mean(levels, heard))
        with without_autocast(x.device):
            clip_probs = self.second(torch.cat(of_clips, dim=1)).sigmoid()
        return Prediction(torch.stack(of_frames).mean(dim=0), [], clip_probs, tuple(taught))
