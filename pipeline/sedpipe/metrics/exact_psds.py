"""PSDS over all thresholds there are, not over some: from frame probabilities, validate -> counts -> scores.

Equal to sed_scores_eval. Every run of frames that some threshold makes (:mod:`sedpipe.metrics.runs`) is a detection
from its highest threshold down to its lowest one, so that what is counted as the threshold falls is a sum of what
comes and goes: detections that are not good, cross-triggers, and reference events as good detections cover enough
of them or too little. Times are whole microseconds, which makes every comparison exact.

Classes without a reference event are left out, as in :mod:`sedpipe.metrics.psds_scores`, which has the parameters.

- :func:`exact_psds`: frame probabilities -> score of each scenario

Source: Ebbers, Serizel & Haeb-Umbach, "Threshold independent evaluation of sound event detection scores", ICASSP
2022.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sedpipe.metrics.psds_scores import Scenario, area_of_curves, joined, overlapping_pairs
from sedpipe.metrics.runs import runs_of_all_thresholds
from sedpipe.metrics.validation import EventTable

_HOUR = 3600.0
_MICROSECONDS = 1e6
_MOST_CELLS = 2**21  # of frames times clips times classes at once


@dataclass(frozen=True, eq=False)
class _Changes:
    """As the threshold falls to ``levels``, ``by`` (1 or -1) more are counted in one of several ``groups``."""

    groups: np.ndarray
    levels: np.ndarray
    by: np.ndarray

    @classmethod
    def of(cls, groups: np.ndarray, highs: np.ndarray, lows: np.ndarray) -> _Changes:
        """One more at each of ``highs``, one less at each of ``lows`` that is a threshold."""
        ends = np.isfinite(lows)
        by = np.repeat([1, -1], [len(highs), int(ends.sum())])
        return cls(np.append(groups, groups[ends]), np.append(highs, lows[ends]), by)

    @classmethod
    def by_group(cls, parts: list[_Changes]) -> _Changes:
        """All of them, group by group."""
        groups, levels, by = (np.concatenate([getattr(part, name) for part in parts]) for name in _FIELDS)
        # NumPy sorts integers of 16 bits in linear time
        small = groups.astype(np.int16) if groups.max(initial=0) < 2**15 else groups
        order = np.argsort(small, kind="stable")
        return cls(groups[order], levels[order], by[order])

    def of_group(self, group: int) -> tuple[np.ndarray, np.ndarray]:
        """Levels, which fall, and how many are counted from each on."""
        some = slice(*np.searchsorted(self.groups, [group, group + 1]))
        order = np.argsort(-self.levels[some])
        return self.levels[some][order], np.cumsum(self.by[some][order])


_FIELDS = ("groups", "levels", "by")


def _at(changes: tuple[np.ndarray, np.ndarray], levels: np.ndarray) -> np.ndarray:
    """How many are counted at each of ``levels``, which fall."""
    there, counts = changes
    return np.append(0, counts)[np.searchsorted(-there, -levels, side="right")]


@dataclass(frozen=True, eq=False)
class _Counted:
    """Changes of what is counted; those of cross-triggers are of pairs: class of the detection * K + the other one."""

    found: _Changes
    false: _Changes
    cross: _Changes


def exact_psds(
    reference: EventTable,
    frame_probs: np.ndarray,
    counted: np.ndarray,
    edges: np.ndarray,
    durations: np.ndarray,
    scenarios: Mapping[str, Scenario],
) -> dict[str, float | None]:
    """The score of each scenario, every probability that occurs being a threshold.

    Parameters
    ----------
    reference : EventTable
        What sounds in N clips; times in seconds, rounded to a microsecond.
    frame_probs : ndarray [shape=(N, T, K)]
        Probabilities. No filter is applied: where one is wanted, filter them before.
    counted : ndarray [shape=(N,)]
        How many frames of each clip count; the others are never active.
    edges : ndarray [shape=(T + 1,)]
        Of the frames, in seconds, rounded as event times are.
    durations : ndarray [shape=(N,)]
        Length of each clip in seconds; no event reaches past it.
    scenarios : mapping of str to Scenario

    Returns
    -------
    dict of str to float or None
        In [0, 1]; ``None`` where no class has a reference event.

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
    exact = _in_microseconds(reference)
    parts: dict[str, list[_Counted]] = {name: [] for name in scenarios}
    for runs, highs, lows in _detections(frame_probs, counted, edges, durations):
        pairs = overlapping_pairs(exact, runs, len(durations))
        for name, scenario in scenarios.items():
            parts[name].append(_counted(exact, runs, (highs, lows), pairs, scenario, n_classes))
    return {
        name: area_of_curves(_curves(parts[name], reference, durations, n_classes, scenario), scenario)
        for name, scenario in scenarios.items()
    }


