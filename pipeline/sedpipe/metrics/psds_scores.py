"""PSDS, the polyphonic sound detection score: one score for all thresholds, validate -> counts -> scores.

Equal to psds_eval. At each operating point (one threshold), a detection is good if enough of it lies in reference
events of its class (``dtc``), and a reference event is found if good detections cover enough of it (``gtc``).
Detections that are not good are false positives; those with a sufficient part in another class (``cttc``) are also
cross-triggers of that class. The points make a curve for each class, found events against effective false positives
per hour; the score is the area under the mean of the curves less their spread, up to ``max_efpr``.

A score depends on which thresholds make the points. :data:`THRESHOLDS` are the 50 of the DESED baseline, 0.01, 0.03,
..., 0.99. Touching and overlapping events of a class are joined first; events of no length and classes without a
reference event are left out.

- :data:`SCENARIOS`: the two scenarios of DCASE since 2020, with DESED's parameters
- :func:`psds`: event tables of each operating point -> score
- :func:`count_detections`: event table of one operating point -> counts
- :func:`psds_of_counts`: counts of all operating points -> score

Source: Bilen et al., "A framework for the robust evaluation of sound event detection", ICASSP 2020; the scenarios:
Ronchini et al., "The impact of non-target events in synthetic soundscapes for sound event detection", DCASE 2021.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from sedpipe.metrics.ranges import ranges
from sedpipe.metrics.validation import EventTable

Curve: TypeAlias = tuple[np.ndarray, np.ndarray]
"""Points that a class can reach: effective false positives per hour (P,), and the share of its events found (P,)."""

THRESHOLDS = tuple((2 * k + 1) / 100 for k in range(50))
_HOUR = 3600.0


@dataclass(frozen=True)
class Scenario:
    """Criteria and costs of a PSDS.

    Parameters
    ----------
    dtc, gtc, cttc : float in [0, 1]
        Criteria: detection tolerance, ground truth intersection and cross-trigger tolerance.
    alpha_ct, alpha_st : float >= 0
        Cost of cross-triggers, and of instability across classes.
    max_efpr : float > 0
        Maximum of effective false positives per hour: the curve is cut off there.
    """

    dtc: float
    gtc: float
    cttc: float
    alpha_ct: float
    alpha_st: float
    max_efpr: float = 100.0


SCENARIOS = {
    "scenario1": Scenario(dtc=0.7, gtc=0.7, cttc=0.3, alpha_ct=0.0, alpha_st=1.0),
    "scenario2": Scenario(dtc=0.1, gtc=0.1, cttc=0.3, alpha_ct=0.5, alpha_st=1.0),
}
"""Scenario 1: the times of events must be accurate. Scenario 2: the classes must not be confused."""


@dataclass(frozen=True, eq=False)
class PsdsCounts:
    """Counts at one operating point.

    Parameters
    ----------
    found : ndarray [shape=(K,)]
        Number of reference events of each class that were found.
    false : ndarray [shape=(K,)]
        Number of detections of each class that are not good.
    cross : ndarray [shape=(K, K)]
        Number of detections of the first class that were triggered by the second.
    """

    found: np.ndarray
    false: np.ndarray
    cross: np.ndarray

    def __add__(self, other: PsdsCounts) -> PsdsCounts:
        """Counts of the clips of both."""
        return PsdsCounts(self.found + other.found, self.false + other.false, self.cross + other.cross)


def psds(
    reference: EventTable,
    detections: Iterable[tuple[slice, Sequence[EventTable]]],
    durations: np.ndarray,
    n_classes: int,
    scenarios: Mapping[str, Scenario],
) -> dict[str, float | None]:
    """Compute the score of each scenario.

    Parameters
    ----------
    reference : EventTable
        Reference events of N clips.
    detections : iterable of (slice, sequence of EventTable)
        Some neighbouring clips, and the events detected in them at each operating point, with clips numbered from the
        first of the slice. Together, the items cover all clips, and all have the same operating points.
    durations : ndarray [shape=(N,)]
        Length of each clip in seconds.
    n_classes : int
        Number K of classes.
    scenarios : mapping of str to Scenario
        Parameters of each scenario.

    Returns
    -------
    dict of str to float or None
        Score of each scenario in [0, 1]; ``None`` if no class has a reference event.
    """
    reference = joined(reference, n_classes)
    counts: dict[str, list[PsdsCounts]] = {name: [] for name in scenarios}
    for some, tables in detections:
        truth, points = reference.of_clips(some), [joined(table, n_classes) for table in tables]
        for name, scenario in scenarios.items():
            of_some = [count_detections(truth, found, durations[some], n_classes, scenario) for found in points]
            before = counts[name]
            counts[name] = [a + b for a, b in zip(before, of_some, strict=True)] if before else of_some
    return {
        name: psds_of_counts(counts[name], reference, durations, n_classes, scenario)
        for name, scenario in scenarios.items()
    }


def joined(events: EventTable, n_classes: int) -> EventTable:
    """Join the events of a class that touch or overlap, drop events without length, and sort by clip and onset."""
    events = events.where(events.offsets > events.onsets)
    events = events.where(np.lexsort((events.onsets, events.classes, events.clips)))
    if not len(events):
        return events
    of = events.clips * n_classes + events.classes
    # shifted, the times of one clip and class end before those of the next begin: one running maximum serves all
    shift = of * (events.offsets.max() + 1)
    reached = np.maximum.accumulate(events.offsets + shift)
    begins = np.append(True, (events.onsets + shift)[1:] > reached[:-1])
    begins |= np.append(True, of[1:] != of[:-1])
    starts = np.flatnonzero(begins)
    offsets = np.maximum.reduceat(events.offsets, starts)
    merged = EventTable(events.clips[starts], events.classes[starts], events.onsets[starts], offsets)
    return merged.where(np.lexsort((merged.onsets, merged.clips)))


def count_detections(
    reference: EventTable, found: EventTable, durations: np.ndarray, n_classes: int, scenario: Scenario
) -> PsdsCounts:
    """Count found events, false detections and cross-triggers at one operating point.

    Parameters
    ----------
    reference, found : EventTable
        Reference and detected events, as :func:`joined` returns them.
    durations : ndarray [shape=(N,)]
        Length of each clip in seconds.
    n_classes : int
        Number K of classes.
    scenario : Scenario
        The criteria.
    """
    det, ref = overlapping_pairs(reference, found)
    shared = np.minimum(found.offsets[det], reference.offsets[ref]) - np.maximum(
        found.onsets[det], reference.onsets[ref]
    )
    of_detection = shared / (found.offsets - found.onsets)[det]
    of_reference = shared / (reference.offsets - reference.onsets)[ref]
    # how much of each detection lies in reference events of each class
    covered = _sums(of_detection, det * n_classes + reference.classes[ref], len(found) * n_classes)
    covered = covered.reshape(len(found), n_classes)
    same = found.classes[det] == reference.classes[ref]
    own = covered[np.arange(len(found)), found.classes]
    has_own = np.bincount(det[same], minlength=len(found)) > 0
    good = has_own & (own >= scenario.dtc)
    by_good = same & good[det]
    coverage = _sums(of_reference[by_good], ref[by_good], len(reference))
    touched = np.bincount(ref[by_good], minlength=len(reference)) > 0
    is_found = touched & (coverage >= scenario.gtc)
    bad = ~good & (found.onsets < durations[found.clips])
    in_other = np.zeros_like(covered, dtype=bool)
    in_other[det, reference.classes[ref]] = True
    in_other &= (covered >= scenario.cttc) & ~good[:, None]
    in_other[np.arange(len(found)), found.classes] = False
    cross = np.zeros((n_classes, n_classes), dtype=int)
    np.add.at(cross, found.classes, in_other)
    return PsdsCounts(
        found=np.bincount(reference.classes[is_found], minlength=n_classes),
        false=np.bincount(found.classes[bad], minlength=n_classes),
        cross=cross,
    )


def psds_of_counts(
    counts: Sequence[PsdsCounts], reference: EventTable, durations: np.ndarray, n_classes: int, scenario: Scenario
) -> float | None:
    """Compute the score from the counts of all operating points.

    Parameters
    ----------
    counts : sequence of PsdsCounts
        Counts of each operating point.
    reference : EventTable
        Reference events, as :func:`joined` returns them.
    durations : ndarray [shape=(N,)]
        Length of each clip in seconds.
    n_classes : int
        Number K of classes.
    scenario : Scenario
        The costs and the maximum rate of false positives.
    """
    n_reference = np.bincount(reference.classes, minlength=n_classes)
    there = np.flatnonzero(n_reference)
    if not len(there) or not counts:
        return None
    seconds = np.bincount(reference.classes, reference.offsets - reference.onsets, minlength=n_classes)[there]
    hours = durations.sum() / _HOUR
    found = np.stack([point.found[there] / n_reference[there] for point in counts], axis=1)
    efpr = np.stack([point.false[there] / hours for point in counts], axis=1)
    if len(there) > 1:
        rates = np.stack([point.cross[np.ix_(there, there)] * _HOUR / seconds for point in counts], axis=2)
        efpr = efpr + scenario.alpha_ct * rates.sum(axis=1) / (len(there) - 1)
    return area_of_curves(list(zip(efpr, found, strict=True)), scenario)


def area_of_curves(curves: Sequence[Curve], scenario: Scenario) -> float:
    """Area under the mean of the classes' curves less their spread, as a share of the largest possible area.

    Parameters
    ----------
    curves : sequence of Curve
        Curve of each class. The point without detections, at which nothing is found, is added to each.
    scenario : Scenario
        Cost of the spread, and the maximum of effective false positives per hour.
    """
    with_nothing = [(np.append(efpr, 0.0), np.append(found, 0.0)) for efpr, found in curves]
    x = np.unique(np.concatenate([at for at, _ in with_nothing]))
    heights = np.stack([_staircase(x, at, found) for at, found in with_nothing])
    y = np.maximum(heights.mean(axis=0) - scenario.alpha_st * heights.std(axis=0), 0)
    edges = np.append(x[x < scenario.max_efpr], scenario.max_efpr)
    return float((np.diff(edges) * y[: len(edges) - 1]).sum() / scenario.max_efpr)


def overlapping_pairs(reference: EventTable, found: EventTable) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the detections and reference events that overlap in one clip, in order.

    The reference is as :func:`joined` returns it; detections may be in any order. An event that overlaps a detection
    begins inside the detection, or has begun and not ended when the detection begins. Both kinds are looked up, so that
    the cost for an hour with thousands of events is about the number of its pairs, not detections times events.
    """
    begun = _count(reference, found.clips, found.onsets, "right")  # including all events of earlier clips
    inside = np.maximum(_count(reference, found.clips, found.offsets, "left") - begun, 0)
    later = np.repeat(np.arange(len(found)), inside), ranges(begun, inside)
    # for each p, those of the first p events that have not ended when event p - 1 begins, one p after the other
    lasting = _count(reference, reference.clips, reference.offsets, "left") - np.arange(len(reference))
    p = ranges(np.arange(len(reference)) + 1, lasting)
    of_p = np.repeat(np.arange(len(reference)), lasting)[np.argsort(p, kind="stable")]
    sizes = np.bincount(p, minlength=len(reference) + 1)
    some = sizes[begun]
    det, ref = np.repeat(np.arange(len(found)), some), of_p[ranges((np.cumsum(sizes) - sizes)[begun], some)]
    lasts = (reference.clips[ref] == found.clips[det]) & (found.onsets[det] < reference.offsets[ref])
    lasts &= reference.onsets[ref] < found.offsets[det]
    det, ref = np.append(det[lasts], later[0]), np.append(ref[lasts], later[1])
    order = np.lexsort((ref, det))
    return det[order], ref[order]


