"""Samples, frames and seconds, counted in whole samples so that no rounding creeps in.

- :class:`FrameGrid`: where frame ``k`` lies in time, before and after pooling over time
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FrameGrid:
    """Equally spaced frames; frame ``k`` stands for the samples ``k * hop_length`` to ``(k + 1) * hop_length``.

    Parameters
    ----------
    sample_rate : int
        Samples a second.
    hop_length : int
        Samples between two frames.

    Raises
    ------
    ValueError
        If either is not positive.
    """

    sample_rate: int
    hop_length: int

    def __post_init__(self) -> None:
        if self.sample_rate <= 0 or self.hop_length <= 0:
            raise ValueError(
                f"sample_rate and hop_length must be positive, got {self.sample_rate} and {self.hop_length}"
            )

    @property
    def frame_duration(self) -> float:
        """Seconds from one frame to the next."""
        return self.hop_length / self.sample_rate

    def subsampled(self, factor: int) -> FrameGrid:
        """The grid after pooling ``factor`` frames into one."""
        return FrameGrid(self.sample_rate, self.hop_length * factor)

    def frames_of_samples(self, n_samples: int) -> int:
        """Number of frames whose first sample lies in a signal of ``n_samples``."""
        return -(-n_samples // self.hop_length)

    def edges(self, n_frames: int) -> np.ndarray:
        """The ``n_frames + 1`` edges in seconds (float64), so that every frame has an end."""
        return np.arange(n_frames + 1) * self.hop_length / self.sample_rate
