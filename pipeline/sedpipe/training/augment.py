"""Augmentation of a batch of features: what sounds in a clip stays the same, how it looks changes.

Every function takes a generator and draws from it alone, so a step can be repeated from its seed.

- :class:`AugmentConfig`: how much of which
- :func:`check_content`: whether it can be done to these features
- :func:`augment`: all of it, in the order time shift, superposition, warp, filter, background, level, bandwidth, mixup,
  masks
- :func:`augment_located`: the same, with what is known of when classes sound
- :func:`shift_in_time`, :func:`superpose`, :func:`warp_bands`, :func:`filter_bands`, :func:`mix_up`,
  :func:`mask_bands`, :func:`mask_frames`: one each

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
from sedpipe.training.located import Located
from sedpipe.training.microphones import other_backgrounds, other_bandwidths, other_levels

_NEPERS = math.log(10) / 10  # of power, in a decibel
_FILTER_PLACES = 5


@dataclass(frozen=True)
class AugmentConfig:
    """How much of which augmentation; the defaults are none, as in the paper.

    Parameters
    ----------
    shift : bool
        Turn each clip round in time by a number of frames between 0 and its length.
    superpose : float
        Share of the clips to which another of the batch is added, in [0, 1].
    warp : float
        Each clip's frequency axis is stretched or squeezed by a share of up to this, below 1.
    filter_db : float
        Each clip goes through a filter that gains or loses up to this, in dB.
    background : float
        Share of the clips that get steady noise of some colour, in [0, 1].
    gain_db : float
        Each clip gets louder or quieter by up to this, in dB.
    bandwidth : float
        Share of the clips that lose all above a frequency, in [0, 1].
    mixup_alpha : float
        Clips are mixed in pairs, with a share drawn from Beta(alpha, alpha); 0 for no mixup.
    time_masks, time_mask_frames : int
        Stretches that are masked in each clip, and the longest of them in frames.
    frequency_masks, frequency_mask_bands : int
        The same over mel bands.

    Raises
    ------
    ValueError
        If a value is negative, a share above 1, or ``warp`` not below it.
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
"""What features must be (:data:`sedpipe.features.front_end.CONTENTS`) for what; the rest can be done to any."""


