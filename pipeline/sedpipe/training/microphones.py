"""Augmentation that imitates other microphones: level, bandwidth and background noise, on log-mel in dB.

Otherwise, a network that is trained on recordings of one kind takes their character for a part of the sounds, and
misses events in telephone audio (8 kHz) or in a recording whose level was set too low.

- :func:`other_levels`: make clips louder or quieter as a whole
- :func:`other_bandwidths`: remove what lies above a frequency
- :func:`other_backgrounds`: add steady noise of some colour

Shapes: B clips, T frames, F bands.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from sedpipe.nn.networks.network import first_frames
from sedpipe.nn.sending import sent

QUIETEST_DB = -100.0
"""Value of log-mel for silence, 10 log10 of the front end's smallest power; its values are never lower."""

_NEPERS = math.log(10) / 10  # of power, in a decibel
_LOWEST_CUT = 0.35  # share of the bands that is always kept: about 1.7 kHz with 80 bands up to 22 kHz
_BELOW_DB = (0.0, 30.0)  # how far the noise lies below the clip's own mean level
_TILT_DB = 30.0  # largest slope of the noise from the lowest band to the highest: white to darker than pink, either way
_FLICKER_DB = 2.0  # standard deviation of the noise in each frame and band


def other_levels(x: Tensor, most_db: float, generator: Generator) -> Tensor:
    """Make each clip louder or quieter as a whole by up to ``most_db``; no value falls below that of silence.

    >>> x = torch.full((1, 2, 3), -99.0)
    >>> bool((other_levels(x, 40.0, np.random.default_rng(1)) >= QUIETEST_DB).all())
    True
    """
    gains = sent(torch.from_numpy(generator.uniform(-most_db, most_db, (len(x), 1, 1))), x.device, x.dtype)
    return _no_quieter(x + gains, x)


def other_bandwidths(x: Tensor, share: float, generator: Generator) -> Tensor:
    """Remove everything above a frequency from some clips, as a lower sample rate does.

    Parameters
    ----------
    x : Tensor [shape=(B, T, F)]
        Log-mel in dB.
    share : float in [0, 1]
        Probability that a clip is changed.
    generator : Generator
        Random number generator.
    """
    n_clips, _, n_bands = x.shape
    chosen = generator.random(n_clips) < share
    cuts = generator.uniform(_LOWEST_CUT * n_bands, n_bands, n_clips)
    removed = chosen[:, None] & (np.arange(n_bands) >= cuts[:, None])
    silence = torch.full_like(x, QUIETEST_DB).minimum(x)
    return torch.where(sent(torch.from_numpy(removed), x.device)[:, None, :], silence, x)


def other_backgrounds(x: Tensor, n_frames: Tensor, share: float, generator: Generator) -> Tensor:
    """Add steady noise to some clips, as a sum of powers; its level is relative to the clip's, its colour random.

    Parameters
    ----------
    x : Tensor [shape=(B, T, F)]
        Log-mel in dB.
    n_frames : Tensor [shape=(B,)]
        Number of frames that count, without padding.
    share : float in [0, 1]
        Probability that a clip is changed.
    generator : Generator
        Random number generator.
    """
    n_clips, n_all, n_bands = x.shape
    chosen = sent(torch.from_numpy(generator.random(n_clips) < share), x.device)
    below = generator.uniform(*_BELOW_DB, (n_clips, 1, 1))
    tilts = generator.uniform(-_TILT_DB / 2, _TILT_DB / 2, (n_clips, 1, 1))
    shape = tilts * np.linspace(-1, 1, n_bands) - below
    # one value for each value of x: drawn where x is, since a CPU would take longer than a GPU's whole step
    flicker = torch.empty_like(x).normal_(0, _FLICKER_DB, generator=_generator_on(x.device, generator))
    counts_db = torch.tensor([[[10 * math.log10(max(count, 1) * n_bands)]] for count in n_frames.tolist()])
    heard = x.masked_fill(~first_frames(sent(n_frames, x.device), n_all)[:, :, None], -math.inf)
    level = torch.logsumexp(heard * _NEPERS, dim=(1, 2), keepdim=True) / _NEPERS - sent(counts_db, x.device, x.dtype)
    noise = level + sent(torch.from_numpy(shape), x.device, x.dtype) + flicker
    return torch.where(chosen[:, None, None], torch.logaddexp(x * _NEPERS, noise * _NEPERS) / _NEPERS, x)


def _generator_on(device: torch.device, generator: Generator) -> torch.Generator:
    """Return a generator of random numbers on ``device``, seeded by the next number of ``generator``."""
    return torch.Generator(device).manual_seed(int(generator.integers(2**63)))


def _no_quieter(changed: Tensor, before: Tensor) -> Tensor:
    """Return values of at least silence; those that were below it before, as with another front end, may stay so."""
    return changed.maximum(torch.full_like(before, QUIETEST_DB).minimum(before))
