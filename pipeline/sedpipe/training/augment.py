"""Augmentation of a batch of features: their values change, and the labels stay correct.

Every function takes a random generator and draws from it only, so a step can be repeated from its seed.

- :class:`AugmentConfig`: amount of each augmentation
- :func:`check_content`: check that it works on these features
- :func:`augment`: apply all of it, in the order time shift, superposition, warp, filter, background, level, bandwidth,
  mixup, masks
- :func:`augment_located`: the same, with what is known about when classes sound
- :func:`shift_in_time`, :func:`superpose`, :func:`warp_bands`, :func:`filter_bands`, :func:`mix_up`,
  :func:`mask_bands`, :func:`mask_frames`: one augmentation each

Shapes: B clips, T frames, F features, K classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from sedpipe.nn.networks.network import first_frames
from sedpipe.nn.sending import sent
from sedpipe.training.located import Located
from sedpipe.training.microphones import other_backgrounds, other_bandwidths, other_levels

_NEPERS = math.log(10) / 10  # of power, in a decibel
_FILTER_PLACES = 5


@dataclass(frozen=True)
class AugmentConfig:
    """Amount of each augmentation; by default there is no augmentation, as in the paper.

    Parameters
    ----------
    shift : bool
        Whether each clip is shifted circularly in time, by a number of frames from 0 to below its length.
    superpose : float
        Share of the clips to which another clip of the batch is added, in [0, 1].
    warp : float
        Largest share by which each clip's frequency axis is stretched or compressed, below 1.
    filter_db : float
        Largest gain or loss of the filter that is applied to each clip, in dB.
    background : float
        Share of the clips to which steady noise of some colour is added, in [0, 1].
    gain_db : float
        Largest change of level of each clip, up or down, in dB.
    bandwidth : float
        Share of the clips from which everything above a frequency is removed, in [0, 1].
    mixup_alpha : float
        Parameter of Beta(alpha, alpha), from which the shares of the clips in mixup are drawn; 0 for no mixup.
    time_masks, time_mask_frames : int
        Number of time masks in each clip, and the longest mask in frames.
    frequency_masks, frequency_mask_bands : int
        Number of frequency masks in each clip, and the widest mask in mel bands.

    Raises
    ------
    ValueError
        If a value is negative, a share is above 1, or ``warp`` is not below 1.
    """

    shift: bool = False
    superpose: float = 0.0
    warp: float = 0.0
    filter_db: float = 0.0
    background: float = 0.0
    gain_db: float = 0.0
    bandwidth: float = 0.0
    mixup_alpha: float = 0.0
    time_masks: int = 0
    time_mask_frames: int = 0
    frequency_masks: int = 0
    frequency_mask_bands: int = 0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 0:
                raise ValueError(f"{name} must not be negative, got {value}")
        for name in ("superpose", "background", "bandwidth"):
            if getattr(self, name) > 1:
                raise ValueError(f"{name} is a share of clips, from 0 to 1, got {getattr(self, name)}")
        if self.warp >= 1:
            raise ValueError(f"warp is a share of the frequency axis, below 1, got {self.warp}")


_NEEDS = {
    "superpose": ("decibels", "samples"),
    "warp": ("decibels", "bands"),
    "filter_db": ("decibels",),
    "background": ("decibels",),
    "gain_db": ("decibels",),
    "bandwidth": ("decibels",),
    "frequency_masks": ("decibels", "bands"),
}
"""Kinds of features (:data:`sedpipe.features.front_end.CONTENTS`) that an augmentation needs; the rest work on any."""


def check_content(config: AugmentConfig, content: str) -> None:
    """Raise ``ValueError`` for an augmentation that makes no sense for this kind of features.

    >>> check_content(AugmentConfig(filter_db=6.0), "samples")
    Traceback (most recent call last):
    ...
    ValueError: augment.filter_db works on decibels, not on samples
    """
    for name, contents in _NEEDS.items():
        if getattr(config, name) and content not in contents:
            raise ValueError(f"augment.{name} works on {' or '.join(contents)}, not on {content}")


def augment(
    x: Tensor,
    y: Tensor,
    n_frames: Tensor,
    fill: Tensor,
    config: AugmentConfig,
    generator: Generator,
    content: str = "decibels",
) -> tuple[Tensor, Tensor, Tensor]:
    """Augment a batch.

    Parameters
    ----------
    x : Tensor [shape=(B, T, F)]
        Features, as the front end makes them.
    y : Tensor [shape=(B, K)]
        Weak labels in [0, 1].
    n_frames : Tensor [shape=(B,)]
        Number of frames that count, without padding; the result is on the same device.
    fill : Tensor [shape=(F,)]
        Values that replace masked ones: the mean of each band, which standardisation turns into 0.
    config : AugmentConfig
    generator : numpy.random.Generator
    content : str
        Kind of features; the augmentation in ``config`` must work on it (:func:`check_content`).

    Returns
    -------
    x, y, n_frames : Tensor
        Augmented tensors of the same shapes; the arguments are not changed.
    """
    return augment_located(x, y, n_frames, None, fill, config, generator, content)[:3]


def augment_located(
    x: Tensor,
    y: Tensor,
    n_frames: Tensor,
    located: Located | None,
    fill: Tensor,
    config: AugmentConfig,
    generator: Generator,
    content: str = "decibels",
) -> tuple[Tensor, Tensor, Tensor, Located | None]:
    """Augment a batch and its frame targets, with the same random draws as :func:`augment`.

    Padding stays as the front end makes it, as in the network's input when it predicts.

    Parameters
    ----------
    x, y, n_frames, fill, config, generator, content
        As for :func:`augment`.
    located : Located, optional
        Frame targets, which are changed together with their clips. If they are unknown for one of two mixed clips,
        they are unknown for the mixture, too.
    """
    plain = x
    if config.shift:
        source = sent(_turned_round(n_frames, x.shape[1], generator), x.device)
        x = x.gather(1, source[:, :, None].expand_as(x))
        located = located and located.rearranged(source)
    if config.superpose > 0:
        pairs = _drawn_pairs(len(x), config.superpose, generator)
        x, y, n_frames = _superposed(x, y, n_frames, pairs, content)
        located = located and located.superposed(*(sent(part, x.device) for part in pairs))
    if config.warp > 0:
        x = warp_bands(x, config.warp, generator)
    if config.filter_db > 0:
        x = filter_bands(x, config.filter_db, generator)
    if config.background > 0:
        x = other_backgrounds(x, n_frames, config.background, generator)
    if config.gain_db > 0:
        x = other_levels(x, config.gain_db, generator)
    if config.bandwidth > 0:
        x = other_bandwidths(x, config.bandwidth, generator)
    if config.mixup_alpha > 0:
        others, shares = _drawn_shares(len(x), config.mixup_alpha, generator)
        x, y, n_frames = _mixed(x, y, n_frames, others, shares)
        located = located and located.mixed(sent(others, x.device), sent(shares, x.device, x.dtype))
    if config.frequency_masks:
        x = mask_bands(x, fill, config.frequency_masks, config.frequency_mask_bands, generator)
    if config.time_masks:
        x = mask_frames(x, n_frames, fill, config.time_masks, config.time_mask_frames, generator)
    if x is not plain:
        x = torch.where(first_frames(sent(n_frames, x.device), x.shape[1])[:, :, None], x, plain)
    return x, y, n_frames, located


def shift_in_time(x: Tensor, n_frames: Tensor, generator: Generator) -> Tensor:
    """Shift each clip circularly by a random number of its frames; padding stays where it is."""
    source = sent(_turned_round(n_frames, x.shape[1], generator), x.device)
    return x.gather(1, source[:, :, None].expand_as(x))


def _turned_round(n_frames: Tensor, n_all: int, generator: Generator) -> Tensor:
    """Return the index (B, T) of the frame that moves to each place."""
    counts = np.maximum(n_frames.cpu().numpy(), 1)[:, None]
    shifts = generator.integers(counts)
    frames = np.arange(n_all)
    return torch.from_numpy(np.where(frames < counts, (frames - shifts) % counts, frames))


def superpose(
    x: Tensor, y: Tensor, n_frames: Tensor, share: float, generator: Generator, content: str = "decibels"
) -> tuple[Tensor, Tensor, Tensor]:
    """Add another clip of the batch to some clips; the result has the labels of both.

    ``samples`` are added; for ``decibels``, powers are added, which gives the log-mel of the sum, except for
    interference between the two. Unlike mixup, which attenuates both clips, this leaves each sound as loud as it was.

    Source: Takahashi, Gygli, Pfister & Van Gool, arXiv:1604.07160, who add waveforms of the same class.

    Parameters
    ----------
    x : Tensor [shape=(B, T, F)]
        Features.
    y : Tensor [shape=(B, K)]
        Weak labels.
    n_frames : Tensor [shape=(B,)]
        Number of frames that count, without padding.
    share : float in [0, 1]
        Probability that another clip is added to a clip.
    generator : Generator
        Random number generator.
    content : str
        Kind of features: ``decibels`` or ``samples``.
    """
    return _superposed(x, y, n_frames, _drawn_pairs(len(x), share, generator), content)


def _drawn_pairs(n_clips: int, share: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Draw each clip's partner, and whether it is added."""
    others = torch.from_numpy(generator.permutation(n_clips))
    return others, torch.from_numpy(generator.random(n_clips) < share)


