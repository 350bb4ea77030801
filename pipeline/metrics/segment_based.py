"""Segment-based scores: is each class heard in each second, validate -> counts -> scores.

Equal to sed_eval's ``SegmentBasedMetrics`` and fast enough (a millisecond on rolls) to tune settings with it.
An event lights every segment it touches: ``floor(onset / resolution)`` up to ``ceil(offset / resolution)``, as far
as the clip lasts. A roll is a boolean array (N, S, K): N clips, S segments, K classes.

- :func:`segment_based_scores`: event lists -> scores
- :func:`segment_roll`: event lists -> roll
- :func:`segments_of_frames`: the same from the frames that the events would be made of
- :func:`count_segments`, :func:`segment_scores`: rolls -> counts -> scores

Source: Mesaros, Heittola & Virtanen, "Metrics for polyphonic sound event detection", Applied Sciences 6(6), 2016.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.events import Event, EventLists
from pipeline.labels import LabelSet
from pipeline.metrics.detection_scores import ClassScores, DetectionScores, OverallScores
from pipeline.metrics.validation import validate


@dataclass(frozen=True, eq=False)
class SegmentCounts:
    """What was counted.

    Parameters
    ----------
    substitutions, deletions, insertions : int
        Summed over segments; in one segment, a missed and a false class are one substitution.
    correct, n_reference, n_estimated : ndarray [shape=(K,)]
        Active segments of each class: in both, in the reference, in the output.
    """

    substitutions: int
    deletions: int
    insertions: int
    correct: np.ndarray
    n_reference: np.ndarray
    n_estimated: np.ndarray


def segment_based_scores(
    reference: EventLists,
    estimated: EventLists,
    durations: Mapping[str, float],
    labels: LabelSet,
    time_resolution: float = 1.0,
) -> DetectionScores:
    """Segment-based scores of event lists.

    Parameters
    ----------
    reference, estimated : mapping of str to sequence of Event
        By clip; see :func:`~pipeline.metrics.validation.validate`. Events that are not located do not count.
    durations : mapping of str to float
        Length in seconds of each clip; events are not looked at past it.
    labels : LabelSet
        The classes.
    time_resolution : float > 0
        Length of a segment in seconds.

    Returns
    -------
    DetectionScores
        Over all classes and of each.

    Raises
    ------
    ValueError
        If the lists do not fit together.

    Examples
    --------
    >>> truth, found = [Event(0, 2, "Car")], [Event(1, 4, "Car")]
    >>> segment_based_scores({"a": truth}, {"a": found}, {"a": 10.0}, LabelSet(("Car",))).overall.error_rate
    1.5
    """
    if time_resolution <= 0:
        raise ValueError(f"time_resolution must be positive, got {time_resolution}")
    reference, estimated, durations = validate(reference, estimated, durations, labels)
    rolls = (
        segment_roll(list(lists.values()), list(durations.values()), labels, time_resolution)
        for lists in (reference, estimated)
    )
    return segment_scores(count_segments(*rolls), labels)


def count_of_segments(durations: Sequence[float] | np.ndarray, time_resolution: float) -> np.ndarray:
    """How many segments each clip has; the last may be cut."""
    return np.ceil(np.asarray(durations, dtype=float) / time_resolution).astype(int)


def segment_roll(
    event_lists: Sequence[Sequence[Event]], durations: Sequence[float], labels: LabelSet, time_resolution: float
) -> np.ndarray:
    """Boolean (N, S, K): which classes each clip's events light in which segments; S is that of the longest clip.

    Times are taken as they are: :func:`~pipeline.metrics.validation.validate` rounds them.
    """
    n_segments = count_of_segments(durations, time_resolution)
    roll = np.zeros((len(event_lists), int(n_segments.max(initial=0)), len(labels)), dtype=bool)
    rows = [(n, labels.index(event.label)) for n, events in enumerate(event_lists) for event in events]
    times = np.array([(event.onset, event.offset) for events in event_lists for event in events]).reshape(-1, 2)
    firsts = np.floor(times[:, 0] / time_resolution).astype(int).tolist()
    ends = np.ceil(times[:, 1] / time_resolution).astype(int).tolist()
    for (n, k), first, end in zip(rows, firsts, ends, strict=True):
        roll[n, first : min(end, n_segments[n]), k] = True
    return roll


def segments_of_frames(active: np.ndarray, edges: np.ndarray, n_segments: int, time_resolution: float) -> np.ndarray:
    """Segments that the events of an activity would light, without making the events.

    A run of frames lights exactly the segments that its frames light one by one, since neighbours share an edge.

    Parameters
    ----------
    active : ndarray [shape=(T, ...)]
        Boolean, time along the first axis.
    edges : ndarray [shape=(T + 1,)]
        Of the frames, in seconds, rounded as event times are.
    n_segments : int
        S.
    time_resolution : float > 0
        Length of a segment in seconds.

    Returns
    -------
    ndarray [shape=(S, ...)]
        Boolean.
    """
    segment = np.arange(n_segments)
    firsts = np.searchsorted(np.ceil(edges[1:] / time_resolution), segment, side="right")
    ends = np.searchsorted(np.floor(edges[:-1] / time_resolution), segment, side="right")
    roll = np.zeros((n_segments, *active.shape[1:]), dtype=bool)
    for lit, first, end in zip(roll, firsts, ends, strict=True):
        active[first:end].any(axis=0, out=lit)
    return roll


def count_segments(reference: np.ndarray, estimated: np.ndarray) -> SegmentCounts:
    """Counts of two rolls (N, S, K).

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if reference.shape != estimated.shape or reference.ndim != 3:
        raise ValueError(f"rolls must have one shape (N, S, K), got {reference.shape} and {estimated.shape}")
    both = reference & estimated
    in_reference, in_estimated, correct = (roll.sum(axis=-1) for roll in (reference, estimated, both))
    return SegmentCounts(
        substitutions=int((np.minimum(in_reference, in_estimated) - correct).sum()),
        deletions=int(np.maximum(in_reference - in_estimated, 0).sum()),
        insertions=int(np.maximum(in_estimated - in_reference, 0).sum()),
        correct=both.sum(axis=(0, 1)),
        n_reference=reference.sum(axis=(0, 1)),
        n_estimated=estimated.sum(axis=(0, 1)),
    )


def segment_scores(counts: SegmentCounts, labels: LabelSet) -> DetectionScores:
    """Scores from counts; undefined ones are ``None``."""
    per_class = {
        label: _class_scores(int(counts.correct[k]), int(counts.n_reference[k]), int(counts.n_estimated[k]))
        for k, label in enumerate(labels)
    }
    correct, n_reference, n_estimated = (int(n.sum()) for n in (counts.correct, counts.n_reference, counts.n_estimated))
    class_f1 = [scores.f1 for scores in per_class.values() if scores.f1 is not None]
    overall = OverallScores(
        error_rate=_ratio(counts.substitutions + counts.deletions + counts.insertions, n_reference),
        substitution_rate=_ratio(counts.substitutions, n_reference),
        deletion_rate=_ratio(counts.deletions, n_reference),
        insertion_rate=_ratio(counts.insertions, n_reference),
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
