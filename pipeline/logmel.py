"""Waveform -> log-mel spectrogram; arrays in, arrays out.

- :class:`LogMelConfig`: every parameter that decides a value
- :func:`log_mel`: the spectrogram of one clip
- :func:`mel_filterbank`: librosa's filters, cached
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
import scipy.signal

from pipeline.frames import FrameGrid

EXTRACTOR_VERSION = 1
"""Counts up whenever the same parameters would give other values, so that stored features are made anew."""

FRAMES_PER_BLOCK = 125
"""Frames transformed at once: 125 x 2048 float32 values stay in the processor's cache."""


@dataclass(frozen=True)
class LogMelConfig:
    """Parameters of the log-mel spectrogram; the defaults are the paper's 500 x 80 of a 10-second clip.

    Parameters
    ----------
    sample_rate : int
        Hz.
    window_length, hop_length, n_fft : int
        Samples: a periodic Hann window of 40 ms, a frame each 20 ms, zero-padded to ``n_fft``.
    n_frames : int
        Frames kept; a centred transform of 10 s has one more.
    n_mels : int
        Slaney bands with Slaney normalisation from 0 Hz to half the sample rate.
    floor : float
        Smallest power, before 10 * log10.

    Raises
    ------
    ValueError
        If a number is not positive, or ``window_length > n_fft``.
    """

    sample_rate: int = 44_100
    window_length: int = 1764
    hop_length: int = 882
    n_fft: int = 2048
    n_frames: int = 500
    n_mels: int = 80
    floor: float = 1e-10

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value <= 0:
                raise ValueError(f"{name} must be positive, got {value}")
        if self.window_length > self.n_fft:
            raise ValueError(f"window_length must be at most n_fft ({self.n_fft}), got {self.window_length}")

    @property
    def grid(self) -> FrameGrid:
        """Where the frames lie in time."""
        return FrameGrid(self.sample_rate, self.hop_length)

    @property
    def n_samples(self) -> int:
        """Samples that the kept frames stand for."""
        return self.n_frames * self.hop_length

    @property
    def floor_db(self) -> float:
        """Value of silence and of padded frames, in dB."""
        return float(10 * np.log10(self.floor))


def log_mel(waveform: np.ndarray, config: LogMelConfig) -> tuple[np.ndarray, int]:
    """Log-mel spectrogram of one clip, and how many of its frames count.

    Frame ``k`` is centred on sample ``k * hop_length``; beyond both ends there are zeros.

    Parameters
    ----------
    waveform : np.ndarray [shape=(samples,)]
        Mono at ``config.sample_rate``. Samples past ``config.n_samples`` are not looked at.
    config : LogMelConfig

    Returns
    -------
    features : np.ndarray [shape=(n_frames, n_mels)]
        float32, dB: ``10 * log10(max(power, floor))``. Frames past the clip's end hold the floor.
    n_frames : int
        Frames whose first sample lies in the clip.

    Raises
    ------
    ValueError
        If the waveform is not one-dimensional, or empty.
    """
    if waveform.ndim != 1 or waveform.size == 0:
        raise ValueError(f"waveform must have shape (samples,) with samples > 0, got {waveform.shape}")
    counted = waveform[: config.n_samples]
    n_frames = config.grid.frames_of_samples(len(counted))
    features = np.full((config.n_frames, config.n_mels), config.floor_db, dtype=np.float32)
    features[:n_frames] = _log_mel_frames(counted, n_frames, config)
    return features, n_frames


def _log_mel_frames(waveform: np.ndarray, n_frames: int, config: LogMelConfig) -> np.ndarray:
    """Values (n_frames, n_mels) of the first frames; works through blocks that fit the cache."""
    centre = config.n_fft // 2
    padded = np.zeros((n_frames - 1) * config.hop_length + config.n_fft, dtype=np.float32)
    heard = waveform[: len(padded) - centre]
    padded[centre : centre + len(heard)] = heard
    frames = np.lib.stride_tricks.sliding_window_view(padded, config.n_fft)[:: config.hop_length]
    window, filters = _window(config), mel_filterbank(config)
    values = np.empty((n_frames, config.n_mels), dtype=np.float32)
    for first in range(0, n_frames, FRAMES_PER_BLOCK):
        block = slice(first, min(first + FRAMES_PER_BLOCK, n_frames))
        spectrum = scipy.fft.rfft(frames[block] * window, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        values[block] = 10 * np.log10(np.maximum(power @ filters, np.float32(config.floor)))
    return values


@lru_cache(maxsize=4)
def _window(config: LogMelConfig) -> np.ndarray:
    """Periodic Hann window, centred in ``n_fft`` samples."""
    hann = scipy.signal.get_window("hann", config.window_length, fftbins=True)
    before = (config.n_fft - config.window_length) // 2
    return np.pad(hann, (before, config.n_fft - config.window_length - before)).astype(np.float32)


@lru_cache(maxsize=4)
def mel_filterbank(config: LogMelConfig) -> np.ndarray:
    """Filters (n_fft // 2 + 1, n_mels), float32: librosa's Slaney bands with Slaney normalisation."""
    import librosa.filters  # takes a second to import; only who makes features pays

    filters = librosa.filters.mel(sr=config.sample_rate, n_fft=config.n_fft, n_mels=config.n_mels)
    return np.ascontiguousarray(filters.T, dtype=np.float32)
