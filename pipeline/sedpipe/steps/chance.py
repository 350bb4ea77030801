"""Check whether a model has learnt anything: clips in which a class sounds should be ranked above the others.

- :func:`remark_on_chance`: clip probabilities and labels -> a sentence, if there is a problem
"""

from __future__ import annotations

from math import comb

import numpy as np

_ALPHA = 0.05
"""Probability that a model that has learnt nothing passes the test."""


def remark_on_chance(clip_probs: np.ndarray, targets: np.ndarray) -> str | None:
    """Return a sentence if a model has learnt nothing, or there are too few clips to tell; None if it has learnt.

    For each class, a one-sided Mann-Whitney test compares the probabilities of clips with and without it (with
    Bonferroni's correction over classes). It needs no threshold, no times, and no calibrated probabilities. With n
    clips, m of which have the class, even a perfect ranking has p = 1 / C(n, m): if that is too large for every class,
    no model can pass, and the sentence says so.

    Parameters
    ----------
    clip_probs : ndarray [shape=(N, K)]
        Clip probabilities for the clips that the model is judged on.
    targets : ndarray [shape=(N, K)]
        Weak labels: 1 where a class sounds, else 0.

    Examples
    --------
    >>> labels = np.array([[1, 0], [0, 1]] * 10)
    >>> remark_on_chance(0.5 + 0.1 * labels, labels)
    >>> str(remark_on_chance(np.full((20, 2), 0.5), labels)).partition(":")[0]
    'no sign of learning'
    >>> str(remark_on_chance(0.5 + 0.1 * labels[:4], labels[:4])).partition(":")[0]
    'too few clips in testing to tell whether the model has learned anything'
    """
    # imported here, since this takes as long as the rest of a command
    from scipy.stats import mannwhitneyu

    areas, p_values, best = [], [], []
    for probs, holds in zip(clip_probs.T, targets.T > 0.5, strict=True):
        with_it, without = probs[holds], probs[~holds]
        if len(with_it) and len(without):
            found = mannwhitneyu(with_it, without, alternative="greater")
            best.append(1 / comb(len(targets), len(with_it)))
            areas.append(found.statistic / (len(with_it) * len(without)))
            # if all probabilities are the same, nothing can be ranked, and scipy returns nan
            p_values.append(1.0 if np.ptp(probs) == 0 else found.pvalue)
    if not p_values or min(p_values) < _ALPHA / len(p_values):
        return None
    shown = f"mean area under the ROC curve {np.mean(areas):.2f} on {len(targets):,} clips, chance 0.50"
    if min(best) >= _ALPHA / len(p_values):
        return f"too few clips in testing to tell whether the model has learned anything: {shown}"
    return f"no sign of learning: clips of testing with a class are not ranked above those without it ({shown})"
