"""Samples, frames and seconds, counted in whole samples so that no rounding creeps in.

- :class:`FrameGrid`: where frame ``k`` lies in time, before and after pooling over time
- :func:`clip_lengths`: how long clips last, whose last frame may end later
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


def clip_lengths(frames_end_s: np.ndarray, n_samples: np.ndarray, sample_rate: int, longest_s: float) -> np.ndarray:
    """Seconds of clips: those of their samples, since the last frame of a clip may be filled in part.

    Parameters
    ----------
    frames_end_s : ndarray [shape=(N,)]
        Where the last frame of each clip ends, in seconds.
    n_samples : ndarray [shape=(N,)]
        Samples of each clip; 0 where they were not counted: the clip is taken to last as long as its frames.
    sample_rate : int
        Of them, Hz.
    longest_s : float
        Seconds of the longest clip that there can be.

    Returns
    -------
    ndarray [shape=(N,)]
        In whole milliseconds where samples are known: resampling may add or lose one.

    Examples
    --------
    >>> clip_lengths(np.array([10.031, 3.04, 3.04]), np.array([0, 48_001, 0]), 16_000, 10.0).tolist()
    [10.0, 3.0, 3.04]
    """
    counted = np.minimum(np.round(n_samples / sample_rate, 3), frames_end_s)
    return np.minimum(np.where(n_samples > 0, counted, frames_end_s), longest_s)
