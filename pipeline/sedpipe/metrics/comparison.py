"""Comparison of two systems on the same clips, over the same seeds: whether one is better, or it may be chance.

Chance has two sources: other seeds would have given other networks, and other recordings would have given other clips.
The variance of the mean difference is the sum of both parts. The part due to seeds is estimated from the differences
seed by seed, and includes the interaction of seeds and recordings; the part due to recordings is estimated from what
each clip contributes to the mean difference, less this interaction. Degrees of freedom are Satterthwaite's. His
approximation is good at a level of 5 %, but Holm's correction needs p-values far below it, and with two to four seeds
those are too small: a variance between seeds that is small by chance is taken at face value. There, p is Banerjee's
upper bound, which takes the quantile of each part from its own degrees of freedom; with two seeds, it always is.
``benchmarks/false_alarms.py`` simulates how often a difference is reported where there is none.

- :func:`compare`, :func:`compare_runs`: test with the variation due to seeds and recordings
- :func:`student`: test with the variation due to seeds alone, for a score whose contributions by clip are unknown
- :func:`judged`: which of many differences are more than chance, by Holm

Source: Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1(2), 2007 (two crossed sources of variation);
Satterthwaite, "An approximate distribution of estimates of variance components", Biometrics Bulletin 2(6), 1946;
Banerjee, "Approximate confidence interval for linear functions of means of k populations when the population variances
are not equal", Sankhya 22, 1960 (the bound).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

from sedpipe.metrics.contributions import Estimate, of_counts
from sedpipe.metrics.detection_scores import DetectionCounts
from sedpipe.metrics.holm import holm
from sedpipe.metrics.sharing import Sharing

LEVEL = 0.05
"""Probability of a false alarm in all comparisons that are judged together, at most, as far as p is right."""

OUTCOMES = ("better", "worse", "not distinguishable", "one seed")
"""Possible outcomes; the last if there is only one seed, from which no conclusion about the systems can be drawn."""

LOWER_IS_BETTER = frozenset({"error_rate"})

FEW_SEEDS = 5
"""Number of seeds from which on Satterthwaite's approximation is good enough for Holm's correction, too."""

_NO_SPREAD = 1e-9  # relative to a difference: a standard error up to this is rounding error
_SMALLEST_P = 1e-30


@dataclass(frozen=True)
class Difference:
    """Difference between two systems: the first one's score minus the second one's.

    Files of sedpipe 0.1 have only the first three fields, from a bootstrap over clips.

    Parameters
    ----------
    difference : float
        Mean difference over seeds, on all clips.
    interval : tuple of float, optional
        95 % confidence interval; None if there are too few seeds or recordings to tell.
    better : float in [0, 1]
        Confidence that the first system is better (a lower error rate, a higher F1); 0.5 is no evidence.
    seeds : int
        Number of random seeds.
    recordings : int
        Number of recordings that the clips were made from; 0 if the variation between recordings is not included.
    p : float, optional
        p-value: the probability of a difference at least this large if the systems do not differ.
    over_seeds, over_recordings : float
        Standard errors of the mean difference due to the choice of seeds and of recordings.
    degrees : float
        Degrees of freedom (Satterthwaite).
    degrees_recordings : float
        Degrees of freedom of the part due to recordings alone; those of the part due to seeds are ``seeds - 1``.
    correlation : float, optional
        Correlation of the two systems' scores over seeds: near 1, pairing by seed helps; below 0, it does not.
    p_holm : float, optional
        p-value after Holm's correction for all comparisons that were made together.
    smallest : float, optional
        The smallest difference that would have been significant, with these seeds, recordings and comparisons.
    outcome : str
        One of :data:`OUTCOMES`; empty if it was not tested.
    """

    difference: float
    interval: tuple[float, float] | None
    better: float
    seeds: int = 1
    recordings: int = 0
    p: float | None = None
    over_seeds: float = 0.0
    over_recordings: float = 0.0
    degrees: float = 0.0
    degrees_recordings: float = 0.0
    correlation: float | None = None
    p_holm: float | None = None
    smallest: float | None = None
    outcome: str = ""

    @property
    def standard_error(self) -> float:
        """Standard error of the mean difference, due to seeds and recordings together."""
        return float(np.hypot(self.over_seeds, self.over_recordings))

    def half_width(self, level: float, *, bound: bool) -> float:
        """Return half of the width of the interval at a level, by Banerjee's bound or by Satterthwaite."""
        if not bound:
            return float(-stdtrit(self.degrees, level / 2)) * self.standard_error
        parts = ((self.over_seeds, self.seeds - 1), (self.over_recordings, self.degrees_recordings))
        return float(np.linalg.norm([error * stdtrit(degrees, level / 2) for error, degrees in parts if error]))

    def p_value(self, *, bound: bool) -> float:
        """Return the p-value, by Banerjee's bound or by Satterthwaite."""
        if not self.difference:
            return 1.0
        if not self.standard_error:
            return 0.0
        if not bound:
            return float(2 * stdtr(self.degrees, -abs(self.difference) / self.standard_error))

        def lacking(log_p: float) -> float:
            return self.half_width(float(np.exp(log_p)), bound=True) - abs(self.difference)

        least = np.log(_SMALLEST_P)
        return float(np.exp(brentq(lacking, least, 0.0))) if lacking(least) > 0 else _SMALLEST_P


