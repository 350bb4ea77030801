"""Samples themselves as features, for networks that learn their own front end.

- :class:`WaveformConfig`: frames of neighbouring samples, (T, F) = (n_frames, hop_length)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from sedpipe.features.framed import FramedFrontEnd


@dataclass(frozen=True)
class WaveformConfig(FramedFrontEnd):
    """Samples cut into frames that do not overlap: ``x.flatten(1)`` of a batch (B, T, F) are the waveforms.

    With ``hop_length = 1`` a frame is a sample: T samples, F = 1. Longer frames contain the same values, and can be the
    frames of :class:`~sedpipe.features.logmel.LogMelConfig`, so that networks, hierarchies and windows have the same
    grid. The fields are those of :class:`~sedpipe.features.framed.FramedFrontEnd`.

    Stored as float16, samples lie 66 dB or more above the rounding noise; ``--dtype float32`` stores them exactly.

    Examples
    --------
    >>> features, n_frames = WaveformConfig(sample_rate=8000, hop_length=3, n_frames=3).extract(np.arange(1.0, 6.0))
    >>> features.tolist(), n_frames
    ([[1.0, 2.0, 3.0], [4.0, 5.0, 0.0], [0.0, 0.0, 0.0]], 2)
    """

    name: ClassVar[str] = "waveform"
    content: ClassVar[str] = "samples"

    @property
    def n_features(self) -> int:
        """Number of samples of a frame, F."""
        return self.hop_length

    def frames_of(self, samples: np.ndarray, n_frames: int) -> np.ndarray:
        """Return samples (n_frames, hop_length), with zeros after the last one."""
        whole = np.zeros(n_frames * self.hop_length, dtype=np.float32)
        whole[: len(samples)] = samples
        return whole.reshape(n_frames, self.hop_length)

    def fitted_to(self, sample_rate: int, clip_s: float) -> Self:
        """Return a front end for clips of another rate (Hz) and length (seconds); a frame of one sample stays one."""
        if self.hop_length > 1:
            return super().fitted_to(sample_rate, clip_s)
        return replace(self, sample_rate=sample_rate, n_frames=max(1, round(clip_s * sample_rate)))
