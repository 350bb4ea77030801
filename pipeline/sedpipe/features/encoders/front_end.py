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

from sedpipe.errors import AudioError, MissingStageError
from sedpipe.features.encoders.encoder import Encoder, Weights
from sedpipe.features.encoders.runtimes import Runner, open_runner
from sedpipe.features.framed import FramedFrontEnd

WINDOWS_AT_ONCE = 32
MOST_OPEN = 4

Setting = int | float | str


@dataclass(frozen=True)
class EncoderConfig(FramedFrontEnd):
    """Vectors of pretrained encoders, side by side: (n_frames, sum of their dimensions).

    An encoder that says one vector a window hears the window around the frame's middle, zeros beyond both ends of the
    clip; of one with frames of its own, the frame is taken in which that middle lies.

    Parameters
    ----------
    sample_rate : int
        Hz, of the waveform; it is resampled for those that hear another rate.
    hop_length, n_frames : int
        Samples from one frame to the next, and frames of a clip.
    encoders : tuple of Encoder
        One or several, each once.
    weights : tuple of Weights
        Where their files are; none while they are not needed.

    Raises
    ------
    ValueError
        If there is no encoder, one twice, or a number is not a whole one from 1 on.
    """

    encoders: tuple[Encoder, ...] = ()
    weights: tuple[Weights, ...] = field(default=(), compare=False, repr=False)

    content: ClassVar[str] = "embedding"

    def __post_init__(self) -> None:
        super().__post_init__()
        names = [encoder.name for encoder in self.encoders]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"expected one encoder, or several different ones, got {', '.join(names) or 'none'}")

    @property
    def name(self) -> str:
        """``encoder:yamnet``, ``encoder:yamnet,aisfx``."""
        return f"encoder:{','.join(encoder.name for encoder in self.encoders)}"

    @property
    def settings(self) -> dict[str, Setting]:
        """Everything that decides a value; of each encoder under ``<its name>.<setting>``."""
        own: dict[str, Setting] = {key: getattr(self, key) for key in ("sample_rate", "hop_length", "n_frames")}
        for encoder in self.encoders:
            own |= {f"{encoder.name}.{key}": value for key, value in encoder.settings.items()}
        return own

    @property
    def n_features(self) -> int:
        """F: dimensions of all encoders."""
        return sum(encoder.dimensions for encoder in self.encoders)

    def frames_of(self, samples: np.ndarray, n_frames: int) -> np.ndarray:
        """Vectors (n_frames, n_features) of the frames that count.

        Raises
        ------
        SedpipeError
            If an encoder's file is not there, or cannot be run.
        AudioError
            If one gives values that are no finite numbers.
        """
        if not self.weights:
            names, first = " and ".join(encoder.name for encoder in self.encoders), self.encoders[0].name
            raise MissingStageError(
                f"the file of {names} is not opened", hint=f"run `sedpipe encoders fetch {first}` first"
            )
        pairs = zip(self.encoders, self.weights, strict=True)
        return np.concatenate([self._heard_by(*pair, samples, n_frames) for pair in pairs], axis=1)

    def fitted_to(self, sample_rate: int, clip_s: float) -> Self:
        """The same for clips of another length (seconds); encoders know a single rate, so audio is resampled to it."""
        return replace(self, n_frames=self.grid.frames_of_samples(round(clip_s * self.sample_rate)))

    def with_weights(self, weights: tuple[Weights, ...]) -> Self:
        """The same with these files, one an encoder."""
        return replace(self, weights=weights)

    def _heard_by(self, encoder: Encoder, weights: Weights, samples: np.ndarray, n_frames: int) -> np.ndarray:
        """(n_frames, dimensions)."""
        rate = encoder.sample_rate
        if rate != self.sample_rate:
            import soxr  # only who joins encoders of different rates pays

            samples = np.asarray(soxr.resample(samples, self.sample_rate, rate))
        heard = samples * np.float32(encoder.scale)
        middles = (2 * np.arange(n_frames) + 1) * self.hop_length * rate // (2 * self.sample_rate)
        runner = _opened(encoder, weights)
        take = _at if encoder.stride else _around
        vectors = take(runner, encoder, heard, middles)
        if not np.isfinite(vectors).all():
            raise AudioError(
                f"the encoder {encoder.name} gives NaN or infinite values for it: compare scale and sample_rate in its "
                "TOML with what it was made for"
            )
        return vectors


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
    return EncoderConfig(encoders=tuple(Encoder(name, **table) for name, table in own.items()), **rest)


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
