"""Common part of front ends whose frames each stand for the same number of consecutive samples.

- :class:`FramedFrontEnd`: positions of frames, shorter clips, other clip formats; a subclass computes the values
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, replace
from typing import ClassVar, Self

import numpy as np

from sedpipe.frames import FrameGrid


@dataclass(frozen=True)
class FramedFrontEnd(ABC):
    """A :class:`~sedpipe.features.front_end.FrontEnd` without the computation of its values.

    A subclass is a frozen dataclass with a ``name``, a ``content``, ``n_features`` and :meth:`frames_of`; its fields
    are its settings.

    Parameters
    ----------
    sample_rate : int
        Sample rate in Hz.
    hop_length : int
        Number of samples that a frame stands for; the default is 20 ms.
    n_frames : int
        Number of frames of a clip; the default is 10 s.

    Raises
    ------
    ValueError
        If a number is not a whole number of at least 1.
    """

    sample_rate: int = 44_100
    hop_length: int = 882
    n_frames: int = 500

    version: ClassVar[int] = 1
    padding: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        for name in ("sample_rate", "hop_length", "n_frames"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, got {value}")

    @property
    @abstractmethod
    def n_features(self) -> int:
        """Number of values per frame, F."""

    @abstractmethod
    def frames_of(self, samples: np.ndarray, n_frames: int) -> np.ndarray:
        """Compute the values of the frames that count.

        Parameters
        ----------
        samples : np.ndarray [shape=(samples,)]
            Samples of the clip, float32; ``n_samples`` at most.
        n_frames : int
            Number of frames that count, ``ceil(samples / hop_length)``.

        Returns
        -------
        np.ndarray [shape=(n_frames, n_features)]
        """

    @property
    def settings(self) -> dict[str, int | float | str]:
        """Everything that determines values: the fields."""
        return asdict(self)

    @property
    def grid(self) -> FrameGrid:
        """Positions of the frames in time."""
        return FrameGrid(self.sample_rate, self.hop_length)

    @property
    def n_samples(self) -> int:
        """Number of samples of a clip."""
        return self.n_frames * self.hop_length

    def extract(self, waveform: np.ndarray) -> tuple[np.ndarray, int]:
        """Compute the features of a clip, and the number of frames that count; see ``FrontEnd.extract``."""
        if waveform.ndim != 1 or waveform.size == 0:
            raise ValueError(f"waveform must have shape (samples,) with samples > 0, got {waveform.shape}")
        counted = np.ascontiguousarray(waveform[: self.n_samples], dtype=np.float32)
        n_frames = self.grid.frames_of_samples(len(counted))
        features = np.full((self.n_frames, self.n_features), self.padding, dtype=np.float32)
        features[:n_frames] = self.frames_of(counted, n_frames)
        return features, n_frames

    def fitted_to(self, sample_rate: int, clip_s: float) -> Self:
        """Return a front end for clips of another rate (Hz) and length (seconds): a frame lasts as long as here.

        Other settings that count samples do not change, unless a subclass overrides this.
        """
        hop = max(1, round(self.hop_length * sample_rate / self.sample_rate))
        n_frames = FrameGrid(sample_rate, hop).frames_of_samples(round(clip_s * sample_rate))
        return replace(self, sample_rate=sample_rate, hop_length=hop, n_frames=n_frames)
