"""Samples in memory -> mono samples at a model's sample rate, or an error with the reason why not.

- :func:`as_mono`: accepts any sample rate, several channels, and integers
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import soxr

from sedpipe.errors import AudioError
from sedpipe.io.audio.level import RATES, Level
from sedpipe.io.audio.waveforms import SAMPLES_PER_BLOCK

BYTES_OF_INTEGERS = 4
"""The widest integer type, in bytes, with a known full scale. A list of integers is int64, which no recording uses."""

SIXTEEN_BITS = 32768
MOST_CHANNELS = 64
LOUDEST = 16.0
"""Highest peak, as a multiple of full scale: samples beyond it are integers that were never divided by their full
scale, and nearly all of them would be clipped."""


def as_mono(samples: Any, sample_rate: int, wanted_rate: int) -> np.ndarray:
    """Convert samples to mono float32 at ``wanted_rate``.

    Parameters
    ----------
    samples : array_like [shape=(samples,), (samples, channels) or (channels, samples)]
        Floats with full scale 1, or integers of 8, 16 or 32 bits with the full scale of their type. If there are two
        axes, the shorter one is the channel axis; the channels are averaged.
    sample_rate : int
        Sample rate of ``samples`` in Hz.
    wanted_rate : int
        Sample rate of the result in Hz; samples at another rate are resampled (soxr, high quality).

    Returns
    -------
    ndarray [shape=(samples,), dtype=float32]
        Samples in [-1, 1].

    Raises
    ------
    AudioError
        If there are no samples, if they are masked, not finite, of another shape or type, or reach more than 16 times
        full scale, or if the sample rate is absurd; also, as with files, if more than a hundredth of the samples lie
        beyond full scale, or if the channels cancel each other.

    Warns
    -----
    UserWarning
        If samples reach more than 1.12 times full scale and are clipped, as with files, or if 32-bit integers contain
        only values that fit into 16 bits.

    Examples
    --------
    >>> as_mono(np.full((4, 2), 16384, np.int16), 8000, 8000)
    array([0.5, 0.5, 0.5, 0.5], dtype=float32)
    """
    if not isinstance(sample_rate, int | np.integer) or isinstance(sample_rate, bool):
        raise AudioError(f"expected the sample rate as a whole number of Hz, got {sample_rate!r}")
    if not RATES[0] <= sample_rate <= RATES[1]:
        raise AudioError(f"expected a sample rate of {RATES[0]:,} to {RATES[1]:,} Hz, got {sample_rate}")
    channels = _channels(_floats(_array(samples)))
    if not np.isfinite(channels).all():
        raise AudioError("the samples are not all finite (nan or infinity)")
    peak = float(np.abs(channels).max())
    if peak > LOUDEST:
        raise AudioError(
            f"samples reach {peak:g} times full scale", hint="divide integers that were read as floats by 32768"
        )
    mono = channels[0] if len(channels) == 1 else channels.mean(axis=0)
    level = Level()
    for first in range(0, len(mono), SAMPLES_PER_BLOCK):  # in blocks, as with files, so that the sums stay exact
        some = slice(first, first + SAMPLES_PER_BLOCK)
        level.hear(mono[some], channels[:, some].T if len(channels) > 1 else None)
    level.check("samples")
    for _, remark in level.remarks:
        warnings.warn(remark, stacklevel=4)  # where the model is called
    if sample_rate != wanted_rate:
        mono = soxr.resample(mono, sample_rate, wanted_rate)
        if not len(mono):
            raise AudioError(f"too short for a sample at {wanted_rate} Hz")
    return np.ascontiguousarray(mono.clip(-1, 1), dtype=np.float32)


def _array(samples: Any) -> np.ndarray:
    if hasattr(samples, "detach"):  # a tensor, which may have a gradient or be on a GPU
        samples = samples.detach().cpu()
        samples = samples.float() if samples.is_floating_point() and samples.element_size() < 4 else samples
    if np.ma.is_masked(samples):
        n_masked = np.count_nonzero(np.ma.getmaskarray(samples))
        raise AudioError(f"{n_masked} of the samples are masked", hint="fill them first, as with samples.filled(0)")
    try:
        return np.asarray(samples)
    except ValueError as error:
        raise AudioError("expected channels of one length") from error


def _floats(samples: np.ndarray) -> np.ndarray:
    """Return the samples as floats with full scale 1, whatever their type."""
    if samples.dtype == np.uint8:  # WAV's 8 bits have their zero at 128
        return (samples.astype(np.float32) - 128) / 128
    if samples.dtype.kind == "i" and samples.dtype.itemsize <= BYTES_OF_INTEGERS:
        return _divided(samples)
    if not np.issubdtype(samples.dtype, np.floating):
        hint = "give integers in the type in which they were recorded, as np.int16, or floats: 16 bits / 32768"
        raise AudioError(f"expected samples as floats or integers of 8, 16 or 32 bits, got {samples.dtype}", hint=hint)
    # the two types that can be resampled, in this machine's byte order
    return samples.astype(np.float64 if samples.dtype.itemsize > 4 else np.float32, copy=False)


def _divided(samples: np.ndarray) -> np.ndarray:
    full_scale = -float(np.iinfo(samples.dtype).min)
    floats = samples.astype(np.float64)
    peak = float(np.abs(floats).max(initial=0.0))
    if samples.dtype.itemsize == BYTES_OF_INTEGERS and 0 < peak <= SIXTEEN_BITS:
        told = "if they were recorded with 16 bits, give them as np.int16, or they are heard as silence"
        warnings.warn(f"samples of int32 reach {peak:.0f} of {full_scale:.0f}: {told}", stacklevel=6)
    return floats / full_scale


def _channels(samples: np.ndarray) -> np.ndarray:
    """Return the samples with shape (channels, samples)."""
    if samples.size == 0 or samples.ndim not in (1, 2):
        raise AudioError(f"expected samples of shape (samples,) or (samples, channels), got {samples.shape}")
    if samples.ndim == 1:
        return samples[None]
    channels = samples if samples.shape[0] < samples.shape[1] else samples.T
    if len(channels) > MOST_CHANNELS:
        raise AudioError(f"expected at most {MOST_CHANNELS} channels, got samples of shape {samples.shape}")
    return channels
