"""The samples themselves, for networks that learn their own front end.

- :class:`WaveformConfig`: frames of neighbouring samples, (T, F) = (n_frames, hop_length)
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar, Self

import numpy as np

from sedpipe.frames import FrameGrid


@dataclass(frozen=True)
class WaveformConfig:
    """Samples cut into frames that do not overlap: ``x.flatten(1)`` of a batch (B, T, F) are the waveforms.

    With ``hop_length = 1`` a frame is a sample: T samples, F = 1. Longer frames hold the same values, and the frames
    of the clip are then those of :class:`~sedpipe.features.logmel.LogMelConfig`, so that networks, hierarchies and
    windows have the same grid.

    Parameters
    ----------
    sample_rate : int
        Hz.
    hop_length : int
        Samples of a frame; the default is 20 ms.
    n_frames : int
        Frames of a clip; the default is 10 s.

    Stored as float16, samples lie 66 dB or more above what the rounding adds to them; ``--dtype float32`` keeps all.

    Raises
    ------
    ValueError
        If a number is not a whole one from 1 on.

    Examples
    --------
    >>> features, n_frames = WaveformConfig(sample_rate=8000, hop_length=3, n_frames=3).extract(np.arange(1.0, 6.0))
    >>> features.tolist(), n_frames
    ([[1.0, 2.0, 3.0], [4.0, 5.0, 0.0], [0.0, 0.0, 0.0]], 2)
    """

    sample_rate: int = 44_100
    hop_length: int = 882
    n_frames: int = 500

    name: ClassVar[str] = "waveform"
    version: ClassVar[int] = 1
    content: ClassVar[str] = "samples"
    padding: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number from 1 on, got {value}")

    @property
    def settings(self) -> dict[str, int | float | str]:
        """Everything that decides a value."""
        return asdict(self)

    @property
    def grid(self) -> FrameGrid:
        """Where the frames lie in time."""
        return FrameGrid(self.sample_rate, self.hop_length)

    @property
    def n_features(self) -> int:
        """F: samples of a frame."""
        return self.hop_length

    @property
    def n_samples(self) -> int:
        """Samples of a clip."""
        return self.n_frames * self.hop_length

    def extract(self, waveform: np.ndarray) -> tuple[np.ndarray, int]:
        """Frames (n_frames, hop_length) float32, and how many hold samples of the clip; see ``FrontEnd.extract``."""
        if waveform.ndim != 1 or waveform.size == 0:
            raise ValueError(f"waveform must have shape (samples,) with samples > 0, got {waveform.shape}")
        counted = waveform[: self.n_samples]
        samples = np.full(self.n_samples, self.padding, dtype=np.float32)
        samples[: len(counted)] = counted
        return samples.reshape(self.n_frames, self.hop_length), self.grid.frames_of_samples(len(counted))

    def fitted_to(self, sample_rate: int, clip_s: float) -> Self:
        """The same for clips of another rate (Hz) and length (seconds); a frame of one sample stays one."""
        rate, hop = sample_rate, self.hop_length
        hop = 1 if hop == 1 else max(1, round(hop * rate / self.sample_rate))
        return type(self)(rate, hop, FrameGrid(rate, hop).frames_of_samples(round(clip_s * rate)))
