"""Pretrained encoders as a front end: one, or several side by side on one grid of frames.

- :class:`EncoderConfig`: the encoders, and the positions of the frames
- :func:`encoder_front_end`: builds one from name and settings, as files contain them
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
    """Embeddings from pretrained encoders, side by side: (n_frames, sum of their dimensions).

    An encoder with one vector per window takes the window around the frame's middle as input, with zeros beyond both
    ends of the clip; of an encoder with frames of its own, the frame in which that middle lies is used.

    Parameters
    ----------
    sample_rate : int
        Sample rate of the waveform in Hz; it is resampled for encoders with another rate.
    hop_length, n_frames : int
        Number of samples from one frame to the next, and number of frames of a clip.
    encoders : tuple of Encoder
        One encoder, or several different ones.
    weights : tuple of Weights
        Files of the encoders; empty while they are not needed.

    Raises
    ------
    ValueError
        If there is no encoder, one is given twice, or a number is not a whole number of at least 1.
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
        """Name of the front end: ``encoder:yamnet``, ``encoder:yamnet,aisfx``."""
        return f"encoder:{','.join(encoder.name for encoder in self.encoders)}"

    @property
    def settings(self) -> dict[str, Setting]:
        """Everything that determines values; settings of encoders have keys ``<encoder's name>.<setting>``."""
        own: dict[str, Setting] = {key: getattr(self, key) for key in ("sample_rate", "hop_length", "n_frames")}
        for encoder in self.encoders:
            own |= {f"{encoder.name}.{key}": value for key, value in encoder.settings.items()}
        return own

    @property
    def n_features(self) -> int:
        """Sum of the dimensions of all encoders, F."""
        return sum(encoder.dimensions for encoder in self.encoders)

    def frames_of(self, samples: np.ndarray, n_frames: int) -> np.ndarray:
        """Return embeddings (n_frames, n_features) of the frames that count.

        Raises
        ------
        SedpipeError
            If an encoder's file is missing, or cannot be run.
        AudioError
            If an encoder's output is not finite.
        """
        if not self.weights:
            names, first = " and ".join(encoder.name for encoder in self.encoders), self.encoders[0].name
            raise MissingStageError(
                f"the file of {names} is not opened", hint=f"run `sedpipe encoders fetch {first}` first"
            )
        pairs = zip(self.encoders, self.weights, strict=True)
        return np.concatenate([self._heard_by(*pair, samples, n_frames) for pair in pairs], axis=1)

    def fitted_to(self, sample_rate: int, clip_s: float) -> Self:
        """Return a front end for clips of another length (seconds); the rate is fixed: audio is resampled to it."""
        return replace(self, n_frames=self.grid.frames_of_samples(round(clip_s * self.sample_rate)))

    def with_weights(self, weights: tuple[Weights, ...]) -> Self:
        """Return the same front end with these files, one per encoder."""
        return replace(self, weights=weights)

    def _heard_by(self, encoder: Encoder, weights: Weights, samples: np.ndarray, n_frames: int) -> np.ndarray:
        """Return an encoder's embeddings (n_frames, dimensions)."""
        rate = encoder.sample_rate
        if rate != self.sample_rate:
            import soxr  # only needed for encoders of different rates

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
    """Build the front end that has these :attr:`EncoderConfig.settings`; it has no weights yet.

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
    """Return the encoder's output for a window around each frame's middle."""
    before = encoder.window // 2
    last = int(middles[-1]) + encoder.window  # end of the last window in the padded signal
    padded = np.zeros(max(last, before + len(waveform)), np.float32)
    padded[before : before + len(waveform)] = waveform
    windows = np.lib.stride_tricks.sliding_window_view(padded, encoder.window)
    some = (middles[first : first + WINDOWS_AT_ONCE] for first in range(0, len(middles), WINDOWS_AT_ONCE))
    return np.concatenate([runner(windows[chosen])[:, 0] for chosen in some])


def _at(runner: Runner, encoder: Encoder, waveform: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """Return, for each frame's middle, the encoder's own frame in which it lies."""
    frames = np.concatenate([runner(window[None])[0] for window in _in_turn(encoder, waveform)])
    chosen: np.ndarray = frames[np.minimum(middles // encoder.stride, len(frames) - 1)]
    return chosen


def _in_turn(encoder: Encoder, waveform: np.ndarray) -> Iterator[np.ndarray]:
    """Yield consecutive windows, the last one filled up with zeros; or the whole, filled up to a whole frame."""
    length = encoder.window or -(-len(waveform) // encoder.stride) * encoder.stride
    for first in range(0, len(waveform), length):
        window = np.zeros(length, np.float32)
        part = waveform[first : first + length]
        window[: len(part)] = part
        yield window
