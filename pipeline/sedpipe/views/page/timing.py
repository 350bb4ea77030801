"""Timing errors of estimated events, in seconds, positive if the estimate is late.

A reference event and an estimated event of its class can form a pair if they overlap. Each event is in at most one
pair; of all ways to pair the events of a clip, the one with the largest total overlap is used.

- :class:`Timing`: one pair
- :func:`timings`: the pairs of a clip
- :func:`typical_onset_errors`: onset errors over many clips, in total and by class
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from sedpipe.events import Event, EventLists


@dataclass(frozen=True)
class Timing:
    """One pair: how late the estimated event begins and ends, in seconds; negative if it is early."""

    label: str
    onset: float
    offset: float


@dataclass(frozen=True)
class OnsetErrors:
    """Onset errors of some pairs: the median absolute error in seconds, and the share of onsets that are late."""

    n_pairs: int
    median: float
    late: float


def timings(reference: Iterable[Event], estimated: Iterable[Event]) -> list[Timing]:
    """Return the pairs of one clip, class by class, in the order of the reference.

    Examples
    --------
    >>> timings([Event(1.0, 2.0, "Dog")], [Event(1.5, 2.0, "Dog"), Event(0.0, 9.0, "Rain")])
    [Timing(label='Dog', onset=0.5, offset=0.0)]
    """
    found = defaultdict(list)
    for event in sorted(estimated):
        found[event.label].append(event)
    known = defaultdict(list)
    for event in sorted(event for event in reference if event.is_located):
        known[event.label].append(event)
    return [timing for label, events in sorted(known.items()) for timing in _pairs(events, found[label])]


def _pairs(reference: Sequence[Event], estimated: Sequence[Event]) -> list[Timing]:
    """Return the pairs of one class."""
    return [
        Timing(r.label, round(e.onset - r.onset, 3), round(e.offset - r.offset, 3))
        for some, others in _groups(reference, estimated)
        for r, e in _most_overlap(some, others)
    ]


def _groups(reference: Sequence[Event], estimated: Sequence[Event]) -> list[tuple[list[Event], list[Event]]]:
    """Return groups of events of both lists that are connected by overlaps, in order.

    Events of different groups do not overlap, so each group is paired separately: for a day-long recording, the
    time needed is that of its parts, and does not grow with the square of its number of events.
    """
    groups: list[tuple[list[Event], list[Event]]] = []
    end = float("-inf")
    for event, side in sorted(
        [(r, 0) for r in reference] + [(e, 1) for e in estimated], key=lambda each: each[0].onset
    ):
        if event.onset >= end:
            groups.append(([], []))
        groups[-1][side].append(event)
        end = max(end, event.offset)
    return groups


def _most_overlap(reference: Sequence[Event], estimated: Sequence[Event]) -> list[tuple[Event, Event]]:
    """Pair the events of a group so that their total overlap is as large as possible."""
    if not (reference and estimated):
        return []
    of_reference, of_estimated = (
        np.array([(each.onset, each.offset) for each in events]) for events in (reference, estimated)
    )
    onsets = np.maximum.outer(of_reference[:, 0], of_estimated[:, 0])
    overlaps = np.minimum.outer(of_reference[:, 1], of_estimated[:, 1]) - onsets
    rows, columns = linear_sum_assignment(np.maximum(overlaps, 0), maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(reference[i], estimated[j]) for i, j in pairs if overlaps[i, j] > 0]


def typical_onset_errors(reference: EventLists, estimated: EventLists) -> tuple[OnsetErrors | None, dict[str, float]]:
    """Return onset errors over all clips, and the median of each class; None, or no entry, if there are no pairs."""
    pairs = [pair for clip_id, events in reference.items() for pair in timings(events, estimated.get(clip_id, ()))]
    if not pairs:
        return None, {}
    by_class = defaultdict(list)
    for pair in pairs:
        by_class[pair.label].append(abs(pair.onset))
    onsets = np.array([pair.onset for pair in pairs])
    overall = OnsetErrors(len(pairs), float(np.median(np.abs(onsets))), float((onsets > 0).mean()))
    return overall, {label: float(np.median(errors)) for label, errors in by_class.items()}
