"""The uncertainty of a mean score over seeds, and the scores of the rows of counts that tables keep.

A run is an integer array (N, 4) of segment counts, with a row for each clip (see :data:`COUNTED`). The rates of any
selection of clips follow from the sum of their rows. Whether two systems differ is tested by
:mod:`sedpipe.metrics.comparison`.

- :func:`over_seeds`: mean and its interval
- :func:`rates`: error rate and F1
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

COUNTED = ("errors", "reference", "correct", "estimated")
"""Columns of a run's counts: S + D + I, reference segments, segments in both, estimated segments."""


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % confidence interval; ``low`` and ``high`` are None if there are too few seeds to tell."""

    value: float
    low: float | None
    high: float | None


def over_seeds(values: Sequence[float]) -> Interval:
    """Mean over seeds with Student's interval; with one seed, the value alone.

    >>> over_seeds([0.80, 0.85, 0.79, 0.78, 0.80]).value.__round__(3)
    0.804
    """
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return Interval(mean, None, None)
    half = float(stdtrit(n - 1, 0.975) * np.std(values, ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half)


def rates(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Compute error rate and F1 from summed counts (..., 4); nan where undefined."""
    errors, reference, correct, estimated = np.moveaxis(np.asarray(counts, np.float64), -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "error_rate": np.where(reference > 0, errors / reference, np.nan),
            "f1": np.where(reference + estimated > 0, 2 * correct / (reference + estimated), np.nan),
        }