def _count(reference: EventTable, clips: np.ndarray, times: np.ndarray, side: Literal["left", "right"]) -> np.ndarray:
    """Number of events in earlier clips, or in the same clip with an onset before the time ("right": or at it)."""
    onsets, of_event = np.unique(reference.onsets, return_inverse=True)
    # ranks of onsets instead of onsets: clips can be put one after the other without arithmetic on times
    keys = reference.clips * (len(onsets) + 1) + of_event
    return np.asarray(np.searchsorted(keys, clips * (len(onsets) + 1) + np.searchsorted(onsets, times, side)))


def _sums(values: np.ndarray, groups: np.ndarray, n_groups: int) -> np.ndarray:
    """Sum of the values of each group, compensated (Kahan) as in pandas: a half and a fifth may just reach 0.7."""
    order = np.argsort(groups, kind="stable")
    values, groups = values[order], groups[order]
    rank = np.arange(len(groups)) - np.searchsorted(groups, groups)
    total, lost = np.zeros(n_groups), np.zeros(n_groups)
    for r in range(int(rank.max(initial=-1)) + 1):
        at = groups[rank == r]
        step = values[rank == r] - lost[at]
        after = total[at] + step
        lost[at] = after - total[at] - step
        total[at] = after
    return total


def _staircase(x: np.ndarray, at: np.ndarray, y: np.ndarray) -> np.ndarray:
    """For each of ``x``, the highest ``y`` of the points at it or to its left."""
    order = np.argsort(at, kind="stable")
    best = np.maximum.accumulate(y[order])
    return np.asarray(best[np.searchsorted(at[order], x, side="right") - 1])
