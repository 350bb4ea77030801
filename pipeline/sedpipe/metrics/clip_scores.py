"""Clip-based scores (audio tagging): is each class predicted for each clip? Validate -> counts -> scores.

- :func:`clip_based_scores`: precision, recall and F1 at a threshold, and mAP; micro and macro
- :func:`average_precision`: average precision of one class

An undefined score is ``None``: precision if nothing is predicted; recall, F1 and mAP if there is no positive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TagScores:
    """Scores of tags, as fractions; ``None`` where undefined.

    Parameters
    ----------
    precision, recall, f1 : float or None
        Scores at the threshold.
    map : float or None
        Average precision, which needs no threshold.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    map: float | None


@dataclass(frozen=True)
class ClipScores:
    """Scores of tags, averaged over classes in two ways.

    Parameters
    ----------
    micro : TagScores
        Scores of the tags of all classes, counted together.
    macro : TagScores
        Means over the classes with a positive clip, in which a class that is never predicted has a precision of 0.
    """

    micro: TagScores
    macro: TagScores


def clip_based_scores(clip_probs: np.ndarray, targets: np.ndarray, threshold: float = 0.5) -> ClipScores:
    """Score clip probabilities.

    Parameters
    ----------
    clip_probs : ndarray [shape=(N, K)]
        Probability of each of K classes in each of N clips.
    targets : ndarray [shape=(N, K)]
        Weak labels of the reference, 0 or 1.
    threshold : float
        A class is predicted if its probability is at least this value.

    Raises
    ------
    ValueError
        If the shapes differ, a target is neither 0 nor 1, or a probability is not a number.
    """
    truth = _validated(clip_probs, targets)
    named = clip_probs >= float(threshold)
    correct, n_named, n_true = (counts.sum(axis=0) for counts in (named & truth, named, truth))
    there = n_true > 0
    precisions = [average_precision(clip_probs[:, k], truth[:, k]) for k in np.flatnonzero(there)]
    return ClipScores(
        micro=TagScores(
            *_shares(int(correct.sum()), int(n_named.sum()), int(n_true.sum())),
            map=average_precision(clip_probs.ravel(), truth.ravel()),
        ),
        macro=TagScores(
            precision=_mean(correct[there] / np.maximum(n_named[there], 1)),
            recall=_mean(correct[there] / n_true[there]),
            f1=_mean(2 * correct[there] / (n_named + n_true)[there]),
            map=_mean(np.array(precisions, dtype=float)),
        ),
    )


def average_precision(probs: np.ndarray, truth: np.ndarray) -> float | None:
    """Average precision: the sum over thresholds of the gain in recall times the precision there.

    Parameters
    ----------
    probs : ndarray [shape=(N,)]
        Probability of the class in each clip; equal probabilities are one threshold.
    truth : ndarray [shape=(N,)]
        Boolean reference: whether the class is present in each clip.

    Returns
    -------
    float or None
        Average precision; ``None`` if there is no positive.

    Examples
    --------
    >>> average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]))
    0.8333333333333333
    """
    if not truth.any():
        return None
    ranked = np.sort(probs)
    thresholds = ranked[np.append(True, ranked[1:] != ranked[:-1])]
    # recall grows only at the few thresholds that are probabilities of positives; the sum runs over all, descending
    reached, gained = np.unique(probs[truth], return_counts=True)
    correct = np.cumsum(gained[::-1])[::-1]
    named = len(ranked) - np.searchsorted(ranked, reached)
    terms = np.zeros(len(thresholds))
    terms[len(thresholds) - 1 - np.searchsorted(thresholds, reached)] = gained * correct / named
    return float(terms.sum() / truth.sum())


def _shares(correct: int, n_named: int, n_true: int) -> tuple[float | None, float | None, float | None]:
    """Return precision, recall and F1."""
    return (
        correct / n_named if n_named else None,
        correct / n_true if n_true else None,
        2 * correct / (n_named + n_true) if n_true else None,
    )


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def _validated(clip_probs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Check both arrays and return the targets as booleans."""
    if clip_probs.shape != targets.shape or clip_probs.ndim != 2:
        raise ValueError(f"clip_probs and targets must have one shape (N, K), got {clip_probs.shape}, {targets.shape}")
    if not np.isin(targets, (0, 1)).all():
        raise ValueError("targets must be 0 or 1")
    if np.isnan(clip_probs).any():
        raise ValueError("clip_probs holds a nan")
    return targets.astype(bool)
