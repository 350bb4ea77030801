"""How far found events lie beside the reference: seconds, positive where the estimate is late.

A reference event and an estimated one of its class are a pair if they overlap; each event is in one pair at most, and
of all ways to pair a clip's events that with the most overlap is taken.

- :class:`Timing`: one pair
- :func:`timings`: the pairs of a clip
- :func:`typical_onset_errors`: by class, over many clips
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
    """One pair: how late its estimate begins and ends, in seconds; negative: early."""

    label: str
    onset: float
    offset: float


@dataclass(frozen=True)
class OnsetErrors:
    """Of some pairs: how far onsets are off (median, seconds), and the share of them that is late."""

    n_pairs: int
    median: float
    late: float


def timings(reference: Iterable[Event], estimated: Iterable[Event]) -> list[Timing]:
    """Pairs of one clip, class by class, in order of the reference.

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
    """Of one class."""
    return [
        Timing(r.label, round(e.onset - r.onset, 3), round(e.offset - r.offset, 3))
        for some, others in _groups(reference, estimated)
        for r, e in _most_overlap(some, others)
    ]


def _groups(reference: Sequence[Event], estimated: Sequence[Event]) -> list[tuple[list[Event], list[Event]]]:
    """Events that hang together by overlaps, of both lists, in order.

    Nothing overlaps across groups, so each is paired alone: a recording of a day takes as long as its parts, not as the
    square of its events.
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
    """Of all ways to pair the events of a group, the one with the most overlap."""
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
    """Onset errors over all clips, and the median of each class; None, or no entry, where nothing is paired."""
    pairs = [pair for clip_id, events in reference.items() for pair in timings(events, estimated.get(clip_id, ()))]
    if not pairs:
        return None, {}
    by_class = defaultdict(list)
    for pair in pairs:
        by_class[pair.label].append(abs(pair.onset))
    onsets = np.array([pair.onset for pair in pairs])
    overall = OnsetErrors(len(pairs), float(np.median(np.abs(onsets))), float((onsets > 0).mean()))
    return overall, {label: float(np.median(errors)) for label, errors in by_class.items()}
