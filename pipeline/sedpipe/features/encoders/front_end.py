"""Pretrained encoders as a front end: one, or several side by side on one grid of frames.

- :class:`EncoderConfig`: which ones, and where the frames lie
- :func:`encoder_front_end`: from name and settings, as files hold them
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np

from sedpipe.errors import MissingStageError
from sedpipe.features.encoders.encoder import Encoder, Weights
from sedpipe.features.encoders.runtimes import Runner, open_runner
from sedpipe.frames import FrameGrid

WINDOWS_AT_ONCE = 32
MOST_OPEN = 4

Setting = int | float | str


@dataclass(frozen=True)
class EncoderConfig:
    """Vectors of pretrained encoders, side by side: (n_frames, sum of their dimensions).

    Frame ``k`` stands for the samples from ``k * hop_length`` on, as everywhere. An encoder that says one vector a
    window hears the window around the frame's middle, zeros beyond both ends of the clip; of one with frames of its
    own, the frame is taken in which that middle lies.

    Parameters
    ----------
    encoders : tuple of Encoder
        One or several, each once.
    sample_rate : int
        Hz, of the waveform; it is resampled for those that hear another rate.
    hop_length : int
        Samples from one frame to the next.
    n_frames : int
        Frames of a clip.
    weights : tuple of Weights
        Where their files are; none while they are not needed.

    Raises
    ------
    ValueError
        If there is none, one twice, or a number is not positive.
    """

    encoders: tuple[Encoder, ...]
    sample_rate: int
    hop_length: int
    n_frames: int
    weights: tuple[Weights, ...] = field(default=(), compare=False, repr=False)

    version: ClassVar[int] = 1
    content: ClassVar[str] = "embedding"
    padding: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        names = [encoder.name for encoder in self.encoders]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"expected one encoder, or several different ones, got {', '.join(names) or 'none'}")
        if min(self.sample_rate, self.hop_length, self.n_frames) < 1:
            raise ValueError("sample_rate, hop_length and n_frames must be positive")

    @property
    def name(self) -> str:
        """``encoder:yamnet``, ``encoder:yamnet,aisfx``."""
        return f"encoder:{','.join(encoder.name for encoder in self.encoders)}"

    @property
    def settings(self) -> dict[str, Setting]:
        """Everything that decides a value; of each encoder under ``<its name>.<setting>``."""
        own: dict[str, Setting] = {
            "sample_rate": self.sample_rate, "hop_length": self.hop_length, "n_frames": self.n_frames,
        }  # fmt: skip
        for encoder in self.encoders:
            own |= {f"{encoder.name}.{key}": value for key, value in encoder.settings.items()}
        return own

    @property
    def grid(self) -> FrameGrid:
        """Where the frames lie in time."""
        return FrameGrid(self.sample_rate, self.hop_length)

    @property
    def n_samples(self) -> int:
        """Samples that the frames stand for."""
        return self.n_frames * self.hop_length

    @property
    def n_features(self) -> int:
        """F: dimensions of all encoders."""
        return sum(encoder.dimensions for encoder in self.encoders)

    def extract(self, waveform: np.ndarray) -> tuple[np.ndarray, int]:
        """Vectors (n_frames, n_features) float32, and how many frames count; see ``FrontEnd.extract``.

        Raises
        ------
        ValueError
            If the waveform is not one-dimensional, or empty.
        SedpipeError
            If an encoder's file is not there, or cannot be run.
        """
        if waveform.ndim != 1 or waveform.size == 0:
            raise ValueError(f"waveform must have shape (samples,) with samples > 0, got {waveform.shape}")
        if not self.weights:
            names = " and ".join(encoder.name for encoder in self.encoders)
            first = self.encoders[0].name
            raise MissingStageError(
                f"the file of {names} is not opened", hint=f"run `sedpipe encoders fetch {first}` first"
            )
        counted = np.asarray(waveform[: self.n_samples], np.float32)
        n_frames = self.grid.frames_of_samples(len(counted))
        features = np.full((self.n_frames, self.n_features), self.padding, np.float32)
        end = 0
        for encoder, weights in zip(self.encoders, self.weights, strict=True):
            begin, end = end, end + encoder.dimensions
            features[:n_frames, begin:end] = self._heard_by(encoder, weights, counted)
        return features, n_frames

    def fitted_to(self, sample_rate: int, clip_s: float) -> Self:
        """The same for clips of another length (seconds); encoders know a single rate, so audio is resampled to it."""
        return replace(self, n_frames=self.grid.frames_of_samples(round(clip_s * self.sample_rate)))

    def with_weights(self, weights: tuple[Weights, ...]) -> Self:
        """The same with these files, one an encoder."""
        return replace(self, weights=weights)

    def _heard_by(self, encoder: Encoder, weights: Weights, waveform: np.ndarray) -> np.ndarray:
        """(frames that count, dimensions)."""
        n_frames, rate = self.grid.frames_of_samples(len(waveform)), encoder.sample_rate
        if rate != self.sample_rate:
            import soxr  # only who joins encoders of different rates pays

            waveform = np.asarray(soxr.resample(waveform, self.sample_rate, rate))
        heard = waveform * np.float32(encoder.scale)
        middles = (2 * np.arange(n_frames) + 1) * self.hop_length * rate // (2 * self.sample_rate)
        runner = _opened(encoder, weights)
        return _around(runner, encoder, heard, middles) if not encoder.stride else _at(runner, encoder, heard, middles)


def encoder_front_end(names: str, **settings: Any) -> EncoderConfig:
    """The front end that :attr:`EncoderConfig.settings` are of; it has no weights yet.

    Raises
    ------
    ValueError, TypeError
        If a setting is missing, unknown, or cannot be used.
    """
    own: dict[str, dict[str, Any]] = {name: {} for name in names.split(",")}
    rest = {}
    for key, value in settings.items():
        name, dot, setting = key.partition(".")
        if dot and name in own:
            own[name][setting] = value
        else:
            rest[key] = value
    return EncoderConfig(tuple(Encoder(name, **table) for name, table in own.items()), **rest)


@lru_cache(maxsize=MOST_OPEN)
def _opened(encoder: Encoder, weights: Weights) -> Runner:
    return open_runner(weights.read(), encoder)


def _around(runner: Runner, encoder: Encoder, waveform: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """A window around each frame's middle."""
    before = encoder.window // 2
    last = int(middles[-1]) + encoder.window  # of the padded signal
    padded = np.zeros(max(last, before + len(waveform)), np.float32)
    padded[before : before + len(waveform)] = waveform
    windows = np.lib.stride_tricks.sliding_window_view(padded, encoder.window)
    some = (middles[first : first + WINDOWS_AT_ONCE] for first in range(0, len(middles), WINDOWS_AT_ONCE))
    return np.concatenate([runner(windows[chosen])[:, 0] for chosen in some])


def _at(runner: Runner, encoder: Encoder, waveform: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """Of the encoder's own frames, the one in which each middle lies."""
    frames = np.concatenate([runner(window[None])[0] for window in _in_turn(encoder, waveform)])
    chosen: np.ndarray = frames[np.minimum(middles // encoder.stride, len(frames) - 1)]
    return chosen


def _in_turn(encoder: Encoder, waveform: np.ndarray) -> Iterator[np.ndarray]:
    """Windows that follow each other, the last one filled up with zeros; or all at once, up to a whole frame."""
    length = encoder.window or -(-len(waveform) // encoder.stride) * encoder.stride
    for first in range(0, len(waveform), length):
        window = np.zeros(length, np.float32)
        part = waveform[first : first + length]
        window[: len(part)] = part
        yield window
