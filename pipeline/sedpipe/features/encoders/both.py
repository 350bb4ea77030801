"""A spectrogram and embeddings of pretrained encoders, for the same clip on the same frames.

- :class:`BothConfig`: each frame holds the few log-mel frames that it spans, one after the other, then its embeddings
- :func:`both_front_end`: builds one from name and settings, as files contain them
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from sedpipe.features.encoders.encoder import Encoder, Weights
from sedpipe.features.encoders.front_end import EncoderConfig, Setting, encoder_front_end
from sedpipe.features.logmel import LogMelConfig
from sedpipe.frames import FrameGrid

_LOGMEL = "logmel."


@dataclass(frozen=True)
class BothConfig:
    """Log-mel and embeddings: (n_frames, frames_each * n_mels + dimensions of all encoders).

    A network gets its spectrogram back by ``x[..., :n_decibels].reshape(B, T * frames_each, n_mels)``.

    Parameters
    ----------
    spectrogram : LogMelConfig
    vectors : EncoderConfig
        Encoders with the spectrogram's sample rate; each of their frames must span the same whole number of the
        spectrogram's frames, and together all of them.

    Raises
    ------
    ValueError
        If the two do not fit each other.
    """

    spectrogram: LogMelConfig
    vectors: EncoderConfig

    version: ClassVar[int] = LogMelConfig.version + EncoderConfig.version
    content: ClassVar[str] = "both"
    padding: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        short, long = self.spectrogram, self.vectors
        if short.sample_rate != long.sample_rate or long.hop_length % short.hop_length:
            raise ValueError(
                f"a frame of encoders ({long.hop_length} samples at {long.sample_rate} Hz) must last a number of "
                f"log-mel frames ({short.hop_length} at {short.sample_rate} Hz)"
            )
        if short.n_frames != self.frames_each * long.n_frames:
            raise ValueError(f"expected {self.frames_each} x {long.n_frames} log-mel frames, got {short.n_frames}")

    @property
    def name(self) -> str:
        """Name of the front end: ``both:yamnet``."""
        return self.vectors.name.replace("encoder:", "both:", 1)

    @property
    def settings(self) -> dict[str, Setting]:
        """Everything that determines values; settings of the spectrogram have keys ``logmel.<setting>``."""
        return {
            **{f"{_LOGMEL}{key}": value for key, value in self.spectrogram.settings.items()},
            **self.vectors.settings,
        }

    @property
    def frames_each(self) -> int:
        """Number of log-mel frames in each frame."""
        return self.vectors.hop_length // self.spectrogram.hop_length

    @property
    def n_decibels(self) -> int:
        """Number of values of the spectrogram in a frame; they come first."""
        return self.frames_each * self.spectrogram.n_mels

    @property
    def sample_rate(self) -> int:
        """Sample rate of the waveform in Hz."""
        return self.vectors.sample_rate

    @property
    def hop_length(self) -> int:
        """Number of samples from one frame to the next."""
        return self.vectors.hop_length

    @property
    def grid(self) -> FrameGrid:
        """Positions of the frames in time."""
        return self.vectors.grid

    @property
    def n_samples(self) -> int:
        """Number of samples that the frames stand for."""
        return self.vectors.n_samples

    @property
    def n_frames(self) -> int:
        """Number of frames of a clip, T."""
        return self.vectors.n_frames

    @property
    def n_features(self) -> int:
        """Number of values per frame, F."""
        return self.n_decibels + self.vectors.n_features

    @property
    def encoders(self) -> tuple[Encoder, ...]:
        """Encoders that it needs."""
        return self.vectors.encoders

    @property
    def weights(self) -> tuple[Weights, ...]:
        """Files of the encoders: one per encoder, or none."""
        return self.vectors.weights

    def with_weights(self, weights: tuple[Weights, ...]) -> Self:
        """Return the same front end with these files, one per encoder."""
        return replace(self, vectors=self.vectors.with_weights(weights))

    def extract(self, waveform: np.ndarray) -> tuple[np.ndarray, int]:
        """Compute the features of one clip, and the number of frames that count.

        In the last of these frames, log-mel frames after the clip's end are silent.
        """
        vectors, n_frames = self.vectors.extract(waveform)
        decibels, _ = self.spectrogram.extract(waveform)
        features = np.concatenate([decibels.reshape(self.n_frames, self.n_decibels), vectors], axis=1)
        features[n_frames:] = self.padding
        return features, n_frames

    def fitted_to(self, sample_rate: int, clip_s: float) -> Self:
        """Return a front end for clips of another rate (Hz) and length (seconds); ``frames_each`` stays the same."""
        fitted = self.spectrogram.fitted_to(sample_rate, clip_s)
        return type(self)(*aligned(fitted, self.vectors, self.frames_each))


def aligned(spectrogram: LogMelConfig, vectors: EncoderConfig, frames_each: int) -> tuple[LogMelConfig, EncoderConfig]:
    """Return the two as :class:`BothConfig` needs them: same sample rate, one embedding per ``frames_each`` frames."""
    n_frames = -(-spectrogram.n_frames // frames_each)
    hop = frames_each * spectrogram.hop_length
    return (
        replace(spectrogram, n_frames=n_frames * frames_each),
        replace(vectors, sample_rate=spectrogram.sample_rate, hop_length=hop, n_frames=n_frames),
    )


def both_front_end(names: str, **settings: Any) -> BothConfig:
    """Build the front end that has these :attr:`BothConfig.settings`; it has no weights yet.

    Raises
    ------
    ValueError, TypeError
        If a setting is missing, unknown, or cannot be used.
    """
    own = {key.removeprefix(_LOGMEL): value for key, value in settings.items() if key.startswith(_LOGMEL)}
    rest = {key: value for key, value in settings.items() if not key.startswith(_LOGMEL)}
    return BothConfig(LogMelConfig(**own), encoder_front_end(names, **rest))
