"""What scores of sound event detection look like, whether segments or events are counted.

Scores are fractions. One that is undefined is ``None``, never nan or a huge number: precision without any output,
everything else without any reference. Where a class has reference but no output, F1 is 0 (sed_eval's
``empty_system_output_handling="zero_score"``; its default leaves such a class out of the macro mean).

- :class:`OverallScores`: over all classes (micro), and the macro mean of F1
- :class:`ClassScores`: of one class
- :class:`DetectionScores`: both
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class OverallScores:
    """Scores over all classes.

    Parameters
    ----------
    error_rate : float or None
        Substitutions, deletions and insertions a reference item; may exceed 1.
    substitution_rate, deletion_rate, insertion_rate : float or None
        Its three parts.
    precision, recall, f1 : float or None
        Micro: of the items of all classes together.
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
    """Scores of one class, in which there is nothing to substitute.

    Parameters
    ----------
    n_reference, n_estimated : int
        Items (segments or events) of the class in the reference and in the output.
    error_rate, deletion_rate, insertion_rate : float or None
        Deletions and insertions a reference item.
    precision, recall, f1 : float or None
        Of the items of the class.
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
        Over all classes.
    per_class : mapping of str to ClassScores
        By label, in the order of the label set.
    """

    overall: OverallScores
    per_class: Mapping[str, ClassScores]
