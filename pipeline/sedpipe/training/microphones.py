"""The same sounds through other microphones: their level, their bandwidth, what hums beside them; on log-mel in dB.

What a network learns from recordings of one kind it otherwise takes for part of the sound, and is deaf to a telephone's
8 kHz or to a recorder that was set too low.

- :func:`other_levels`: louder or quieter as a whole
- :func:`other_bandwidths`: without what lies above a frequency
- :func:`other_backgrounds`: with steady noise of some colour

Shapes: B clips, T frames, F bands.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from sedpipe.nn.networks.network import first_frames

QUIETEST_DB = -100.0
"""What log-mel gives for silence, 10 log10 of the front end's smallest power; quieter than this is nothing."""

_NEPERS = math.log(10) / 10  # of power, in a decibel
_LOWEST_CUT = 0.35  # share of the bands that is always left: of 80 bands up to 22 kHz about 1.7 kHz
_BELOW_DB = (0.0, 30.0)  # how far noise lies below the clip's own mean level
_TILT_DB = 30.0  # of noise between the lowest band and the highest: white to darker than pink, either way
_FLICKER_DB = 2.0  # of noise from frame to frame


def other_levels(x: Tensor, most_db: float, generator: Generator) -> Tensor:
    """Make each clip louder or quieter as a whole by up to ``most_db``; nothing gets quieter than silence.

    >>> x = torch.full((1, 2, 3), -99.0)
    >>> bool((other_levels(x, 40.0, np.random.default_rng(1)) >= QUIETEST_DB).all())
    True
    """
    gains = torch.from_numpy(generator.uniform(-most_db, most_db, (len(x), 1, 1))).to(x)
    return _no_quieter(x + gains, x)


def other_bandwidths(x: Tensor, share: float, generator: Generator) -> Tensor:
    """Take from some clips all that lies above a frequency, as a lower sampling rate does.

    Parameters
    ----------
    x : Tensor [shape=(B, T, F)]
        Log-mel in dB.
    share : float in [0, 1]
        Of the clips.
    generator : Generator
        Of random numbers.
    """
    n_clips, _, n_bands = x.shape
    chosen = generator.random(n_clips) < share
    cuts = generator.uniform(_LOWEST_CUT * n_bands, n_bands, n_clips)
    removed = chosen[:, None] & (np.arange(n_bands) >= cuts[:, None])
    silence = torch.full_like(x, QUIETEST_DB).minimum(x)
    return torch.where(torch.from_numpy(removed).to(x.device)[:, None, :], silence, x)


def other_backgrounds(x: Tensor, n_frames: Tensor, share: float, generator: Generator) -> Tensor:
    """Add steady noise to some clips: powers add; its level goes by the clip's own, its colour by chance.

    Parameters
    ----------
    x : Tensor [shape=(B, T, F)]
        Log-mel in dB.
    n_frames : Tensor [shape=(B,)]
        Frames that count.
    share : float in [0, 1]
        Of the clips.
    generator : Generator
        Of random numbers.
    """
    n_clips, n_all, n_bands = x.shape
    chosen = torch.from_numpy(generator.random(n_clips) < share).to(x.device)
    below = generator.uniform(*_BELOW_DB, (n_clips, 1, 1))
    tilts = generator.uniform(-_TILT_DB / 2, _TILT_DB / 2, (n_clips, 1, 1))
    shape = tilts * np.linspace(-1, 1, n_bands) - below
    flicker = generator.normal(0, _FLICKER_DB, (n_clips, n_all, n_bands))
    counts_db = [[[10 * math.log10(max(count, 1) * n_bands)]] for count in n_frames.tolist()]
    heard = x.masked_fill(~first_frames(n_frames.to(x.device), n_all)[:, :, None], -math.inf)
    level = torch.logsumexp(heard * _NEPERS, dim=(1, 2), keepdim=True) / _NEPERS - torch.tensor(counts_db).to(x)
    noise = level + torch.from_numpy(shape + flicker).to(x)
    return torch.where(chosen[:, None, None], torch.logaddexp(x * _NEPERS, noise * _NEPERS) / _NEPERS, x)


def _no_quieter(changed: Tensor, before: Tensor) -> Tensor:
    """At least silence; what lay below it already, as with another front end, may stay where it was."""
    return changed.maximum(torch.full_like(before, QUIETEST_DB).minimum(before))