def compare(ours: Estimate, theirs: Estimate, sharing: Sharing, *, lower_is_better: bool) -> Difference | None:
    """Return the difference of ``ours`` minus ``theirs``, on the same clips and paired by seed.

    Parameters
    ----------
    ours, theirs : Estimate
        Scores of S seeds on N clips.
    sharing : Sharing
        Which of the clips have a recording in common.
    lower_is_better : bool
        Whether a lower score is better.

    Returns
    -------
    Difference, optional
        None if the score of a run is undefined. With one seed, the interval covers only the variation due to
        recordings.

    Raises
    ------
    ValueError
        If the two estimates differ in the number of seeds or clips, or ``sharing`` is for another number of clips.
    """
    if ours.contributions.shape != theirs.contributions.shape or ours.contributions.shape[1] != sharing.n_clips:
        shapes = f"{ours.contributions.shape} and {theirs.contributions.shape}, recordings of {sharing.n_clips} clips"
        raise ValueError(f"expected two systems on the same seeds and clips, got {shapes}")
    over = ours - theirs
    if not np.isfinite(over.values).all():
        return None
    parts = variances(over, sharing)
    return _difference(ours.values, theirs.values, lower_is_better, *parts, sharing)


def compare_runs(
    ours: Sequence[DetectionCounts], theirs: Sequence[DetectionCounts], sharing: Sharing
) -> dict[str, Difference | None]:
    """Compare error rate, F1 and macro F1, from the counts of S runs each, with :func:`compare`; not yet judged."""
    pairs = of_counts(ours), of_counts(theirs)
    return {
        name: compare(pairs[0][name], pairs[1][name], sharing, lower_is_better=name in LOWER_IS_BETTER)
        for name in pairs[0]
    }


def student(ours: Sequence[float], theirs: Sequence[float], *, lower_is_better: bool) -> Difference:
    """Return the difference with Student's paired test: only the variation due to seeds counts."""
    each = np.asarray(ours) - np.asarray(theirs)
    over_seeds = float(np.var(each, ddof=1)) / len(each) if len(each) > 1 else np.inf
    return _difference(np.asarray(ours), np.asarray(theirs), lower_is_better, over_seeds, 0.0, float(len(each) - 1))


def judged(differences: Sequence[Difference | None]) -> list[Difference | None]:
    """Return the differences with outcomes; with two or more seeds, at most about one list in 20 has a false alarm."""
    tested = {
        place: found
        for place, found in enumerate(differences)
        if found is not None and found.p is not None and found.seeds > 1
    }
    of_each = [found.p_value(bound=_is_bound(found, len(tested))) for found in tested.values()]
    corrected = dict(zip(tested, holm(of_each), strict=True))
    left = max(1, sum(p >= LEVEL for p in corrected.values()))
    return [
        None if found is None else _judged(found, corrected.get(place), len(tested), left)
        for place, found in enumerate(differences)
    ]


