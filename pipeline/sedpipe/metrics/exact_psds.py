"""PSDS over every threshold that makes a difference, from frame probabilities: validate -> counts -> scores.

Equal to sed_scores_eval. Every run of frames that some threshold makes (:mod:`sedpipe.metrics.runs`) is a detection
from its highest threshold down to its lowest one. So, as the threshold falls, each count is a sum of changes:
detections that are not good, cross-triggers, and reference events, as good detections begin or cease to cover enough
of them. Times are whole microseconds, which makes every comparison exact.

Memory does not grow with the number of clips: the changes are added up by threshold, for a few clips at a time, and,
if there are many thresholds, for a few classes at a time. If all classes together have more than 2**22 different
probabilities, the thresholds of each class are limited to its share: the highest ones, then, in descending order,
thresholds that each let in only slightly more frames (with 17 classes and 6 million frames, 1 in 15,000 more).

Classes without a reference event are left out, as in :mod:`sedpipe.metrics.psds_scores`, which has the parameters.

- :func:`exact_psds`: frame probabilities -> score of each scenario

Source: Ebbers, Serizel & Haeb-Umbach, "Threshold independent evaluation of sound event detection scores", ICASSP
2022.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sedpipe.metrics.psds_scores import Curve, Scenario, area_of_curves, joined, overlapping_pairs
from sedpipe.metrics.runs import runs_of_all_thresholds
from sedpipe.metrics.validation import EventTable

_HOUR = 3600.0
_MICROSECONDS = 1e6
_MOST_CELLS = 2**19  # frames times clips times classes that are processed together
_MOST_THRESHOLDS = 2**22  # of all classes together
_MOST_COUNTED = 2**20  # of the classes counted together; each threshold takes a number in three arrays per scenario


@dataclass(frozen=True, eq=False)
class _Changes:
    """Changes of counts: as the threshold falls to one of ``levels``, the count of a class changes by ``by``.

    Levels are indices of a class's thresholds, in ascending order from 0.
    """

    classes: np.ndarray
    levels: np.ndarray
    by: np.ndarray

    @classmethod
    def of(cls, classes: np.ndarray, highs: np.ndarray, lows: np.ndarray, by: np.ndarray | float = 1) -> _Changes:
        """Increase a count by ``by`` at each of ``highs``, and decrease it by ``by`` at each finite one of ``lows``."""
        ends, by = np.isfinite(lows), np.broadcast_to(by, classes.shape)
        return cls(np.append(classes, classes[ends]), np.append(highs, lows[ends]), np.append(by, -by[ends]))


class _Counted:
    """Counts at each threshold of some classes; cross-triggers as a rate per hour of the other class."""

    def __init__(self, classes: range, n_levels: int) -> None:
        self.classes = classes
        self.found, self.false = (np.zeros((len(classes), n_levels), dtype=np.int32) for _ in range(2))
        self.cross = np.zeros((len(classes), n_levels))

    def add(self, found: _Changes, false: _Changes, cross: _Changes) -> None:
        """Add changes to the counts."""
        for sums, changes in ((self.found, found), (self.false, false), (self.cross, cross)):
            cells = changes.classes - self.classes.start, changes.levels.astype(np.int64)
            np.add.at(sums, cells, changes.by.astype(sums.dtype))

    def of_class(self, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Found events, false detections and cross-triggers of class ``k`` at each threshold, in descending order."""
        row = self.classes.index(k)
        found, false, cross = (np.cumsum(sums[row, ::-1]) for sums in (self.found, self.false, self.cross))
        return found, false, cross


