"""Frames on a line of time: those that follow one another are a run, and a run lies where its timestamps say.

- :class:`Run`: frames without a gap between them
- :func:`place`: runs -> samples from a moment on, and where anything lies
- :func:`is_damaged`: how much of a recording may be missing
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import soxr

LONGEST_FRAME_S = 0.1
"""Of any coder."""

_MOST_LOST = 0.1  # of a stretch may be missing or damaged; one frame always may: some coders lose their first
_GAP_S = 0.010  # frames that are this far from where the one before ended did lose something in between


@dataclass
class Run:
    """Frames that follow one another without a gap; where they begin is the middle of what their timestamps say."""

    rate: int
    pieces: list[np.ndarray] = field(default_factory=list)
    length: int = 0
    begins_s: list[float] = field(default_factory=list)

    @property
    def begin_s(self) -> float:
        """Seconds."""
        return float(np.median(self.begins_s))

    @property
    def end_s(self) -> float:
        """Seconds."""
        return self.begin_s + self.length / self.rate

    def continues(self, at_s: float | None, rate: int) -> bool:
        """Whether a frame that begins at ``at_s`` (None: it does not say) is its next one."""
        if rate != self.rate:
            return False
        return at_s is None or not self.begins_s or abs(at_s - self.end_s) < _GAP_S

    def add(self, mono: np.ndarray, at_s: float | None) -> None:
        """Take the next frame."""
        if at_s is not None:
            self.begins_s.append(at_s - self.length / self.rate)
        self.pieces.append(mono)
        self.length += len(mono)


def is_damaged(n_there: int, n_samples: int, rate: int) -> bool:
    """Whether too much is missing of a stretch of ``n_samples`` of which ``n_there`` are there."""
    return n_samples - n_there > max(_MOST_LOST * n_samples, LONGEST_FRAME_S * rate)


def place(runs: Sequence[Run], rate: int, origin: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Runs on one line of time.

    Parameters
    ----------
    runs : sequence of Run
        Any but ``rate`` is resampled.
    rate : int
        Hz.
    origin : int
        Seconds at which the line begins.
    length : int
        Samples of the line.

    Returns
    -------
    samples : np.ndarray [shape=(length,), dtype=float32]
        0 where nothing lies.
    covered : np.ndarray [shape=(length,), dtype=bool]
        Where anything does.
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