def _is_bound(found: Difference, n_compared: int) -> bool:
    """Return whether p is Banerjee's bound, if this is one of ``n_compared`` comparisons."""
    # with two seeds, and so one degree of freedom, Satterthwaite's approximation does not even hold at 5 %
    return 2 <= found.seeds < FEW_SEEDS and (found.seeds == 2 or n_compared > 1)


def variances(over: Estimate, sharing: Sharing) -> tuple[float, float, float]:
    """Variances of the mean of ``over`` (S seeds) due to seeds and due to recordings, and degrees of freedom."""
    n_seeds = len(over.values)
    recordings = float(sharing.variance(over.contributions.mean(axis=0)))
    if n_seeds == 1:
        return 0.0, recordings, sharing.degrees
    seeds = float(np.var(over.values, ddof=1)) / n_seeds
    around = over.contributions - over.contributions.mean(axis=0)
    both = float(np.sum(sharing.variance(around))) / (n_seeds * (n_seeds - 1))
    if not np.isfinite(recordings):
        return seeds, recordings, 0.0
    recordings = max(0.0, recordings - both)
    # The part due to recordings is a difference of two variances, less certain than Satterthwaite's formula assumes:
    # with all of it there were up to 7 false alarms in 100 at three seeds, with half of it never more than 6.
    degrees = [_satterthwaite(seeds, n_seeds - 1, part * recordings, sharing.degrees) for part in (1, 0.5)]
    return seeds, recordings, min(degrees)


def _satterthwaite(one: float, of_one: float, other: float, of_other: float) -> float:
    """Return the degrees of freedom of the sum of two variances."""
    spread = one**2 / of_one + (other**2 / of_other if other else 0.0)
    return (one + other) ** 2 / spread if spread else of_one


def _difference(
    ours: np.ndarray,
    theirs: np.ndarray,
    lower_is_better: bool,
    seeds: float,
    recordings: float,
    degrees: float,
    sharing: Sharing | None = None,
) -> Difference:
    value, n_seeds = float(np.mean(ours - theirs)), len(ours)
    correlation = None
    if n_seeds > 2 and np.ptp(ours) > 0 and np.ptp(theirs) > 0:
        correlation = float(np.corrcoef(ours, theirs)[0, 1])
    n_recordings = sharing.n_recordings if sharing else 0
    unknown = Difference(value, None, 0.5, n_seeds, n_recordings, correlation=correlation)
    if not np.isfinite(seeds + recordings) or degrees <= 0:
        return unknown
    # on a few clips, a few seeds may gain exactly the same, which shows no spread and proves nothing
    if n_seeds > 1 and value and np.sqrt(seeds + recordings) <= _NO_SPREAD * abs(value):
        return unknown
    found = replace(
        unknown, over_seeds=float(np.sqrt(seeds)), over_recordings=float(np.sqrt(recordings)),
        degrees=float(degrees), degrees_recordings=float(sharing.degrees) if sharing else 0.0,
    )  # fmt: skip
    bound = _is_bound(found, 1)
    half, p = found.half_width(LEVEL, bound=bound), found.p_value(bound=bound)
    better = p / 2 if (value > 0) == lower_is_better else 1 - p / 2
    return replace(found, interval=(value - half, value + half), p=p, better=better)


def _judged(found: Difference, p: float | None, n_compared: int, left: int) -> Difference:
    if found.seeds == 1:
        return replace(found, outcome="one seed")
    if p is None:
        return replace(found, outcome="not distinguishable")
    smallest = found.half_width(LEVEL / left, bound=_is_bound(found, n_compared))
    outcome = "not distinguishable" if p >= LEVEL else "better" if found.better > 0.5 else "worse"
    return replace(found, p_holm=p, smallest=smallest, outcome=outcome)
