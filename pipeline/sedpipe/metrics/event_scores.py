"""Event-based scores: is each event found, from onset to offset? Validate -> counts -> scores.

Equal to sed_eval's ``EventBasedMetrics`` with its default, optimal matching. An estimated event is correct if it has
the class of a reference event, its onset lies within the collar, and its offset within the collar or a share of the
reference event's length, whichever is longer; events are matched such that the number of pairs is as large as possible.
Among the remaining events, a pair that matches in time but not in class is one substitution. A difference that float
arithmetic puts beyond the collar (0.9 s and 0.7 s differ by 0.20000000000000007 s) is beyond it, as in sed_eval.

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
        Scores over all classes and of each class.

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
        Events by clip.
    durations : mapping of str to float
        Length of each clip in seconds.
    labels : LabelSet
        The classes.
    collar : float
        Seconds by which an onset may be off.
    offset_collar_rate : float, optional
        Share of an event's length by which its offset may be off; None: offsets are ignored.
    """
    if not collar > 0 or (offset_collar_rate is not None and not 0 <= offset_collar_rate <= 1):
        raise ValueError(
            f"collar must be positive and offset_collar_rate in [0, 1], got {collar} and {offset_collar_rate}"
        )
    clips = validate(reference, estimated, durations, labels)
    shape, truth = (len(clips.clip_ids), len(labels)), clips.reference
    j, i = in_time = _in_time(truth, clips.estimated, collar, offset_collar_rate)
    found_right, right = _matching(in_time[:, truth.classes[j] == clips.estimated.classes[i]], truth, clips.estimated)
    correct = _events_of_classes(truth.where(found_right), shape)
    left_over = ~np.isin(j, found_right) & ~np.isin(i, right)
    substitutions = np.bincount(truth.clips[_substituted(in_time[:, left_over])], minlength=shape[0])
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


def _in_time(truth: EventTable, found: EventTable, collar: float, offset_collar_rate: float | None) -> np.ndarray:
    """Index pairs (2, P), in order, of a reference and an estimated event of the same clip that match in time.

    Only the estimated events around a reference event's onset are examined: a recording of a day has tens of thousands.
    """
    order = np.lexsort((found.onsets, found.clips))
    ordered, reach = found.where(order), collar + 1e-6  # wider than any rounding error; compared exactly below
    first, end = (_before(ordered, truth.clips, truth.onsets + by) for by in (-reach, reach))
    j, i = np.repeat(np.arange(len(truth)), end - first), order[ranges(first, end - first)]
    fits = np.abs(truth.onsets[j] - found.onsets[i]) <= collar
    if offset_collar_rate is not None:
        allowed = np.maximum(collar, offset_collar_rate * (truth.offsets - truth.onsets))
        fits &= np.abs(truth.offsets[j] - found.offsets[i]) <= allowed[j]
    pairs = np.stack([j[fits], i[fits]])
    return pairs[:, np.lexsort(pairs[::-1])]


def _before(ordered: EventTable, clips: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Number of events before each time in each clip; the events are in order of clips and onsets."""
    both = np.lexsort((np.concatenate([times, ordered.onsets]), np.concatenate([clips, ordered.clips])))
    is_event = both >= len(times)
    before = np.empty(len(times), dtype=int)
    before[both[~is_event]] = np.cumsum(is_event)[~is_event]
    return before


def _matching(fitting: np.ndarray, truth: EventTable, found: EventTable) -> np.ndarray:
    """Choose as many of the fitting pairs as possible, each event once; the input is in order, and both are (2, P).

    Where one event fits several, there may be several largest sets of pairs, and they leave different events for
    substitutions. Then sed_eval's own function chooses, clip by clip.
    """
    several = np.any([np.bincount(row)[row] > 1 for row in fitting], axis=0)
    clips = truth.clips[fitting[0]]
    chosen = [fitting[:, ~np.isin(clips, clips[several])]]
    for n in np.unique(clips[several]):
        of_clip = slice(*np.searchsorted(clips, [n, n + 1]))
        first = np.array([[np.searchsorted(table.clips, n)] for table in (truth, found)])
        chosen.append(_choice_of_sed_eval(fitting[:, of_clip] - first) + first)
    return np.concatenate(chosen, axis=1)


def _choice_of_sed_eval(fitting: np.ndarray) -> np.ndarray:
    """Return those of the pairs (2, P) of a clip that sed_eval matches."""
    from sed_eval.util import bipartite_match  # takes seconds to import

    references_of: dict[int, list[int]] = {}
    for j, i in fitting.T.tolist():
        references_of.setdefault(i, []).append(j)
    return np.array(list(bipartite_match(references_of).items())).T


def _substituted(left_over: np.ndarray) -> list[int]:
    """Return the reference events that match a remaining event in time; each takes the first one that is still free."""
    known, taken = set[int](), set[int]()
    for j, i in left_over.T.tolist():
        if j not in known and i not in taken:
            known.add(j)
            taken.add(i)
    return sorted(known)


def _events_of_classes(events: EventTable, shape: tuple[int, int]) -> np.ndarray:
    return np.bincount(events.clips * shape[1] + events.classes, minlength=shape[0] * shape[1]).reshape(shape)
