"""Log-mel features -> a picture of them, and the heights of frequencies on it.

- :func:`palette_indices`: decibels -> rows of the palette, low bands at the bottom
- :func:`spectrogram_png`: the same as a PNG
- :func:`decibel_range`: the levels that are drawn darkest and brightest, the same for all clips of a page
- :class:`Bands`: the mel bands of the picture; :func:`height_of_frequency`: the height of a frequency on it
- :func:`frequencies_of`: a few frequencies that are written beside it
- :data:`PALETTE`: from dark blue to cream, with increasing lightness, so that it can also be read without colours
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sedpipe.views.png import encode_png

_LEVELS = 64  # more levels would make no visible difference, and would double the bytes
_REDS = (7, 38, 92, 149, 202, 238, 251, 253)
_GREENS = (8, 20, 24, 40, 69, 115, 178, 244)
_BLUES = (26, 79, 109, 100, 74, 53, 83, 205)
_RAMP = np.array([_REDS, _GREENS, _BLUES])
_STEPS = np.linspace(0, _RAMP.shape[1] - 1, _LEVELS)
PALETTE = np.stack([np.interp(_STEPS, np.arange(_RAMP.shape[1]), channel) for channel in _RAMP], 1).astype(np.uint8)
_LINEAR_TO_HZ, _MELS_BELOW, _OCTAVE_STEP = 1000.0, 15.0, np.log(6.4) / 27  # Slaney's scale: linear, then logarithmic
_FREQUENCIES = (500, 2000, 8000)


def palette_indices(features: np.ndarray, decibels: tuple[float, float]) -> np.ndarray:
    """Return the picture of a clip, with one pixel for each value.

    Parameters
    ----------
    features : ndarray [shape=(T, F)]
        Log-mel features in dB.
    decibels : tuple of two floats
        Levels in dB of the first and the last colour; values beyond them also get these colours.

    Returns
    -------
    ndarray [shape=(F, T)]
        uint8; rows of :data:`PALETTE`.
    """
    low, high = decibels
    share = np.clip((features.astype(np.float32) - low) / max(high - low, 1e-6), 0, 1)
    return np.ascontiguousarray(np.rint(share * (_LEVELS - 1)).astype(np.uint8).T[::-1])


def spectrogram_png(features: np.ndarray, decibels: tuple[float, float]) -> bytes:
    """Return the same picture as a PNG of T by F pixels."""
    return encode_png(palette_indices(features, decibels), PALETTE)


def decibel_range(clips: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the range in dB that covers all but the extremes of some clips' features (T, F), which have no padding."""
    values = np.concatenate([clip.ravel() for clip in clips]).astype(np.float32)
    low, high = np.percentile(values, [5, 99.8])
    return float(low), float(high)


@dataclass(frozen=True)
class Bands:
    """Slaney's mel bands: lower end of the lowest and upper end of the highest in Hz, and their number."""

    low: float
    high: float
    count: int


def height_of_frequency(frequency: float, bands: Bands) -> float:
    """Return the height of a frequency as a share of the picture's, from the bottom; outside [0, 1] it is not on it.

    Band ``k`` of ``n`` peaks at the share ``(k + 1) / (n + 1)`` of the way from the lowest mel to the highest, and is
    drawn from ``k / n`` to ``(k + 1) / n`` of the height.

    >>> round(height_of_frequency(1000, Bands(0, 22_050, 80)), 2)
    0.25
    """
    lowest, highest = _mel(bands.low), _mel(bands.high)
    band = (_mel(frequency) - lowest) / (highest - lowest) * (bands.count + 1) - 1
    return float((band + 0.5) / bands.count)


def frequencies_of(bands: Bands) -> list[tuple[str, float]]:
    """Return the names of a few frequencies within the bands, and their heights on the picture in per cent.

    >>> [name for name, _ in frequencies_of(Bands(0, 4000, 64))]
    ['500 Hz', '2 kHz']
    """
    heights = {hertz: height_of_frequency(hertz, bands) for hertz in _FREQUENCIES}
    return [
        (f"{hertz / 1000:g} kHz" if hertz >= 1000 else f"{hertz} Hz", 100 * height)
        for hertz, height in heights.items()
        if 0 <= height <= 1
    ]


def _mel(frequency: float) -> float:
    if frequency < _LINEAR_TO_HZ:
        return frequency / _LINEAR_TO_HZ * _MELS_BELOW
    return _MELS_BELOW + float(np.log(frequency / _LINEAR_TO_HZ) / _OCTAVE_STEP)