def exact_psds(
    reference: EventTable,
    frame_probs: np.ndarray,
    counted: np.ndarray,
    edges: np.ndarray,
    durations: np.ndarray,
    scenarios: Mapping[str, Scenario],
) -> dict[str, float | None]:
    """Compute the score of each scenario, with every probability that occurs as a threshold.

    Parameters
    ----------
    reference : EventTable
        Reference events of N clips; times in seconds, rounded to a microsecond.
    frame_probs : ndarray [shape=(N, T, K)]
        Frame probabilities. No filter is applied: if one is wanted, filter them first.
    counted : ndarray [shape=(N,)]
        Number of frames of each clip that count; the others are never active.
    edges : ndarray [shape=(T + 1,)]
        Edges of the frames in seconds, rounded in the same way as event times.
    durations : ndarray [shape=(N,)]
        Length of each clip in seconds; no event reaches past it.
    scenarios : mapping of str to Scenario
        Parameters of each scenario.

    Returns
    -------
    dict of str to float or None
        Score of each scenario in [0, 1]; ``None`` if no class has a reference event.

    Examples
    --------
    >>> from sedpipe.metrics.psds_scores import SCENARIOS
    >>> truth = EventTable(np.array([0]), np.array([0]), np.array([1.0]), np.array([3.0]))
    >>> probs = np.array([[[0.1], [0.8], [0.7], [0.2]]])
    >>> exact_psds(truth, probs, np.array([4]), np.arange(5.0), np.array([4.0]), SCENARIOS)
    {'scenario1': 1.0, 'scenario2': 1.0}
    """
    n_classes = frame_probs.shape[2]
    reference = joined(reference, n_classes)
    if not len(reference):
        return dict.fromkeys(scenarios)
    if not counted.any():  # then there is no threshold, and nothing is ever detected
        return dict.fromkeys(scenarios, 0.0)
    exact = _in_microseconds(reference)
    seconds = np.bincount(reference.classes, reference.offsets - reference.onsets, minlength=n_classes)
    most = _MOST_THRESHOLDS // n_classes
    at_once = max(1, _MOST_COUNTED // max(1, min(most, int(counted.sum()))))
    curves: dict[str, list[Curve]] = {name: [] for name in scenarios}
    for first in range(0, n_classes, at_once):
        classes = range(first, min(first + at_once, n_classes))
        thresholds = [_thresholds(frame_probs[:, :, k], counted, most) for k in classes]
        sums = {name: _Counted(classes, max(map(len, thresholds))) for name in scenarios}
        for some, runs, ends in _detections(frame_probs, classes, thresholds, counted, edges, durations):
            of_some = exact.of_clips(some)
            pairs = overlapping_pairs(of_some, runs)
            for name, scenario in scenarios.items():
                sums[name].add(*_changes(of_some, runs, ends, pairs, scenario, seconds))
        for name, scenario in scenarios.items():
            curves[name] += _curves(sums[name], reference, durations, scenario)
    return {name: area_of_curves(curves[name], scenario) for name, scenario in scenarios.items()}


def _thresholds(probs: np.ndarray, counted: np.ndarray, most: int) -> np.ndarray:
    """The different probabilities of a class, from (N, T), ascending; if there are more than ``most``, a selection.

    The selection becomes sparser towards low probabilities.
    """
    there = np.unique(probs[np.arange(probs.shape[1]) < counted[:, None]])
    if len(there) <= most:
        return there
    from_above = np.unique(np.rint(np.geomspace(1, len(there), most)).astype(np.int64))
    return there[len(there) - from_above[::-1]]


def _in_microseconds(events: EventTable) -> EventTable:
    onsets, offsets = (np.rint(times * _MICROSECONDS).astype(np.int64) for times in (events.onsets, events.offsets))
    return EventTable(events.clips, events.classes, onsets, offsets)


def _detections(
    frame_probs: np.ndarray,
    classes: range,
    thresholds: list[np.ndarray],
    counted: np.ndarray,
    edges: np.ndarray,
    durations: np.ndarray,
) -> Iterator[tuple[slice, EventTable, tuple[np.ndarray, np.ndarray]]]:
    """Yield every run as an event in microseconds, with the indices of its highest threshold and of that where it ends.

    A few clips are processed at a time; in their events, clips are numbered from 0.
    """
    n_clips, n_frames, n_classes = frame_probs.shape
    at_once = max(1, _MOST_CELLS // max(1, n_frames * n_classes))
    for first in range(0, n_clips, at_once):
        some = slice(first, min(first + at_once, n_clips))
        probs = frame_probs[some, :, classes.start : classes.stop]
        levels = [np.searchsorted(of_class, probs[:, :, k], "right") - 1 for k, of_class in enumerate(thresholds)]
        columns = np.stack(levels, axis=2).transpose(1, 0, 2).reshape(n_frames, -1).astype(np.float64)
        runs = runs_of_all_thresholds(columns, np.repeat(counted[some], len(classes)))
        clips = runs.columns // len(classes)
        offsets = np.minimum(edges[runs.stops], durations[some][clips])
        events = EventTable(clips, classes.start + runs.columns % len(classes), edges[runs.starts], offsets)
        yield some, _in_microseconds(events), (runs.highs, runs.lows)


def _changes(
    reference: EventTable,
    runs: EventTable,
    ends: tuple[np.ndarray, np.ndarray],
    pairs: tuple[np.ndarray, np.ndarray],
    scenario: Scenario,
    seconds: np.ndarray,
) -> tuple[_Changes, _Changes, _Changes]:
    """Changes due to the detections of some clips, from the overlapping pairs of detections and reference events."""
    det, ref = pairs
    highs, lows = ends
    n_classes = len(seconds)
    lengths = runs.offsets - runs.onsets
    shared = np.minimum(runs.offsets[det], reference.offsets[ref]) - np.maximum(runs.onsets[det], reference.onsets[ref])
    own = runs.classes[det] == reference.classes[ref]
    good = np.bincount(det[own], shared[own], minlength=len(runs)) >= np.maximum(np.rint(scenario.dtc * lengths), 1)
    bad = ~good
    false = _Changes.of(runs.classes[bad], highs[bad], lows[bad])
    by_good = own & good[det]
    found = _found(reference, ref[by_good], shared[by_good], highs[det[by_good]], lows[det[by_good]], scenario.gtc)
    others = ~own & bad[det]
    of_pair, places = np.unique(det[others] * n_classes + reference.classes[ref[others]], return_inverse=True)
    detection, other = of_pair // n_classes, of_pair % n_classes
    enough = np.bincount(places, shared[others], minlength=len(of_pair)) >= np.maximum(
        np.rint(scenario.cttc * lengths[detection]), 1
    )
    detection, other = detection[enough], other[enough]
    cross = _Changes.of(runs.classes[detection], highs[detection], lows[detection], _HOUR / seconds[other])
    return found, false, cross


def _found(
    reference: EventTable, ref: np.ndarray, shared: np.ndarray, highs: np.ndarray, lows: np.ndarray, gtc: float
) -> _Changes:
    """Thresholds where reference events begin or cease to be covered enough, from what each good detection covers."""
    ends = np.isfinite(lows)
    event, level = np.append(ref, ref[ends]), np.append(highs, lows[ends])
    order = np.lexsort((-level, event))
    event, level = event[order], level[order]
    covered = np.cumsum(np.append(shared, -shared[ends])[order])
    # the sum after all changes at one level of one event is the one that counts
    last = np.append((event[1:] != event[:-1]) | (level[1:] != level[:-1]), True) if len(event) else np.zeros(0, bool)
    event, level, covered = event[last], level[last], covered[last]
    begins = np.append(True, event[1:] != event[:-1]) if len(event) else np.zeros(0, bool)
    before = np.append(0, covered[:-1])[begins]
    covered = covered - np.repeat(before, np.diff(np.append(np.flatnonzero(begins), len(event))))
    needed = np.maximum(np.rint(gtc * (reference.offsets - reference.onsets)), 1)[event]
    is_found = (covered >= needed).astype(int)
    change = is_found - np.where(begins, 0, np.append(0, is_found[:-1])) if len(event) else is_found
    kept = change != 0
    return _Changes(reference.classes[event[kept]], level[kept], change[kept])


def _curves(counted: _Counted, reference: EventTable, durations: np.ndarray, scenario: Scenario) -> list[Curve]:
    """Curve of each counted class that has a reference event, with a point for each of its thresholds."""
    n_reference = np.bincount(reference.classes, minlength=counted.classes.stop)
    n_others, hours = max(1, len(np.flatnonzero(n_reference)) - 1), durations.sum() / _HOUR
    curves = []
    for k in counted.classes:
        if n_reference[k]:
            found, false, cross = counted.of_class(k)
            efpr = false / hours + scenario.alpha_ct * cross / n_others
            curves.append(_rises(efpr, found / n_reference[k]))
    return curves


def _rises(efpr: np.ndarray, found: np.ndarray) -> Curve:
    """Keep the points that find more than all to their left: out of 100,000s, at most one per reference event."""
    order = np.lexsort((-found, efpr))
    best = np.maximum.accumulate(found[order])
    kept = order[np.append(True, best[1:] > best[:-1])]
    return efpr[kept], found[kept]
