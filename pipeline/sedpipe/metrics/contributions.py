"""Contributions of clips to a score, by which the variance of a score becomes that of a sum.

If the weights of the clips change a little, a score made of sums over clips (a ratio, or a mean of ratios) changes by a
sum with one term for each clip. These terms sum to 0: they are what the clips contribute beyond their share.

- :class:`Estimate`: scores of runs, and the terms
- :func:`of_rows`: error rate and F1, from the rows of counts that tables keep
- :func:`of_counts`: error rate, F1 and macro F1, from complete counts

Source: Demnati & Rao, "Linearization variance estimators for survey data", Survey Methodology 30(1), 2004.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sedpipe.metrics.detection_scores import DetectionCounts


@dataclass(frozen=True, eq=False)
class Estimate:
    """A score of S runs on N clips.

    Parameters
    ----------
    values : ndarray [shape=(S,)]
        Score of each run; nan where undefined.
    contributions : ndarray [shape=(S, N)]
        What each clip contributes beyond its share; the contributions to a run sum to 0.
    """

    values: np.ndarray
    contributions: np.ndarray

    def __sub__(self, other: Estimate) -> Estimate:
        """Difference between two systems, run by run."""
        return Estimate(self.values - other.values, self.contributions - other.contributions)


def of_rows(rows: np.ndarray) -> dict[str, Estimate]:
    """Estimate error rate and F1.

    Parameters
    ----------
    rows : ndarray [shape=(S, N, 4)]
        Counts of S runs on N clips, with columns as in :data:`sedpipe.metrics.spread.COUNTED`.
    """
    errors, reference, correct, estimated = np.moveaxis(np.asarray(rows, np.float64), -1, 0)
    return {"error_rate": _ratio(errors, reference), "f1": _ratio(2 * correct, reference + estimated)}


def of_counts(runs: Sequence[DetectionCounts]) -> dict[str, Estimate]:
    """Estimate error rate, F1 and macro F1 (mean over the classes in the reference) from the counts of each run."""
    correct, reference, estimated = (
        np.stack([getattr(run, name) for run in runs]).astype(float)
        for name in ("correct", "n_reference", "n_estimated")
    )
    errors = np.stack([run.errors for run in runs])
    micro = np.stack([errors, *(items.sum(axis=-1) for items in (reference, correct, estimated))], axis=-1)
    return {**of_rows(micro), "macro_f1": _macro(2 * correct, reference, estimated)}


def _macro(twice_correct: np.ndarray, reference: np.ndarray, estimated: np.ndarray) -> Estimate:
    occur = np.flatnonzero(reference.sum(axis=(0, 1)) > 0)
    each = [_ratio(twice_correct[..., k], reference[..., k] + estimated[..., k]) for k in occur.tolist()]
    if not each:
        return _ratio(twice_correct.sum(axis=-1), np.zeros(reference.shape[:2]))
    return Estimate(np.mean([one.values for one in each], axis=0), np.mean([one.contributions for one in each], axis=0))


def _ratio(above: np.ndarray, below: np.ndarray) -> Estimate:
    """Return the ratio of sums over clips, from arrays (S, N)."""
    whole = below.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(whole > 0, above.sum(axis=1, keepdims=True) / whole, np.nan)
        return Estimate(value[:, 0], (above - value * below) / whole)
