"""EMSI-like: convolutional networks on windows of several lengths, the longest of which serves as a clip gate.

After Lee, Lee, Han and Lee 2017 (Seoul National University, Cochlear.ai), first in DCASE 2017 Task 4 with an error
rate of 0.66: "Ensemble of Convolutional Neural Networks for Weakly-supervised Sound Event Detection Using Multiple
Scale Input".

Published: the idea. Networks on the whole clip tag better, networks on short segments localise better, and segments
are trained with the labels of their clip; their predictions are combined.
Unknown: features, layers, lengths, optimiser, weights of the ensemble; there is no code. So all of the following is
derived, and results are those of a baseline of the same kind, not of EMSI: lengths of 10, 5, 2 and 1 s; for each a
network of four blocks of two convolutions 3x3 (normalisation, rectifier) and max-pooling (2, 2), the mean over what
remains, a sigmoid per class. Each network is trained separately on its windows. Its probability for a frame is the
mean over its windows there, which lie half a window apart (in training, a whole one); the frame probability is the mean
over the networks, the clip probability that of the longest window, for the clip gate of post-processing. Where strong
labels are known, the frame probabilities are trained with them, too.

- :class:`MultiscaleConfig`: its sizes
- :class:`Multiscale`: the network
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sedpipe.features.spec import FeatureSpec
from sedpipe.nn.blocks import begin_xavier, rectified
from sedpipe.nn.networks.network import Network, NetworkConfig, Prediction, Taught
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.nn.precision import without_autocast
from sedpipe.nn.sending import sent
from sedpipe.nn.windowed import Windows

_LONGEST_S = 1e4


@dataclass(frozen=True)
class MultiscaleConfig(NetworkConfig):
    """Sizes of the networks.

    Parameters
    ----------
    lengths_s : tuple of float
        Window length of each network in seconds, the longest first.
    step_s : float
        Duration of an output frame in seconds.
    maps : tuple of int
        Maps of each block.

    Raises
    ------
    ValueError
        If a value is out of range, or the first length is not the longest.
    """

    name: str = "multiscale"
    lengths_s: tuple[float, ...] = (10.0, 5.0, 2.0, 1.0)
    step_s: float = 0.5
    maps: tuple[int, ...] = (32, 64, 128, 256)

    def __post_init__(self) -> None:
        shortest, longest = min(self.lengths_s, default=0), max(self.lengths_s, default=0)
        if len(self.lengths_s) > 16 or not 0 < self.step_s <= shortest or longest > _LONGEST_S:
            raise ValueError("multiscale must have 1 to 16 lengths, none below step_s, which must be positive")
        if self.lengths_s[0] != max(self.lengths_s):
            raise ValueError("the first of lengths_s is the gate, and must be the longest")
        if not 1 <= len(self.maps) <= 8 or min(self.maps) < 1:
            raise ValueError("multiscale must have 1 to 8 blocks, and maps must be positive")


class Multiscale(Network):
    """Networks on windows of several lengths; each is trained on its windows, and nothing is pooled.

    Parameters
    ----------
    config : MultiscaleConfig
    pooling : PoolingConfig
        Has no effect: windows take the place of pooling.
    n_classes : int
        Number of classes, K.
    spec : FeatureSpec
        Input features: a spectrogram.

    Raises
    ------
    ValueError
        If a clip is shorter than a step.
    """

    def __init__(self, config: MultiscaleConfig, pooling: PoolingConfig, n_classes: int, spec: FeatureSpec) -> None:
        step = max(1, round(config.step_s / spec.front_end.grid.frame_duration))
        super().__init__(PoolingConfig("average", ()), n_classes, spec, step)
        n_steps = -(-spec.shape[0] // step)
        self._covered = [min(max(1, round(length / config.step_s)), n_steps) for length in config.lengths_s]
        self.members = nn.ModuleList(_member(config.maps, n_classes) for _ in config.lengths_s)
        begin_xavier(self)

    @property
    def last_layers(self) -> tuple[str, ...]:
        """Names of the last layers of each network."""
        return tuple(f"members.{k}.{len(member) - 1}" for k, member in enumerate(self._networks))

    @property
    def _networks(self) -> list[nn.Sequential]:
        return [member for member in self.members if isinstance(member, nn.Sequential)]

    def forward(self, x: Tensor, n_frames: Tensor) -> Prediction:
        """Return the probabilities of each class; see :meth:`Network.forward`."""
        silent = self.without_padding(self.standardised(x), n_frames)
        n_steps, lasting = silent.shape[1] // self.time_factor, sent(self.output_frames(n_frames), x.device)
        of_frames, of_clips, taught = [], [], []
        for covered, member in zip(self._covered, self.members, strict=True):
            windows = Windows(n_steps, min(covered, n_steps), covered if self.training else max(1, covered // 2))
            cut = windows.cut(silent, self.time_factor, covered * self.time_factor)
            with without_autocast(x.device):
                probs = member(cut.flatten(0, 1).unsqueeze(1)).sigmoid().float().unflatten(0, cut.shape[:2])
            heard = windows.heard(lasting)
            taught.append(Taught(probs, heard))
            of_frames.append(windows.spread(probs, heard))
            of_clips.append(windows.mean(probs.detach(), heard))
        return Prediction(torch.stack(of_frames).mean(dim=0), [], of_clips[0], tuple(taught))


def _member(maps: tuple[int, ...], n_classes: int) -> nn.Sequential:
    """(B, 1, T, F) -> (B, K), before the sigmoid."""
    blocks: list[nn.Module] = []
    for maps_in, width in zip((1, *maps), maps, strict=False):
        blocks += [rectified(maps_in, width, bias=False), rectified(width, width, bias=False)]
        blocks.append(nn.MaxPool2d(2, ceil_mode=True))
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(maps[-1], n_classes))
