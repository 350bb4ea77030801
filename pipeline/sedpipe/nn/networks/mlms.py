"""MLMS: sample-level convolutional networks on windows of raw waveforms, and classifiers on top of all of them.

Source: Lee, Park and Nam 2017 (KAIST), third in DCASE 2017 Task 4: "Combining Multi-Scale Features Using Sample-Level
Deep Convolutional Neural Networks for Weakly Supervised Sound Event Detection"; layers of the eight networks from the
authors' descriptions (github.com/jongpillee, ``architecture_input*.json``).

Published: eight networks on windows of 16,384 to 156,250 samples at 44.1 kHz (372 to 3,543 ms). A convolution that
takes m samples at a time (128 maps), then convolutions of m frames, each with normalisation, rectifier and
max-pooling by m: two with 128 maps, the rest with 256, the last with 512, which leaves a single frame; a convolution
of that frame (512), dropout 0.5, a sigmoid per class. m is the most frequent prime factor of the window's length (2, 3
or 5); the other factors come last. 1.7 to 2.1 M parameters each. They are trained on windows spread over each clip.
Then two classifiers of two dense layers with rectifiers. Their input is the maximum over time of the maps of the last
three layers of all networks (``dcase2017task4_multi_dnn``): for the classifier of clips, its mean over the windows of a
clip; for that of seconds, its mean over the windows of a second. A window that is longer than a second begins where the
second begins. The classifier of seconds is trained with the labels of the clip; its threshold is 0.5.
Unknown: whether the dense layers of the submitted system have 4,096 or 8,192 units.
Different here: Adam instead of gradient descent in stages; everything is trained together, but no gradient flows from
the classifiers into the networks; beyond the clip's end there are zeros, not its last samples repeated.

- :class:`MLMSConfig`: its sizes
- :class:`MLMS`: the network
- :class:`SampleLevel`: one of its networks
- :func:`starts_in`: where its windows begin
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
from sedpipe.nn.sending import sent

_N_LEVELS = 3  # layers whose maps are the input of the second stage
_LONGEST = 2**20


@dataclass(frozen=True)
class MLMSConfig(NetworkConfig):
    """Sizes of the networks; the defaults are MLMS8's.

    Parameters
    ----------
    lengths : tuple of int
        Window length of each network in samples: a product of five prime factors or more, none above 16.
    maps : (int, int, int)
        Maps of the first three layers, of those between, and of the last two.
    units : int
        Units of each dense layer of the second stage.
    dropout : float
        Share of values dropped before the last layer of each network, in [0, 1).
    step_s : float
        Duration of an output frame in seconds.

    Raises
    ------
    ValueError
        If a value is out of range, or a length has too few or too large factors.
    """

    name: str = "mlms"
    lengths: tuple[int, ...] = (16384, 24576, 27648, 32768, 39366, 65536, 118098, 156250)
    maps: tuple[int, int, int] = (128, 256, 512)
    units: int = 4096
    dropout: float = 0.5
    step_s: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.lengths) <= 16 or min(self.lengths) < 1 or max(self.lengths) > _LONGEST:
            raise ValueError(f"mlms must have 1 to 16 networks, with windows of at most {_LONGEST} samples")
        for length in self.lengths:
            if len(factors_of(length)) < 5 or max(factors_of(length)) > 16:
                wanted = "a product of five or more factors, none above 16"
                raise ValueError(f"the length of a window must be {wanted}, got {length} samples")
        if min(*self.maps, self.units) < 1 or not 0 <= self.dropout < 1 or not 0 < self.step_s < 1e4:
            raise ValueError("maps, units and step_s must be positive, dropout in [0, 1)")


def factors_of(length: int) -> list[int]:
    """Return the prime factors, the most frequent first.

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
        Maps of the layers, as in :class:`MLMSConfig`.
    dropout : float
        Share of values dropped before the last layer.
    n_classes : int
        Number of classes, K.
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
        """(B, length) -> logits (B, K), and the maxima over time of the last three layers' maps (B, n_levels)."""
        if self.training and len(samples) == 1:  # a single value has no deviation: it is passed twice
            logits, levels_twice = self(samples.expand(2, -1))
            return logits[:1], levels_twice[:1]
        hidden, levels = samples.unsqueeze(1), []
        for layer in self.layers:
            hidden = layer(hidden)
            levels.append(hidden.amax(dim=2))
        return self.classify(self.drop(levels[-1])), torch.cat(levels[-_N_LEVELS:], dim=1)


