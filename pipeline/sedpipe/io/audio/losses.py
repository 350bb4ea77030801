"""What is missing within a recording that can be used all the same, counted while it is decoded.

- :class:`Losses`: lost time and damaged packets, as a remark
"""

from __future__ import annotations

from dataclasses import dataclass

from sedpipe.io.audio.level import Remark
from sedpipe.wording import counted

_LEAST_S = 0.01  # less is an inaccuracy of timestamps


@dataclass
class Losses:
    """Lost time and damaged packets of a recording, or of a stretch of it.

    Parameters
    ----------
    missing_s : float
        Seconds without samples, for which there is silence.
    n_damaged : int
        Number of damaged packets that are followed by intact ones.
    is_timed : bool
        Whether the container has timestamps, which show how much was lost. Without them (MP3), everything after the
        damage moves forward.
    """

    missing_s: float = 0.0
    n_damaged: int = 0
    is_timed: bool = True
    _n_last: int = 0

    def packet(self, *, is_intact: bool) -> None:
        """Count the next packet; damaged ones at the end of a recording shorten it and are not counted."""
        if is_intact:
            self.n_damaged, self._n_last = self.n_damaged + self._n_last, 0
        else:
            self._n_last += 1

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What a user should know: ``damaged``.

        >>> Losses(missing_s=0.26, n_damaged=12).remarks
        (('damaged', '0.26 s of it is missing or damaged, and silent'),)
        >>> Losses(missing_s=0.03, n_damaged=1, is_timed=False).remarks
        (('damaged', '1 damaged packet left out: what follows is too early by what was lost'),)
        """
        told = ""
        if self.is_timed and self.missing_s > _LEAST_S:
            told = f"{self.missing_s:.2f} s of it is missing or damaged, and silent"
        elif not self.is_timed and self.n_damaged:
            left_out = f"{counted(self.n_damaged, 'damaged packet')} left out"
            told = f"{left_out}: what follows is too early by what was lost"
        return (("damaged", told),) if told else ()
