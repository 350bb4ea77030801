"""How sure a score is: intervals over seeds, and paired differences over seeds and clips.

A run is an integer array (N, 4) of what its segments came to, a row a clip (see :data:`COUNTED`). Rates of any choice
of clips are those of summed rows, so thousands of resamplings are one matrix product.

- :func:`over_seeds`: mean and its interval
- :func:`paired_differences`: what one system has over another, and whether that may be chance
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

COUNTED = ("errors", "reference", "correct", "estimated")
"""Columns of a run's counts: S + D + I, reference segments, segments in both, estimated segments."""

RATES = ("error_rate", "f1")


@dataclass(frozen=True)
class Interval:
    """A number and where it lies with 95 % confidence; ``low`` and ``high`` are None where one cannot tell."""

    value: float
    low: float | None
    high: float | None

    @property
    def excludes_zero(self) -> bool:
        """Whether it is surely another number than 0."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def over_seeds(values: Sequence[float]) -> Interval:
    """Mean over seeds with Student's interval; of one seed, the value alone.

    >>> over_seeds([0.80, 0.85, 0.79, 0.78, 0.80]).value.__round__(3)
    0.804
    """
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return Interval(mean, None, None)
    half = float(stdtrit(n - 1, 0.975) * np.std(values, ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half)


def rates(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Error rate and F1 of summed counts (..., 4); nan where undefined."""
    errors, reference, correct, estimated = np.moveaxis(np.asarray(counts, np.float64), -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "error_rate": np.where(reference > 0, errors / reference, np.nan),
            "f1": np.where(reference + estimated > 0, 2 * correct / (reference + estimated), np.nan),
        }


def paired_differences(ours: np.ndarray, theirs: np.ndarray, n_draws: int = 4000, seed: int = 0) -> dict[str, Interval]:
    """What ``ours`` has over ``theirs``, on the same clips and paired by seed.

    Seeds and clips are both drawn anew, with replacement, for each of ``n_draws`` worlds; the interval holds the
    middle 95 % of the differences there. With one seed, only clips are drawn.

    Parameters
    ----------
    ours, theirs : np.ndarray [shape=(S, N, 4)]
        Counts of S seeds on N clips, columns as in ``COUNTED``.
    n_draws : int
        Worlds.
    seed : int
        Decides them.

    Returns
    -------
    dict
        For ``error_rate`` and ``f1``: the mean difference over seeds and its interval.

    Raises
    ------
    ValueError
        If the two differ in shape.
    """
    if ours.shape != theirs.shape or ours.ndim != 3 or ours.shape[-1] != len(COUNTED):
        raise ValueError(f"expected two arrays (seeds, clips, {len(COUNTED)}), got {ours.shape} and {theirs.shape}")
    n_seeds, n_clips, _ = ours.shape
    g = np.random.default_rng(seed)
    clips = g.multinomial(n_clips, np.full(n_clips, 1 / n_clips), size=n_draws).astype(np.float64)
    seeds = g.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=n_draws) / n_seeds
    found = rates(ours.sum(axis=1)), rates(theirs.sum(axis=1))
    drawn = _drawn(ours, clips), _drawn(theirs, clips)
    differences = {}
    for rate in RATES:
        value = float(np.mean(found[0][rate] - found[1][rate]))
        worlds = np.sum((drawn[0][rate] - drawn[1][rate]) * seeds, axis=1)
        low, high = np.nanquantile(worlds, [0.025, 0.975])
        differences[rate] = Interval(value, float(low), float(high))
    return differences


def _drawn(counts: np.ndarray, clips: np.ndarray) -> dict[str, np.ndarray]:
    """Rates (draws, S) of each seed on drawn clips."""
    return rates(np.einsum("dn,snc->dsc", clips, counts.astype(np.float64), optimize=True))