def _superposed(
    x: Tensor, y: Tensor, n_frames: Tensor, pairs: tuple[Tensor, Tensor], content: str
) -> tuple[Tensor, Tensor, Tensor]:
    others, chosen = pairs
    longer = _longer(n_frames, others)
    n_frames = torch.where(chosen.to(n_frames.device), longer, n_frames)
    others, chosen = sent(others, x.device), sent(chosen, x.device)
    return (
        torch.where(chosen[:, None, None], _sum(x, x[others], content), x),
        torch.where(chosen[:, None], torch.maximum(y, y[others]), y),
        n_frames,
    )


def _longer(n_frames: Tensor, others: Tensor) -> Tensor:
    """Return the number of frames of the longer of each clip and its partner."""
    return torch.maximum(n_frames, n_frames[others.to(n_frames.device)])


def _sum(x: Tensor, other: Tensor, content: str) -> Tensor:
    return x + other if content == "samples" else torch.logaddexp(x * _NEPERS, other * _NEPERS) / _NEPERS


def warp_bands(x: Tensor, most: float, generator: Generator) -> Tensor:
    """Stretch or compress each clip's frequency axis by up to ``most``, as if its source were smaller or larger.

    ``most`` is a share of the position of each band. Values between bands are interpolated; beyond the highest band,
    its value is repeated.

    Source: Jaitly & Hinton, "Vocal Tract Length Perturbation", ICML 2013 workshop, on a linear axis.
    """
    last = x.shape[2] - 1
    factors = generator.uniform(1 - most, 1 + most, (len(x), 1))
    places = np.clip(np.arange(last + 1) * factors, 0, last)
    below = np.minimum(places.astype(int), max(last - 1, 0))
    share = sent(torch.from_numpy(places - below), x.device, x.dtype)[:, None, :]
    low = sent(torch.from_numpy(below), x.device)[:, None, :].expand_as(x)
    return torch.lerp(x.gather(2, low), x.gather(2, (low + 1).clamp(max=last)), share)


