"""Samples, frames and seconds, counted in whole samples to avoid rounding errors.

- :class:`FrameGrid`: the position of frame ``k`` in time, before and after pooling over time
- :func:`clip_lengths`: the lengths of clips, whose last frame may end later
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
        Sample rate in Hz.
    hop_length : int
        Number of samples from the start of one frame to the start of the next.

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
        """Number of frames whose first sample lies within a signal of ``n_samples`` samples."""
        return -(-n_samples // self.hop_length)

    def edges(self, n_frames: int) -> np.ndarray:
        """The ``n_frames + 1`` edges in seconds (float64), so that every frame has an end."""
        return np.arange(n_frames + 1) * self.hop_length / self.sample_rate


def clip_lengths(frames_end_s: np.ndarray, n_samples: np.ndarray, sample_rate: int, longest_s: float) -> np.ndarray:
    """Return the lengths of clips in seconds, from their samples, since the last frame of a clip may be partly filled.

    Parameters
    ----------
    frames_end_s : ndarray [shape=(N,)]
        End of the last frame of each clip in seconds.
    n_samples : ndarray [shape=(N,)]
        Number of samples of each clip; 0 where unknown: the clip is then assumed to last as long as its frames.
    sample_rate : int
        Sample rate of these samples in Hz.
    longest_s : float
        Maximum length of a clip in seconds.

    Returns
    -------
    ndarray [shape=(N,)]
        Lengths in seconds; rounded to milliseconds where the samples are known, since resampling may add or lose a
        sample.

    Examples
    --------
    >>> clip_lengths(np.array([10.031, 3.04, 3.04]), np.array([0, 48_001, 0]), 16_000, 10.0).tolist()
    [10.0, 3.0, 3.04]
    """
    counted = np.minimum(np.round(n_samples / sample_rate, 3), frames_end_s)
    return np.minimum(np.where(n_samples > 0, counted, frames_end_s), longest_s)
