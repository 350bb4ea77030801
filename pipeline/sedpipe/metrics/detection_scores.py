"""Counts and scores of sound event detection, segment-based or event-based.

Scores are fractions. An undefined score is ``None``, never nan or a huge number: precision if there is no output,
all other scores if there is no reference (:mod:`sedpipe.metrics.undefined` gives the reasons). For a class with
reference but without output, F1 is 0 (sed_eval's ``empty_system_output_handling="zero_score"``; its default leaves
that class out of the macro mean).

- :class:`DetectionCounts`: integers for each clip, from which scores of any set of clips follow
- :class:`OverallScores`: scores over all classes (micro), and the macro mean of F1
- :class:`ClassScores`: scores of one class
- :class:`DetectionScores`: overall scores and those of each class
- :func:`detection_scores`: counts -> scores
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from sedpipe.labels import LabelSet


@dataclass(frozen=True, eq=False)
class DetectionCounts:
    """Counts of each of N clips, in segments or in events.

    Parameters
    ----------
    substitutions, deletions, insertions : ndarray [shape=(N,)]
        Errors over all classes: a missed and a false item at the same time are one substitution.
    correct, n_reference, n_estimated : ndarray [shape=(N, K)]
        Items of each class: in both, in the reference, in the output.
    """

    substitutions: np.ndarray
    deletions: np.ndarray
    insertions: np.ndarray
    correct: np.ndarray
    n_reference: np.ndarray
    n_estimated: np.ndarray

    @classmethod
    def together(cls, parts: Sequence[DetectionCounts]) -> DetectionCounts:
        """Concatenate the counts of the clips of all parts, in their order."""
        names = [column.name for column in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    @property
    def as_one(self) -> DetectionCounts:
        """Counts of all clips summed as if they were one clip; their scores are the same."""
        return DetectionCounts(*(getattr(self, column.name).sum(axis=0, keepdims=True) for column in fields(self)))

    @property
    def errors(self) -> np.ndarray:
        """Sum of substitutions, deletions and insertions, shape (N,)."""
        return np.asarray(self.substitutions + self.deletions + self.insertions)


@dataclass(frozen=True)
class OverallScores:
    """Scores over all classes.

    Parameters
    ----------
    error_rate : float or None
        Substitutions, deletions and insertions per reference item; may exceed 1.
    substitution_rate, deletion_rate, insertion_rate : float or None
        The three parts of the error rate.
    precision, recall, f1 : float or None
        Micro-averaged: over the items of all classes together.
    macro_f1 : float or None
        Mean of F1 over the classes that occur in the reference.
    """

    error_rate: float | None
    substitution_rate: float | None
    deletion_rate: float | None
    insertion_rate: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    macro_f1: float | None


@dataclass(frozen=True)
class ClassScores:
    """Scores of one class; within a class there are no substitutions.

    Parameters
    ----------
    n_reference, n_estimated : int
        Items (segments or events) of the class in the reference and in the output.
    error_rate, deletion_rate, insertion_rate : float or None
        Deletions and insertions per reference item.
    precision, recall, f1 : float or None
        Scores over the items of the class.
    """

    n_reference: int
    n_estimated: int
    error_rate: float | None
    deletion_rate: float | None
    insertion_rate: float | None
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class DetectionScores:
    """Scores of one system on one set of clips.

    Parameters
    ----------
    overall : OverallScores
        Scores over all classes.
    per_class : mapping of str to ClassScores
        Scores of each class by label, in the order of the label set.
    """

    overall: OverallScores
    per_class: Mapping[str, ClassScores]


def detection_scores(counts: DetectionCounts, labels: LabelSet) -> DetectionScores:
    """Compute the scores of all clips together; undefined scores are ``None``."""
    by_class = np.stack([items.sum(axis=0) for items in (counts.correct, counts.n_reference, counts.n_estimated)])
    per_class = {label: _class_scores(*by_class[:, k].tolist()) for k, label in enumerate(labels)}
    correct, n_reference, n_estimated = by_class.sum(axis=1).tolist()
    class_f1 = [scores.f1 for scores in per_class.values() if scores.f1 is not None]
    overall = OverallScores(
        error_rate=_ratio(int(counts.errors.sum()), n_reference),
        substitution_rate=_ratio(int(counts.substitutions.sum()), n_reference),
        deletion_rate=_ratio(int(counts.deletions.sum()), n_reference),
        insertion_rate=_ratio(int(counts.insertions.sum()), n_reference),
        precision=_ratio(correct, n_estimated),
        recall=_ratio(correct, n_reference),
        f1=_f1(correct, n_reference, n_estimated),
        macro_f1=_ratio(sum(class_f1), len(class_f1)),
    )
    return DetectionScores(overall, per_class)


def _class_scores(correct: int, n_reference: int, n_estimated: int) -> ClassScores:
    return ClassScores(
        n_reference=n_reference,
        n_estimated=n_estimated,
        error_rate=_ratio(n_reference + n_estimated - 2 * correct, n_reference),
        deletion_rate=_ratio(n_reference - correct, n_reference),
        insertion_rate=_ratio(n_estimated - correct, n_reference),
        precision=_ratio(correct, n_estimated),
        recall=_ratio(correct, n_reference),
        f1=_f1(correct, n_reference, n_estimated),
    )


def _f1(correct: int, n_reference: int, n_estimated: int) -> float | None:
    return 2 * correct / (n_reference + n_estimated) if n_reference else None


def _ratio(part: float, whole: int) -> float | None:
    return part / whole if whole else None