def filter_bands(x: Tensor, most_db: float, generator: Generator) -> Tensor:
    """Apply a random filter to each clip, as of another room: gains at a few places, interpolated linearly.

    Source: Nam, Kim & Park, "FilterAugment", arXiv:2110.03282 (the linear kind).
    """
    n_bands = x.shape[2]
    places = np.sort(generator.uniform(0, n_bands - 1, (len(x), _FILTER_PLACES)))
    gains = generator.uniform(-most_db, most_db, (len(x), _FILTER_PLACES))
    bands = np.arange(n_bands)
    responses = np.stack([np.interp(bands, *pair) for pair in zip(places, gains, strict=True)])
    return x + sent(torch.from_numpy(responses), x.device, x.dtype)[:, None, :]


def mix_up(x: Tensor, y: Tensor, n_frames: Tensor, alpha: float, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Mix each clip with another clip of the batch: features and labels, both with the same share.

    A mixture is as long as the longer of its clips.

    Source: Zhang, Cisse, Dauphin & Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", arXiv:1710.09412; on
    log-mel spectrograms of this task in Kong et al., arXiv:1912.04761.

    Parameters
    ----------
    x : Tensor [shape=(B, T, F)]
        Features.
    y : Tensor [shape=(B, K)]
        Weak labels.
    n_frames : Tensor [shape=(B,)]
        Number of frames that count, without padding.
    alpha : float > 0
        Parameter of Beta(alpha, alpha), from which the shares are drawn.
    generator : Generator
        Random number generator.
    """
    return _mixed(x, y, n_frames, *_drawn_shares(len(x), alpha, generator))


def _drawn_shares(n_clips: int, alpha: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Draw each clip's partner, and the share of the clip itself in the mixture."""
    others = torch.from_numpy(generator.permutation(n_clips))
    return others, torch.from_numpy(generator.beta(alpha, alpha, n_clips))


def _mixed(x: Tensor, y: Tensor, n_frames: Tensor, others: Tensor, shares: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    longer, others = _longer(n_frames, others), sent(others, x.device)
    shares = sent(shares, x.device, x.dtype)
    mixed_x = torch.lerp(x[others], x, shares[:, None, None])
    mixed_y = torch.lerp(y[others], y, shares[:, None].to(y))
    return mixed_x, mixed_y, longer


def mask_bands(x: Tensor, fill: Tensor, n_masks: int, widest: int, generator: Generator) -> Tensor:
    """Mask ranges of mel bands, of 0 to ``widest`` bands each.

    Source: Park et al., "SpecAugment", arXiv:1904.08779.

    Parameters
    ----------
    x : Tensor [shape=(B, T, F)]
        Features.
    fill : Tensor [shape=(F,)]
        Values that replace the masked ones.
    n_masks, widest : int
        Number of masks per clip, and bands of the widest mask.
    generator : Generator
        Random number generator.
    """
    n_bands = np.full(len(x), x.shape[2])
    masked = sent(_stretches(n_bands, x.shape[2], n_masks, widest, generator), x.device)
    return torch.where(masked[:, None, :], fill.to(x.dtype), x)


def mask_frames(x: Tensor, n_frames: Tensor, fill: Tensor, n_masks: int, widest: int, generator: Generator) -> Tensor:
    """Mask ranges of frames, of 0 to ``widest`` frames each. Source: see :func:`mask_bands`.

    Parameters
    ----------
    x : Tensor [shape=(B, T, F)]
        Features.
    n_frames : Tensor [shape=(B,)]
        Number of frames that count, without padding: masks lie within them.
    fill : Tensor [shape=(F,)]
        Values that replace the masked ones.
    n_masks, widest : int
        Number of masks per clip, and frames of the widest mask.
    generator : Generator
        Random number generator.
    """
    masked = sent(_stretches(n_frames.cpu().numpy(), x.shape[1], n_masks, widest, generator), x.device)
    return torch.where(masked[:, :, None], fill.to(x.dtype), x)


def _stretches(lengths: np.ndarray, longest: int, n_masks: int, widest: int, generator: Generator) -> Tensor:
    """Return where the masks of each clip lie, (n_clips, longest), each within the clip's own length.

    Masks are drawn as for the longest clip and then fitted, so that a clip's masks do not depend on the lengths of the
    others in its batch.
    """
    drawn = generator.integers(min(widest, longest) + 1, size=(len(lengths), n_masks, 1))
    begins = generator.integers(longest - drawn + 1)
    own = lengths[:, None, None]
    widths = np.minimum(drawn, own)
    begins = begins * (own - widths + 1) // (longest - drawn + 1)
    places = np.arange(longest)
    return torch.from_numpy(((places >= begins) & (places < begins + widths)).any(axis=1))