def check_content(config: AugmentConfig, content: str) -> None:
    """Raise ``ValueError`` for what would make something else than sound of such features.

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
        Frames that count; wherever it lies, it stays there.
    fill : Tensor [shape=(F,)]
        What masked values become: the mean of each band, which standardisation turns into 0.
    config : AugmentConfig
    generator : numpy.random.Generator
    content : str
        What features are; what is asked for must work on them (:func:`check_content`).

    Returns
    -------
    x, y, n_frames : Tensor
        Of the same shapes; what was given is left as it was.
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
    """Augment a batch, and what is known of when its classes sound; with the same draws as :func:`augment`.

    Padding stays as the front end makes it, which is how a network meets it when it predicts.

    Parameters
    ----------
    x, y, n_frames, fill, config, generator, content
        As for :func:`augment`.
    located : Located, optional
        Goes wherever its clips go; a clip that is mixed with one of which nothing is known is not known either.
    """
    plain = x
    if config.shift:
        source = _turned_round(n_frames, x.shape[1], generator).to(x.device)
        x = x.gather(1, source[:, :, None].expand_as(x))
        located = located and located.rearranged(source)
    if config.superpose > 0:
        pairs = _drawn_pairs(len(x), config.superpose, generator)
        x, y, n_frames = _superposed(x, y, n_frames, pairs, content)
        located = located and located.superposed(*(part.to(x.device) for part in pairs))
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
        located = located and located.mixed(others.to(x.device), shares.to(x))
    if config.frequency_masks:
        x = mask_bands(x, fill, config.frequency_masks, config.frequency_mask_bands, generator)
    if config.time_masks:
        x = mask_frames(x, n_frames, fill, config.time_masks, config.time_mask_frames, generator)
    if x is not plain:
        x = torch.where(first_frames(n_frames.to(x.device), x.shape[1])[:, :, None], x, plain)
    return x, y, n_frames, located


def shift_in_time(x: Tensor, n_frames: Tensor, generator: Generator) -> Tensor:
    """Turn each clip round by a random number of its frames; padding stays where it is."""
    source = _turned_round(n_frames, x.shape[1], generator).to(x.device)
    return x.gather(1, source[:, :, None].expand_as(x))


def _turned_round(n_frames: Tensor, n_all: int, generator: Generator) -> Tensor:
    """Which frame (B, T) comes to each place."""
    counts = np.maximum(n_frames.cpu().numpy(), 1)[:, None]
    shifts = generator.integers(counts)
    frames = np.arange(n_all)
    return torch.from_numpy(np.where(frames < counts, (frames - shifts) % counts, frames))


def superpose(
    x: Tensor, y: Tensor, n_frames: Tensor, share: float, generator: Generator, content: str = "decibels"
) -> tuple[Tensor, Tensor, Tensor]:
    """Let some clips sound together with another of the batch: their powers add, and what sounds in either sounds.

    Of ``samples`` it is their sum; in ``decibels``, what the log-mel of that sum is, but for interference between them.
    Unlike mixup, which fades both, it leaves each sound as loud as it was.

    Source: Takahashi, Gygli, Pfister & Van Gool, arXiv:1604.07160, who add waveforms of the same class.

    Parameters
    ----------
    x : Tensor [shape=(B, T, F)]
        Features.
    y : Tensor [shape=(B, K)]
        Weak labels.
    n_frames : Tensor [shape=(B,)]
        Frames that count.
    share : float in [0, 1]
        Of the clips that get another one.
    generator : Generator
        Of random numbers.
    content : str
        What the values are: ``decibels`` or ``samples``.
    """
    return _superposed(x, y, n_frames, _drawn_pairs(len(x), share, generator), content)


def _drawn_pairs(n_clips: int, share: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Each clip's partner, and whether it gets it."""
    others = torch.from_numpy(generator.permutation(n_clips))
    return others, torch.from_numpy(generator.random(n_clips) < share)


def _superposed(
    x: Tensor, y: Tensor, n_frames: Tensor, pairs: tuple[Tensor, Tensor], content: str
) -> tuple[Tensor, Tensor, Tensor]:
    others, chosen = pairs
    longer = _longer(n_frames, others)
    n_frames = torch.where(chosen.to(n_frames.device), longer, n_frames)
    others, chosen = others.to(x.device), chosen.to(x.device)
    return (
        torch.where(chosen[:, None, None], _sum(x, x[others], content), x),
        torch.where(chosen[:, None], torch.maximum(y, y[others]), y),
        n_frames,
    )


def _longer(n_frames: Tensor, others: Tensor) -> Tensor:
    """Frames of the longer of each clip and its partner."""
    return torch.maximum(n_frames, n_frames[others.to(n_frames.device)])


def _sum(x: Tensor, other: Tensor, content: str) -> Tensor:
    return x + other if content == "samples" else torch.logaddexp(x * _NEPERS, other * _NEPERS) / _NEPERS


def warp_bands(x: Tensor, most: float, generator: Generator) -> Tensor:
    """Read each clip's bands from places up to ``most`` higher or lower, as if its source were smaller or larger.

    A share of each band's own height; between bands it is interpolated; beyond the highest, that one goes on.

    Source: Jaitly & Hinton, "Vocal Tract Length Perturbation", ICML 2013 workshop, on a linear axis.
    """
    last = x.shape[2] - 1
    factors = generator.uniform(1 - most, 1 + most, (len(x), 1))
    places = np.clip(np.arange(last + 1) * factors, 0, last)
    below = np.minimum(places.astype(int), max(last - 1, 0))
    share = torch.from_numpy(places - below).to(x)[:, None, :]
    low = torch.from_numpy(below).to(x.device)[:, None, :].expand_as(x)
    return torch.lerp(x.gather(2, low), x.gather(2, (low + 1).clamp(max=last)), share)


