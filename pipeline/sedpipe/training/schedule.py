"""The learning rate of a step, as a share of the initial one; it depends only on what has been done so far.

- :data:`SCHEDULES`: names of the schedules
- :class:`Schedule`: one schedule; :meth:`Schedule.share` gives the share for a step
- :func:`plateaus`: how often the loss has stopped falling
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SCHEDULES = ("constant", "cosine", "step", "plateau")


@dataclass(frozen=True)
class Schedule:
    """A schedule by which the learning rate falls.

    Parameters
    ----------
    name : str
        One of :data:`SCHEDULES`, by which the rate falls, in this order: never; along half a cosine to 0; at equal
        intervals; whenever the loss stops falling.
    every : int
        Number of epochs: the interval of ``step``; for ``plateau``, epochs without a lower loss.
    factor : float in (0, 1)
        Factor that the rate is then multiplied by.
    """

    name: str
    every: int
    factor: float

    def share(self, losses: Sequence[float], done: float, most: float) -> float:
        """Return the learning rate as a share of the initial one.

        Parameters
        ----------
        losses : sequence of float
            Validation losses of the epochs done.
        done, most : float
            Number of epochs done, and of the whole training; may be fractions.

        Returns
        -------
        float in [0, 1]

        Examples
        --------
        >>> Schedule("cosine", 1, 0.5).share([], 5.0, 10.0)
        0.5
        >>> Schedule("step", 2, 0.5).share([], 5.5, 10.0)
        0.25
        >>> Schedule("plateau", 2, 0.5).share([0.9, 0.8, 0.85, 0.81], 4.0, 10.0)
        0.5
        """
        if self.name == "cosine":
            return 0.5 * (1 + math.cos(math.pi * min(done / most, 1.0)))
        if self.name == "step":
            return float(self.factor ** int(done / self.every))
        return float(self.factor ** plateaus(losses, self.every)) if self.name == "plateau" else 1.0


def plateaus(losses: Iterable[float], every: int) -> int:
    """Return how often ``every`` epochs in a row have brought no lower loss; each time, counting starts again.

    >>> plateaus([3, 2, 2, 2, 2, 1, 1, 1], 2)
    2
    """
    best, waited, n_plateaus = math.inf, 0, 0
    for loss in losses:
        best, waited = (loss, 0) if loss < best else (best, waited + 1)
        if waited == every:
            waited, n_plateaus = 0, n_plateaus + 1
    return n_plateaus
