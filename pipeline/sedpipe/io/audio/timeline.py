"""Frames on a time line: consecutive frames form a run, and each run is placed by its timestamps.

- :class:`Run`: frames without a gap between them
- :func:`place`: runs -> samples from a given time on, and which of them are covered
- :func:`is_damaged`: whether too much of a recording is missing
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import soxr

LONGEST_FRAME_S = 0.1
"""Longest frame of any coder, in seconds."""

_MOST_LOST = 0.1  # share of a stretch that may be missing or damaged; one frame always may: some coders lose the first
_GAP_S = 0.010  # if a frame begins this far from the end of the one before, something in between was lost


@dataclass
class Run:
    """Frames that follow one another without a gap; they begin at the median of what their timestamps imply."""

    rate: int
    pieces: list[np.ndarray] = field(default_factory=list)
    length: int = 0
    begins_s: list[float] = field(default_factory=list)

    @property
    def begin_s(self) -> float:
        """Start of the run in seconds."""
        return float(np.median(self.begins_s))

    @property
    def end_s(self) -> float:
        """End of the run in seconds."""
        return self.begin_s + self.length / self.rate

    def continues(self, at_s: float | None, rate: int) -> bool:
        """Return whether a frame that begins at ``at_s`` (None: without a timestamp) is the next one of this run."""
        if rate != self.rate:
            return False
        return at_s is None or not self.begins_s or abs(at_s - self.end_s) < _GAP_S

    def add(self, mono: np.ndarray, at_s: float | None) -> None:
        """Add the next frame."""
        if at_s is not None:
            self.begins_s.append(at_s - self.length / self.rate)
        self.pieces.append(mono)
        self.length += len(mono)


def is_damaged(n_there: int, n_samples: int, rate: int) -> bool:
    """Return whether too much is missing of a stretch of ``n_samples``, of which ``n_there`` exist."""
    return n_samples - n_there > max(_MOST_LOST * n_samples, LONGEST_FRAME_S * rate)


def place(runs: Sequence[Run], rate: int, origin: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Place runs on one time line.

    Parameters
    ----------
    runs : sequence of Run
        The runs; those with another sample rate than ``rate`` are resampled.
    rate : int
        Sample rate of the time line in Hz.
    origin : int
        Time at which it begins, in seconds.
    length : int
        Its length in samples.

    Returns
    -------
    samples : np.ndarray [shape=(length,), dtype=float32]
        Samples of the runs, and 0 where there is no run.
    covered : np.ndarray [shape=(length,), dtype=bool]
        Whether a sample belongs to a run.
    """
    placed, covered = np.zeros(length, np.float32), np.zeros(length, bool)
    for run in runs:
        mono = np.concatenate(run.pieces)
        if run.rate != rate:
            mono = soxr.resample(mono, run.rate, rate)
        at = round((run.begin_s - origin) * rate)
        begin, end = max(0, at), min(length, at + len(mono))
        if begin < end:
            placed[begin:end] = mono[begin - at : end - at]
            covered[begin:end] = True
    return placed, covered
