"""Results by class: how well each class is detected, and which other classes it is confused with.

- :func:`class_rows`: scores and counts of the classes, the weakest first
- :func:`confused_classes`, :func:`confusion_rows`: the classes that were estimated where a class was missed;
  :func:`without_column`: the classes that the confusion matrix does not show
- :func:`findings`: the few sentences that a reader looks for first
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sedpipe.labels import LabelSet
from sedpipe.metrics.detection_scores import ClassScores
from sedpipe.views.page.mistakes import Confusions
from sedpipe.views.page.scored_run import ScoredRun
from sedpipe.views.page.timing import typical_onset_errors
from sedpipe.wording import counted

MOST_CONFUSED = 40
"""Largest number of columns of the confusion matrix; with hundreds of classes it would take up most of the page."""

_ENOUGH_SEGMENTS = 10  # a class with fewer reference segments may look weak by chance


@dataclass(frozen=True)
class TakenFor:
    """A class that was estimated in place of another, and the number of segments in which it was."""

    label: str
    segments: float

    @property
    def seconds(self) -> str:
        """The duration of these segments in seconds, as text."""
        return _seconds(self.segments)


@dataclass(frozen=True)
class ClassRow:
    """One class.

    Parameters
    ----------
    label : str
    scores : ClassScores
    taken_for : sequence of TakenFor
        The two classes that are most often estimated in its place.
    onset : float or None
        Median absolute onset error of its pairs of events, in seconds; None if it has no pairs.
    """

    label: str
    scores: ClassScores
    taken_for: Sequence[TakenFor]
    onset: float | None


@dataclass(frozen=True)
class ConfusionCell:
    """A cell of the confusion matrix.

    Parameters
    ----------
    segments : float
        Number of segments.
    share : float
        Their share of the reference segments of the row's class.
    title : str
        The cell in words.
    label : str
        The row's class.
    predicted : str
        The class that was predicted; empty if nothing was predicted instead.
    """

    segments: float
    share: float
    title: str
    label: str
    predicted: str

    @property
    def is_found(self) -> bool:
        """Whether the row's class itself was predicted."""
        return self.predicted == self.label


@dataclass(frozen=True)
class ConfusionRow:
    """A row of the confusion matrix: a cell for each shown class (its own: detected), then one for "nothing"."""

    label: str
    n_reference: int
    cells: Sequence[ConfusionCell]


@dataclass(frozen=True)
class Finding:
    """A sentence with a heading."""

    title: str
    text: str


def class_rows(run: ScoredRun, confusions: Confusions) -> list[ClassRow]:
    """Return a row for each class by F1, the weakest first; classes that do not occur in the reference come last."""
    _, onsets = typical_onset_errors(run.truth.reference, run.estimated)
    rows = [
        ClassRow(label, run.scores.per_class[label], _taken_for(k, run.labels, confusions)[:2], onsets.get(label))
        for k, label in enumerate(run.labels)
    ]
    return sorted(rows, key=lambda row: (row.scores.f1 is None, row.scores.f1 or 0.0, row.label))


def _taken_for(k: int, labels: LabelSet, confusions: Confusions) -> list[TakenFor]:
    order = np.argsort(-confusions.taken_for[k], kind="stable").tolist()
    return [
        TakenFor(labels.names[j], float(confusions.taken_for[k, j])) for j in order if confusions.taken_for[k, j] > 0
    ]


def confused_classes(run: ScoredRun, confusions: Confusions) -> list[int]:
    """Return the indices of the classes that get a column, in the order of the label set.

    These are the classes that occur in the reference or are predicted; if there are more than :data:`MOST_CONFUSED`,
    those that are most often missed or falsely predicted.
    """
    reference, estimated = run.rolls
    occurs = (reference | estimated).any(axis=(0, 1))
    wrong = confusions.taken_for.sum(axis=0) + confusions.taken_for.sum(axis=1) + confusions.unnoticed
    order = sorted(np.flatnonzero(occurs).tolist(), key=lambda k: (-wrong[k], k))
    return sorted(order[:MOST_CONFUSED])


