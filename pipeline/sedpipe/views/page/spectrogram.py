"""Log-mel features -> a picture of them, and where frequencies lie on it.

- :func:`palette_indices`: decibels -> rows of the palette, low bands at the bottom
- :func:`spectrogram_png`: the same as a PNG
- :func:`decibel_range`: what is drawn darkest and brightest, the same for all clips of a page
- :func:`height_of_frequency`: where a frequency lies on the picture
- :data:`PALETTE`: from night to cream, ever lighter, so that it reads without colours, too
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sedpipe.views.png import encode_png

_LEVELS = 64  # more would not be seen, and would double the bytes
_REDS = (7, 38, 92, 149, 202, 238, 251, 253)
_GREENS = (8, 20, 24, 40, 69, 115, 178, 244)
_BLUES = (26, 79, 109, 100, 74, 53, 83, 205)
_RAMP = np.array([_REDS, _GREENS, _BLUES])
_STEPS = np.linspace(0, _RAMP.shape[1] - 1, _LEVELS)
PALETTE = np.stack([np.interp(_STEPS, np.arange(_RAMP.shape[1]), channel) for channel in _RAMP], 1).astype(np.uint8)
_LINEAR_TO_HZ, _MELS_BELOW, _OCTAVE_STEP = 1000.0, 15.0, np.log(6.4) / 27  # Slaney's scale: linear, then logarithmic


def palette_indices(features: np.ndarray, decibels: tuple[float, float]) -> np.ndarray:
    """Picture of one clip, a pixel a value.

    Parameters
    ----------
    features : ndarray [shape=(T, F)]
        dB.
    decibels : tuple of two floats
        What has the first and the last colour; values beyond have them, too.

    Returns
    -------
    ndarray [shape=(F, T)]
        uint8, each a row of :data:`PALETTE`.
    """
    low, high = decibels
    share = np.clip((features.astype(np.float32) - low) / max(high - low, 1e-6), 0, 1)
    return np.ascontiguousarray(np.rint(share * (_LEVELS - 1)).astype(np.uint8).T[::-1])


def spectrogram_png(features: np.ndarray, decibels: tuple[float, float]) -> bytes:
    """The same as a PNG of T by F pixels."""
    return encode_png(palette_indices(features, decibels), PALETTE)


def decibel_range(clips: Sequence[np.ndarray]) -> tuple[float, float]:
    """Range that shows all but the extremes of some clips' features (T, F), which must count in full."""
    values = np.concatenate([clip.ravel() for clip in clips]).astype(np.float32)
    low, high = np.percentile(values, [5, 99.8])
    return float(low), float(high)


def height_of_frequency(frequency: float, sample_rate: int, n_mels: int) -> float:
    """Share of the picture's height, from the bottom, at which a frequency lies.

    Band ``k`` of Slaney's ``n_mels`` peaks at the mel ``(k + 1) / (n_mels + 1)`` of half the sample rate, and is drawn
    from ``k / n_mels`` to ``(k + 1) / n_mels`` of the height.

    >>> round(height_of_frequency(1000, 44_100, 80), 2)
    0.25
    """
    band = _mel(frequency) / _mel(sample_rate / 2) * (n_mels + 1) - 1
    return float((band + 0.5) / n_mels)


def _mel(frequency: float) -> float:
    if frequency < _LINEAR_TO_HZ:
        return frequency / _LINEAR_TO_HZ * _MELS_BELOW
    return _MELS_BELOW + float(np.log(frequency / _LINEAR_TO_HZ) / _OCTAVE_STEP)
