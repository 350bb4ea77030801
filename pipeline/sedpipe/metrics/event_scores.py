"""Event-based scores: is each event found, from onset to offset, validate -> counts -> scores.

Equal to sed_eval's ``EventBasedMetrics`` with its default, optimal matching. An estimated event is correct if it has
the class of a reference event, its onset lies within the collar, and its offset within the collar or a share of the
reference event's length, whichever is longer; events are matched so that there are as many pairs as possible.
Of the events left over, a pair that matches in time but not in class is one substitution. A difference that float
arithmetic puts beyond the collar (0.9 s and 0.7 s differ by 0.20000000000000007 s) is beyond it, as it is for sed_eval.

- :func:`event_based_scores`: event lists -> scores
- :func:`event_based_counts`: event lists -> counts of each clip

Source: Mesaros, Heittola & Virtanen, "Metrics for polyphonic sound event detection", Applied Sciences 6(6), 2016.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sedpipe.events import EventLists
from sedpipe.labels import LabelSet
from sedpipe.metrics.detection_scores import DetectionCounts, DetectionScores, detection_scores
from sedpipe.metrics.ranges import ranges
from sedpipe.metrics.validation import EventTable, validate


def event_based_scores(
    reference: EventLists,
    estimated: EventLists,
    durations: Mapping[str, float],
    labels: LabelSet,
    collar: float = 0.2,
    offset_collar_rate: float | None = 0.2,
) -> DetectionScores:
    """Event-based scores of event lists; the defaults are DCASE's.

    Parameters
    ----------
    reference, estimated, durations, labels
        As for :func:`~sedpipe.metrics.segment_scores.segment_based_scores`. Overlapping events of a class count one
        by one; events may reach past the clip.
    collar : float > 0
        How far, in seconds, an onset may be off.
    offset_collar_rate : float in [0, 1], optional
        An offset may be off by the collar or by this share of the reference event's length. With ``None`` only
        onsets are compared.

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
    >>> from sedpipe.events import Event
    >>> truth, found = [Event(0, 5, "Car")], [Event(0.1, 4, "Car"), Event(0, 3, "Car")]
    >>> event_based_scores({"a": truth}, {"a": found}, {"a": 10.0}, LabelSet(("Car",))).overall.precision
    0.5
    """
    counts = event_based_counts(reference, estimated, durations, labels, collar, offset_collar_rate)
    return detection_scores(counts, labels)


def event_based_counts(
    reference: EventLists,
    estimated: EventLists,
    durations: Mapping[str, float],
    labels: LabelSet,
    collar: float = 0.2,
    offset_collar_rate: float | None = 0.2,
) -> DetectionCounts:
    """Counts of each clip, in the order of the reference; see :func:`event_based_scores`.

    Parameters
    ----------
    reference, estimated : mapping of str to sequence of Event
        By clip.
    durations : mapping of str to float
        Length of each clip in seconds.
    labels : LabelSet
        The classes.
    collar : float
        Seconds by which an onset may be off.
    offset_collar_rate : float, optional
        Share of an event's length by which its offset may be off; None: offsets are not looked at.
    """
    if not collar > 0 or (offset_collar_rate is not None and not 0 <= offset_collar_rate <= 1):
        raise ValueError(
            f"collar must be positive and offset_collar_rate in [0, 1], got {collar} and {offset_collar_rate}"
        )
    clips = validate(reference, estimated, durations, labels)
    shape = (len(clips.clip_ids), len(labels))
    correct, substitutions = np.zeros(shape, dtype=int), np.zeros(shape[0], dtype=int)
    bounds = [
        np.searchsorted(table.clips, np.arange(shape[0] + 1)).tolist() for table in (clips.reference, clips.estimated)
    ]
    for n in range(shape[0]):
        (first, end), (first_found, end_found) = ((bound[n], bound[n + 1]) for bound in bounds)
        if first == end or first_found == end_found:
            continue
        truth, found = clips.reference.where(slice(first, end)), clips.estimated.where(slice(first_found, end_found))
        in_time = _in_time(truth, found, collar, offset_collar_rate)
        same = truth.classes[in_time[0]] == found.classes[in_time[1]]
        pairs = _matching(in_time[0][same].tolist(), in_time[1][same].tolist())
        np.add.at(correct[n], truth.classes[[j for j, _ in pairs]], 1)
        substitutions[n] = _substitutions(in_time, pairs)
    n_reference, n_estimated = (_events_of_classes(table, shape) for table in (clips.reference, clips.estimated))
    fitting = correct.sum(axis=1) + substitutions
    return DetectionCounts(
        substitutions=substitutions,
        deletions=n_reference.sum(axis=1) - fitting,
        insertions=n_estimated.sum(axis=1) - fitting,
        correct=correct,
        n_reference=n_reference,
        n_estimated=n_estimated,
    )


def _in_time(
    truth: EventTable, found: EventTable, collar: float, offset_collar_rate: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of reference and estimated events of a clip that fit in time, in order.

    Only estimated events around a reference event's onset are looked at: a recording of a day has tens of thousands.
    """
    order = np.argsort(found.onsets, kind="stable")
    onsets, reach = found.onsets[order], collar + 1e-6  # more than float arithmetic is off; told exactly below
    first, end = np.searchsorted(onsets, truth.onsets - reach), np.searchsorted(onsets, truth.onsets + reach)
    near = end - first
    j = np.repeat(np.arange(len(truth)), near)
    i = order[ranges(first, near)]
    fits = np.abs(truth.onsets[j] - found.onsets[i]) <= collar
    if offset_collar_rate is not None:
        allowed = np.maximum(collar, offset_collar_rate * (truth.offsets - truth.onsets))
        fits &= np.abs(truth.offsets[j] - found.offsets[i]) <= allowed[j]
    j, i = j[fits], i[fits]
    in_order = np.lexsort((i, j))
    return j[in_order], i[in_order]


def _matching(rows: list[int], columns: list[int]) -> list[tuple[int, int]]:
    """As many pairs (reference, estimated) as can be made of those that fit, which are in order.

    Where one event fits several, equally many pairs can be made in several ways, and they leave different events
    over for substitutions. Then sed_eval is asked for its own choice.
    """
    if len(set(rows)) == len(rows) and len(set(columns)) == len(columns):
        return list(zip(rows, columns, strict=True))
    from sed_eval.util import bipartite_match  # takes seconds to import

    fitting: dict[int, list[int]] = {}
    for j, i in zip(rows, columns, strict=True):
        fitting.setdefault(i, []).append(j)
    return sorted(bipartite_match(fitting).items())


def _substitutions(in_time: tuple[np.ndarray, np.ndarray], pairs: list[tuple[int, int]]) -> int:
    """Events left over that fit in time, each reference event taking the first that is still free."""
    known, taken = {j for j, _ in pairs}, {i for _, i in pairs}
    for j, i in zip(*(indices.tolist() for indices in in_time), strict=True):
        if j not in known and i not in taken:
            known.add(j)
            taken.add(i)
    return len(known) - len(pairs)


def _events_of_classes(events: EventTable, shape: tuple[int, int]) -> np.ndarray:
    return np.bincount(events.clips * shape[1] + events.classes, minlength=shape[0] * shape[1]).reshape(shape)