def filter_bands(x: Tensor, most_db: float, generator: Generator) -> Tensor:
    """Let each clip through a filter of its own, as of another room: gains at a few places, lines between.

    Source: Nam, Kim & Park, "FilterAugment", arXiv:2110.03282 (the linear kind).
    """
    n_bands = x.shape[2]
    places = np.sort(generator.uniform(0, n_bands - 1, (len(x), _FILTER_PLACES)))
    gains = generator.uniform(-most_db, most_db, (len(x), _FILTER_PLACES))
    bands = np.arange(n_bands)
    responses = np.stack([np.interp(bands, *pair) for pair in zip(places, gains, strict=True)])
    return x + torch.from_numpy(responses).to(x)[:, None, :]


def mix_up(x: Tensor, y: Tensor, n_frames: Tensor, alpha: float, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Mix each clip with another of the batch: both spectrograms and labels, with one share for a pair.

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
        Frames that count.
    alpha : float > 0
        Shares are drawn from Beta(alpha, alpha).
    generator : Generator
        Of random numbers.
    """
    return _mixed(x, y, n_frames, *_drawn_shares(len(x), alpha, generator))


def _drawn_shares(n_clips: int, alpha: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Each clip's partner, and the share that it keeps beside it."""
    others = torch.from_numpy(generator.permutation(n_clips))
    return others, torch.from_numpy(generator.beta(alpha, alpha, n_clips))


def _mixed(x: Tensor, y: Tensor, n_frames: Tensor, others: Tensor, shares: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    longer, others = _longer(n_frames, others), others.to(x.device)
    shares = shares.to(x)
    mixed_x = torch.lerp(x[others], x, shares[:, None, None])
    mixed_y = torch.lerp(y[others], y, shares[:, None].to(y))
    return mixed_x, mixed_y, longer


def mask_bands(x: Tensor, fill: Tensor, n_masks: int, widest: int, generator: Generator) -> Tensor:
    """Replace stretches of mel bands, of 0 to ``widest`` each.

    Source: Park et al., "SpecAugment", arXiv:1904.08779.

    Parameters
    ----------
    x : Tensor [shape=(B, T, F)]
        Features.
    fill : Tensor [shape=(F,)]
        What takes their place.
    n_masks, widest : int
        Stretches a clip, and bands of the widest.
    generator : Generator
        Of random numbers.
    """
    n_bands = np.full(len(x), x.shape[2])
    masked = _stretches(n_bands, x.shape[2], n_masks, widest, generator).to(x.device)
    return torch.where(masked[:, None, :], fill.to(x.dtype), x)


def mask_frames(x: Tensor, n_frames: Tensor, fill: Tensor, n_masks: int, widest: int, generator: Generator) -> Tensor:
    """Replace stretches of frames, of 0 to ``widest`` each. Source: as of :func:`mask_bands`.

    Parameters
    ----------
    x : Tensor [shape=(B, T, F)]
        Features.
    n_frames : Tensor [shape=(B,)]
        Frames that count: a stretch lies within them.
    fill : Tensor [shape=(F,)]
        What takes their place.
    n_masks, widest : int
        Stretches a clip, and frames of the widest.
    generator : Generator
        Of random numbers.
    """
    masked = _stretches(n_frames.cpu().numpy(), x.shape[1], n_masks, widest, generator).to(x.device)
    return torch.where(masked[:, :, None], fill.to(x.dtype), x)


def _stretches(lengths: np.ndarray, longest: int, n_masks: int, widest: int, generator: Generator) -> Tensor:
    """Where any of the masks of a clip lies, (n_clips, longest), each within the clip's own length.

    Drawn as for the longest and then fitted, so that the others of a batch get the same ones whatever is beside them.
    """
    drawn = generator.integers(min(widest, longest) + 1, size=(len(lengths), n_masks, 1))
    begins = generator.integers(longest - drawn + 1)
    own = lengths[:, None, None]
    widths = np.minimum(drawn, own)
    begins = begins * (own - widths + 1) // (longest - drawn + 1)
    places = np.arange(longest)
    return torch.from_numpy(((places >= begins) & (places < begins + widths)).any(axis=1))
