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
    if not estimated:
        return []
    overlaps = np.array([[min(r.offset, e.offset) - max(r.onset, e.onset) for e in estimated] for r in reference])
    rows, columns = linear_sum_assignment(np.maximum(overlaps, 0), maximize=True)
    return [
        Timing(
            reference[i].label,
            round(estimated[j].onset - reference[i].onset, 3),
            round(estimated[j].offset - reference[i].offset, 3),
        )
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        if overlaps[i, j] > 0
    ]


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
