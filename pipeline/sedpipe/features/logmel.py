"""Waveform -> log-mel spectrogram; arrays in, arrays out.

- :class:`LogMelConfig`: every parameter that determines values; a :class:`~sedpipe.features.front_end.FrontEnd`
- :func:`log_mel`: the spectrogram of one clip
- :func:`mel_filterbank`: its mel bands; :func:`empty_bands`: those that are always silent
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from typing import ClassVar, Self

import numpy as np

from sedpipe.frames import FrameGrid

_MOST_N_FFT = 2**17  # 40 ms at 1 MHz need half of it; model files from elsewhere may claim any number
_MOST_N_MELS = 1024

WINDOWS = ("hann", "hamming")
SPECTRA = ("power", "magnitude")
_FIRST_EDITION = ("sample_rate", "window_length", "hop_length", "n_fft", "n_frames", "n_mels", "floor")
"""Settings that are always listed, since fingerprints were computed from them."""


@dataclass(frozen=True)
class LogMelConfig:
    """Parameters of the log-mel spectrogram; the defaults give the paper's 500 x 80 for a 10-second clip.

    Parameters
    ----------
    sample_rate : int
        Sample rate in Hz.
    window_length, hop_length, n_fft : int
        Numbers of samples: by default, a periodic Hann window of 40 ms, a frame every 20 ms; windows are zero-padded to
        ``n_fft``, a power of two.
    n_frames : int
        Number of frames kept; a centred transform of 10 s has one more.
    n_mels : int
        Number of Slaney bands with Slaney normalisation.
    floor : float
        Smallest power, applied before 10 * log10.
    f_min, f_max : float
        Lower edge of the lowest band and upper edge of the highest, Hz; 0 for ``f_max`` is half the sample rate.
    window : str
        ``hann`` or ``hamming``, both periodic.
    spectrum : str
        What a band sums: ``power``, or ``magnitude``, in which case the sum is squared.
    range_db : float
        If it is not 0, values are relative to the clip's loudest one, from 0 down to minus ``range_db``; a clip without
        any sound has the lowest value throughout.

    Raises
    ------
    ValueError
        If a number is not positive, or not whole where samples, frames or bands are counted, ``n_fft`` is not a power
        of two from 8 to 131072, ``n_mels > 1024``, ``window_length > n_fft``, ``floor`` is below the smallest normal
        float32, the bands do not lie within half the sample rate, ``range_db`` is negative, or ``window`` or
        ``spectrum`` is unknown.
    """

    sample_rate: int = 44_100
    window_length: int = 1764
    hop_length: int = 882
    n_fft: int = 2048
    n_frames: int = 500
    n_mels: int = 80
    floor: float = 1e-10
    f_min: float = 0.0
    f_max: float = 0.0
    window: str = "hann"
    spectrum: str = "power"
    range_db: float = 0.0

    name: ClassVar[str] = "logmel"
    version: ClassVar[int] = 2
    content: ClassVar[str] = "decibels"

    def __post_init__(self) -> None:
        for name in _FIRST_EDITION:
            value = getattr(self, name)
            if not 0 < value < np.inf:
                raise ValueError(f"{name} must be positive, got {value}")
            if name != "floor" and not isinstance(value, int):
                raise ValueError(f"{name} must be a whole number, got {value}")
        if self.window_length > self.n_fft:
            raise ValueError(f"window_length must be at most n_fft ({self.n_fft}), got {self.window_length}")
        if self.n_fft < 8 or self.n_fft.bit_count() > 1:
            raise ValueError(f"n_fft must be a power of two, at least 8, got {self.n_fft}")
        if self.n_fft > _MOST_N_FFT or self.n_mels > _MOST_N_MELS:
            most = f"n_fft must be at most {_MOST_N_FFT} and n_mels at most {_MOST_N_MELS}"
            raise ValueError(f"{most}, got {self.n_fft} and {self.n_mels}")
        if self.floor < np.finfo(np.float32).tiny:
            raise ValueError(f"floor must be at least {np.finfo(np.float32).tiny}, got {self.floor}")
        if not 0 <= self.f_min < self.highest <= self.sample_rate / 2:
            half = self.sample_rate / 2
            raise ValueError(f"bands must lie from 0 to {half:g} Hz, got {self.f_min:g} to {self.highest:g}")
        if not 0 <= self.range_db < np.inf:
            raise ValueError(f"range_db must not be negative, got {self.range_db}")
        for name, known in (("window", WINDOWS), ("spectrum", SPECTRA)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")

    @property
    def highest(self) -> float:
        """Upper edge of the highest band, Hz."""
        return self.f_max or self.sample_rate / 2

    @property
    def settings(self) -> dict[str, int | float | str]:
        """Everything that determines values; settings newer than the first edition only if they are not the default."""
        usual = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in asdict(self).items() if name in _FIRST_EDITION or value != usual[name]}

    @property
    def grid(self) -> FrameGrid:
        """Positions of the frames in time."""
        return FrameGrid(self.sample_rate, self.hop_length)

    @property
    def n_features(self) -> int:
        """Number of mel bands, F."""
        return self.n_mels

    @property
    def n_samples(self) -> int:
        """Number of samples that the kept frames stand for."""
        return self.n_frames * self.hop_length

    @property
    def floor_db(self) -> float:
        """The smallest power, in dB."""
        return float(10 * np.log10(self.floor))

    @property
    def silence_db(self) -> float:
        """Value of digital silence in dB; minus infinity where values are relative to the clip: none is silence."""
        return -np.inf if self.range_db else self.floor_db

    @property
    def padding(self) -> float:
        """Value of the frames after a clip's end: that of silence, or the lowest one relative to the clip."""
        return -self.range_db or self.floor_db

    def extract(self, waveform: np.ndarray) -> tuple[np.ndarray, int]:
        """Compute the spectrogram of a clip, and the number of its frames that count: :func:`log_mel`."""
        return log_mel(waveform, self)

    def fitted_to(self, sample_rate: int, clip_s: float) -> Self:
        """Return a front end for clips of another rate (Hz) and length (seconds): window and hop last as long as here.

        ``n_fft`` is the power of two that holds the window, times the same factor as here; the bands go up to half
        the new rate, or only as far as here if that is lower.

        Examples
        --------
        >>> LogMelConfig().fitted_to(8000, 3.0).settings
        {'sample_rate': 8000, 'window_length': 320, 'hop_length': 160, 'n_fft': 512, 'n_frames': 150, 'n_mels': 80, \
'floor': 1e-10}
        """
        window, hop = (
            max(1, round(length * sample_rate / self.sample_rate)) for length in (self.window_length, self.hop_length)
        )
        n_fft = _transform_of(window) * (self.n_fft // _transform_of(self.window_length))
        n_frames = FrameGrid(sample_rate, hop).frames_of_samples(round(clip_s * sample_rate))
        return replace(
            self,
            sample_rate=sample_rate,
            window_length=window,
            hop_length=hop,
            n_fft=n_fft,
            n_frames=n_frames,
            f_max=self.f_max if self.f_max < sample_rate / 2 else 0.0,
        )


def _transform_of(window_length: int) -> int:
    """Return the length of the shortest transform that holds a window."""
    return max(8, 1 << (window_length - 1).bit_length())


def log_mel(waveform: np.ndarray, config: LogMelConfig) -> tuple[np.ndarray, int]:
    """Compute the log-mel spectrogram of one clip, and the number of its frames that count.

    Frame ``k`` is centred on sample ``k * hop_length``; beyond both ends there are zeros.

    Parameters
    ----------
    waveform : np.ndarray [shape=(samples,)]
        Mono samples at ``config.sample_rate``. Those after the first ``config.n_samples`` are not used.
    config : LogMelConfig

    Returns
    -------
    features : np.ndarray [shape=(n_frames, n_mels)]
        float32, dB: ``10 * log10(max(power, floor))``, where power is a sum of powers, or a sum of magnitudes, squared.
        Frames after the clip's end hold the floor. With ``range_db``, all values are relative to the loudest one.
    n_frames : int
        Number of frames whose first sample lies in the clip.

    Raises
    ------
    ValueError
        If the waveform is not one-dimensional, or empty.
    """
    if waveform.ndim != 1 or waveform.size == 0:
        raise ValueError(f"waveform must have shape (samples,) with samples > 0, got {waveform.shape}")
    from sedpipe.features.logmel_kernel import log_mel_frames  # numba takes half a second: only when needed

    counted = waveform[: config.n_samples]
    n_frames = config.grid.frames_of_samples(len(counted))
    features = np.full((config.n_frames, config.n_mels), config.padding, dtype=np.float32)
    tables = _tables(config)
    heard = np.ascontiguousarray(counted, dtype=np.float32)
    times = _times(config)
    log_mel_frames(
        heard, config.hop_length, tables.window, config.n_fft,
        tables.cosines, tables.sines, tables.filters, tables.edges, times == 2, np.float32(config.floor ** (1 / times)),
        np.float32(config.floor_db / times), features[:n_frames],
    )  # fmt: skip
    if times == 2:
        features[:n_frames] *= 2
    _refine(heard, features[:n_frames], config, tables)
    if config.range_db:
        _make_relative(features[:n_frames], config)
    return features, n_frames


def _make_relative(features: np.ndarray, config: LogMelConfig) -> None:
    loudest = features.max()
    is_heard = loudest > np.float32(config.floor_db)
    features[:] = np.maximum(features - loudest, -config.range_db) if is_heard else -config.range_db


def _times(config: LogMelConfig) -> int:
    """Return the factor of a band's decibels: 2 for a sum of magnitudes, since its square is a power, else 1."""
    return 2 if config.spectrum == "magnitude" else 1


_COUNTED_DB = 81.0
"""Values further than this below the clip's loudest may stay as float32 gives them: off by half a decibel at most."""
_DEEP_DB = 76.0
"""Values further than this below the loudest of their frame may be off by over 0.001 dB, since float32 rounds."""


def _refine(waveform: np.ndarray, features: np.ndarray, config: LogMelConfig, tables: _Tables) -> None:
    """Recompute the frames in which a band that counts lies far below another one, in float64; these are few."""
    from sedpipe.features.logmel_kernel import mel_sums

    counts = features > features.max() - _COUNTED_DB
    deep = features < features.max(axis=1, keepdims=True) - _DEEP_DB
    rows = np.flatnonzero((counts & deep).any(axis=1))
    if rows.size == 0:
        return
    length = config.window_length
    before = (config.n_fft - length) // 2
    places = rows[:, None] * config.hop_length - config.n_fft // 2 + before + np.arange(length)
    inside = (places >= 0) & (places < waveform.size)
    frames = np.where(inside, waveform[places.clip(0, waveform.size - 1)], 0) * _window(config)
    spectrum = np.fft.rfft(frames, config.n_fft, axis=1)  # a shift within the frame changes no power
    mel, times = np.empty((rows.size, config.n_mels)), _times(config)
    power = spectrum.real**2 + spectrum.imag**2
    mel_sums(power if times == 1 else np.sqrt(power), tables.filters, tables.edges, mel)
    features[rows] = 10 * times * np.log10(np.maximum(mel, config.floor ** (1 / times)))


def _window(config: LogMelConfig) -> np.ndarray:
    """Return the window that each frame's samples are multiplied by."""
    least = 0.5 if config.window == "hann" else 0.54
    length = config.window_length
    return np.asarray(least - (1 - least) * np.cos(2 * np.pi * np.arange(length) / length))


@dataclass(frozen=True)
class _Tables:
    """Lookup tables of the loops; see :func:`sedpipe.features.logmel_kernel.log_mel_frames`."""

    window: np.ndarray
    cosines: np.ndarray
    sines: np.ndarray
    filters: np.ndarray
    edges: np.ndarray


@lru_cache(maxsize=4)
def _tables(config: LogMelConfig) -> _Tables:
    angles = -2 * np.pi * np.arange(config.n_fft) / config.n_fft
    filters = np.ascontiguousarray(mel_filterbank(config).T)
    heard = filters > 0
    first = heard.argmax(axis=1)
    edges = np.stack(
        [first, np.where(heard.any(axis=1), filters.shape[1] - heard[:, ::-1].argmax(axis=1), first)], axis=1
    )
    return _Tables(
        window=_window(config).astype(np.float32),
        cosines=np.cos(angles).astype(np.float32),
        sines=np.sin(angles).astype(np.float32),
        filters=filters,
        edges=np.ascontiguousarray(edges, dtype=np.int64),
    )


@lru_cache(maxsize=4)
def mel_filterbank(config: LogMelConfig) -> np.ndarray:
    """Return filters (n_fft // 2 + 1, n_mels), float32: librosa's Slaney bands with Slaney normalisation."""
    import librosa.filters  # takes a second to import: only when needed

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Empty filters", UserWarning)  # `features` reports them, once
        filters = librosa.filters.mel(
            sr=config.sample_rate, n_fft=config.n_fft, n_mels=config.n_mels, fmin=config.f_min, fmax=config.highest
        )
    return np.ascontiguousarray(filters.T, dtype=np.float32)


def empty_bands(config: LogMelConfig) -> list[int]:
    """Return the bands, counted from 0, so narrow that they contain no bin of the transform: they are always silent.

    Bins are ``sample_rate / n_fft`` Hz apart, which may be too far apart for the number of bands.

    >>> empty_bands(LogMelConfig()), len(empty_bands(LogMelConfig().fitted_to(1000, 10.0)))
    ([], 18)
    """
    return [int(band) for band in np.flatnonzero(~mel_filterbank(config).any(axis=0))]