def without_column(run: ScoredRun, columns: Sequence[int]) -> str:
    """Return a sentence about the classes that the confusion matrix does not show; empty if it shows all."""
    reference, estimated = run.rolls
    n_occurring = int((reference | estimated).any(axis=(0, 1)).sum())
    if len(columns) < n_occurring:
        return f"Only the {len(columns)} of {len(run.labels)} classes with the most errors are shown."
    n_silent = len(run.labels) - n_occurring
    if not n_silent:
        return ""
    are = "is" if n_silent == 1 else "are"
    return f"{counted(n_silent, 'class')} {are} not shown: neither active nor predicted here."


def confusion_rows(run: ScoredRun, confusions: Confusions, classes: Sequence[int]) -> list[ConfusionRow]:
    """Return a row for each of ``classes`` that occurs in the reference, with a cell for each of ``classes``."""
    rows = []
    for k in classes:
        label, n_reference = run.labels.names[k], int(run.rolls[0][..., k].sum())
        if n_reference:
            segments = np.where(np.arange(len(run.labels)) == k, confusions.found[k], confusions.taken_for[k])
            cells = [_cell(label, float(segments[j]), n_reference, run.labels.names[j]) for j in classes]
            cells.append(_cell(label, float(confusions.unnoticed[k]), n_reference, ""))
            rows.append(ConfusionRow(label, n_reference, cells))
    return rows


def _cell(label: str, segments: float, n_reference: int, predicted: str) -> ConfusionCell:
    outcome = "detected" if predicted == label else f"missed, {predicted or 'nothing'} predicted instead"
    title = f"{label} {outcome}: {_seconds(segments)} of {n_reference:,} s"
    return ConfusionCell(segments, segments / n_reference, title, label, predicted)


def _seconds(segments: float) -> str:
    """Return a number of one-second segments as text; a segment that several classes share counts as a fraction.

    >>> _seconds(8.0), _seconds(1 / 3), _seconds(1234.5)
    ('8', '0.333', '1,234')
    """
    return f"{segments:,.0f}" if segments >= 100 else f"{segments:.3g}"


def findings(run: ScoredRun, rows: Sequence[ClassRow], confusions: Confusions) -> list[Finding]:
    """Return findings on misses and false alarms, weakest classes, confusions and onsets, as far as there are any."""
    return [*_balance(run), *_weakest(rows), *_confused(run.labels, confusions), *_late(run)]


def _late(run: ScoredRun) -> list[Finding]:
    errors, _ = typical_onset_errors(run.truth.reference, run.estimated)
    if errors is None:
        return []
    text = (
        f"Half of the {errors.n_pairs:,} events that overlap a reference event of their class begin within "
        f"{errors.median:.2f} s of it; {100 * errors.late:.0f} % begin late. Segment-based scores do not show this."
    )
    return [Finding("Onsets", text)]


def _balance(run: ScoredRun) -> list[Finding]:
    reference, estimated = run.rolls
    n_reference, missed, false = (
        int(roll.sum()) for roll in (reference, reference & ~estimated, estimated & ~reference)
    )
    if not n_reference:
        return []
    more = "More misses than false alarms" if missed > false else "More false alarms than misses"
    text = (
        f"Of {n_reference:,} active seconds in the reference (summed over classes), {n_reference - missed:,} are "
        f"detected and {missed:,} missed; {false:,} s are false alarms."
    )
    return [Finding(more if missed != false else "As many misses as false alarms", text)]


def _weakest(rows: Sequence[ClassRow]) -> list[Finding]:
    known = [
        f"{row.label} ({100 * row.scores.f1:.1f})"
        for row in rows
        if row.scores.f1 is not None and row.scores.n_reference >= _ENOUGH_SEGMENTS
    ]
    if len(known) < 2:
        return []
    named = ", ".join(known[: min(3, len(known) - 1)])
    return [Finding("Weakest classes by F1 (%)", f"{named}; the strongest is {known[-1]}.")]


def _confused(labels: LabelSet, confusions: Confusions) -> list[Finding]:
    pairs = sorted(
        ((float(confusions.taken_for[k, j]), k, j) for k in range(len(labels)) for j in range(len(labels))),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    named = [
        f"{labels.names[k]} for {labels.names[j]} ({_seconds(segments)} s)" for segments, k, j in pairs[:3] if segments
    ]
    silent = int(confusions.unnoticed.sum())
    if not named:
        return []
    return [
        Finding(
            "Most often confused",
            f"{'; '.join(named)}. In {silent:,} missed seconds, nothing was predicted instead.",
        )
    ]