class MLMS(Network):
    """Networks on windows of several lengths, each trained on its windows, and classifiers of clips and seconds.

    Parameters
    ----------
    config : MLMSConfig
    pooling : PoolingConfig
        Has no effect: windows take the place of pooling.
    n_classes : int
        Number of classes, K.
    spec : FeatureSpec
        Input features: samples of a waveform.

    Raises
    ------
    ValueError
        If a clip is shorter than a step.
    """

    def __init__(self, config: MLMSConfig, pooling: PoolingConfig, n_classes: int, spec: FeatureSpec) -> None:
        step = max(1, round(config.step_s / spec.front_end.grid.frame_duration))
        super().__init__(PoolingConfig("average", ()), n_classes, spec, step)
        self._lengths, self._samples_a_frame, self._step = config.lengths, spec.shape[1], step * spec.shape[1]
        self.members = nn.ModuleList(
            SampleLevel(length, config.maps, config.dropout, n_classes) for length in config.lengths
        )
        n_levels = sum(member.n_levels for member in self.members if isinstance(member, SampleLevel))
        self.classify_clips, self.classify_steps = (_dense(n_levels, config.units, n_classes) for _ in range(2))
        begin_xavier(self)
        for part in self.modules():
            if isinstance(part, nn.Conv1d):
                nn.init.kaiming_uniform_(part.weight)

    @property
    def last_layers(self) -> tuple[str, ...]:
        """Names of the last layers of each network and of both classifiers."""
        of_networks = (f"members.{k}.classify" for k in range(len(self._lengths)))
        last = len(self.classify_clips) - 1
        return (*of_networks, f"classify_clips.{last}", f"classify_steps.{last}")

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Return the probabilities of each class; see :meth:`Network.forward`."""
        samples = self.without_padding(self.standardised(x), n_frames).flatten(1)
        with without_autocast(x.device):
            return self._predicted(samples.float(), sent(n_frames, x.device))

    def _predicted(self, samples: Tensor, n_frames: Tensor) -> Prediction:
        n_samples = (n_frames * self._samples_a_frame).unsqueeze(1)
        of_clips, of_steps, taught = [], [], []
        for length, member in zip(self._lengths, self.members, strict=True):
            starts = starts_in(samples.shape[1], length)
            logits, levels = _heard(member, samples, starts, length)
            counts = torch.tensor(starts, device=samples.device) < n_samples
            taught.append(Taught(logits.sigmoid(), counts))
            of_clips.append(_mean(levels.detach(), counts))
            of_steps.append(self._levels_of_steps(member, samples, length))
        frame_probs = self.classify_steps(torch.cat(of_steps, dim=2)).sigmoid()
        steps = torch.arange(frame_probs.shape[1], device=samples.device)
        taught.append(Taught(frame_probs, steps < self.output_frames(n_frames).unsqueeze(1)))
        clip_probs = self.classify_clips(torch.cat(of_clips, dim=1)).sigmoid()
        return Prediction(frame_probs, [], clip_probs, tuple(taught))

    @torch.no_grad()
    def _levels_of_steps(self, member: nn.Module, samples: Tensor, length: int) -> Tensor:
        """(B, N) -> (B, steps, n_levels): the mean over the windows of a step; a longer window begins with it."""
        within = starts_in(self._step, length)
        starts = [first + start for first in range(0, samples.shape[1], self._step) for start in within]
        _, levels = _heard(member, samples, starts, length)
        return levels.reshape(len(levels), -1, len(within), levels.shape[2]).mean(dim=2)


def starts_in(n_samples: int, length: int) -> list[int]:
    """Return where windows of a length begin that are spread over ``n_samples``; only 0 if it is longer than these.

    >>> starts_in(441_000, 156_250), starts_in(44_100, 16_384), starts_in(44_100, 65_536)
    ([0, 142375, 284750], [0, 13858, 27716], [0])
    """
    n_windows = n_samples // length + 1
    hop = (n_samples - length) // (n_windows - 1) if n_windows > 1 else 0
    return [hop * index for index in range(n_windows)]


def _heard(member: nn.Module, samples: Tensor, starts: list[int], length: int) -> tuple[Tensor, Tensor]:
    """(B, N) -> logits (B, windows, K) and levels (B, windows, n_levels); the clip is followed by zeros."""
    lacking = max(starts[-1] + length - samples.shape[1], 0)
    padded = nn.functional.pad(samples, (0, lacking))
    windows = torch.stack([padded[:, start : start + length] for start in starts], dim=1)
    logits, levels = member(windows.flatten(0, 1))
    return logits.unflatten(0, windows.shape[:2]), levels.unflatten(0, windows.shape[:2])


def _mean(levels: Tensor, counts: Tensor) -> Tensor:
    """(B, windows, n_levels) -> (B, n_levels): the mean over the windows that count."""
    weights = counts.to(levels.dtype).unsqueeze(-1)
    return (levels * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def _dense(n_levels: int, units: int, n_classes: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(n_levels, units), nn.ReLU(), nn.Linear(units, units), nn.ReLU(), nn.Linear(units, n_classes)
    )