def _in_microseconds(events: EventTable) -> EventTable:
    onsets, offsets = (np.rint(times * _MICROSECONDS).astype(np.int64) for times in (events.onsets, events.offsets))
    return EventTable(events.clips, events.classes, onsets, offsets)


def _detections(
    frame_probs: np.ndarray, counted: np.ndarray, edges: np.ndarray, durations: np.ndarray
) -> Iterator[tuple[EventTable, np.ndarray, np.ndarray]]:
    """Every run as an event in microseconds, with its highest and its lowest threshold; some clips at a time."""
    n_clips, n_frames, n_classes = frame_probs.shape
    at_once = max(1, _MOST_CELLS // max(1, n_frames * n_classes))
    for first in range(0, n_clips, at_once):
        some = slice(first, first + at_once)
        columns = frame_probs[some].transpose(1, 0, 2).reshape(n_frames, -1)
        runs = runs_of_all_thresholds(columns, np.repeat(counted[some], n_classes))
        clips = first + runs.columns // n_classes
        offsets = np.minimum(edges[runs.stops], durations[clips])
        events = EventTable(clips, runs.columns % n_classes, edges[runs.starts], offsets)
        yield _in_microseconds(events), runs.highs, runs.lows


def _counted(
    reference: EventTable,
    runs: EventTable,
    thresholds: tuple[np.ndarray, np.ndarray],
    pairs: tuple[np.ndarray, np.ndarray],
    scenario: Scenario,
    n_classes: int,
) -> _Counted:
    """What the detections of some clips change, from the pairs of detections and reference events that overlap."""
    det, ref = pairs
    highs, lows = thresholds
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
    cross = _Changes.of(runs.classes[detection] * n_classes + other, highs[detection], lows[detection])
    return _Counted(found, false, cross)


def _found(
    reference: EventTable, ref: np.ndarray, shared: np.ndarray, highs: np.ndarray, lows: np.ndarray, gtc: float
) -> _Changes:
    """Where reference events begin and cease to be covered enough, from what each good detection covers of them."""
    ends = np.isfinite(lows)
    event, level = np.append(ref, ref[ends]), np.append(highs, lows[ends])
    order = np.lexsort((-level, event))
    event, level = event[order], level[order]
    covered = np.cumsum(np.append(shared, -shared[ends])[order])
    # at one level all that changes there has changed, and events are told apart
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


def _curves(
    parts: list[_Counted], reference: EventTable, durations: np.ndarray, n_classes: int, scenario: Scenario
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Effective false positives an hour and found events of each class that is there, at each of its thresholds."""
    found, false, cross = (
        _Changes.by_group([getattr(part, name) for part in parts]) for name in ("found", "false", "cross")
    )
    n_reference = np.bincount(reference.classes, minlength=n_classes)
    seconds = np.bincount(reference.classes, reference.offsets - reference.onsets, minlength=n_classes)
    hours = durations.sum() / _HOUR
    there, curves = np.flatnonzero(n_reference).tolist(), []
    for k in there:
        right, wrong = found.of_group(k), false.of_group(k)
        triggers = {other: cross.of_group(k * n_classes + other) for other in there if other != k}
        levels = np.unique(np.concatenate([changes[0] for changes in (right, wrong, *triggers.values())]))[::-1]
        efpr = _at(wrong, levels) / hours
        if scenario.alpha_ct and triggers:
            rates = sum(_at(changes, levels) * _HOUR / seconds[other] for other, changes in triggers.items())
            efpr = efpr + scenario.alpha_ct * rates / len(triggers)
        curves.append(_rises(efpr, _at(right, levels) / n_reference[k]))
    return curves


def _rises(efpr: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The points that find more than any to their left: of hundreds of thousands, at most one a reference event."""
    order = np.lexsort((-found, efpr))
    best = np.maximum.accumulate(found[order])
    kept = order[np.append(True, best[1:] > best[:-1])]
    return efpr[kept], found[kept]
