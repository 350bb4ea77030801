"""The official scorer sed_eval, with event lists as input and the scores of this package as output.

sed_eval needs one call for each clip and float times, returns nan or 4.5e15 for undefined scores, and cannot handle a
class named "None". Here every clip of the reference is evaluated over its whole length, and undefined scores are
``None``. A class with reference but no output has an F1 of 0 (sed_eval's ``zero_score``).

- :func:`official_segment_based_scores`: scores that :mod:`sedpipe.metrics.segment_scores` must equal
- :func:`official_event_based_scores`: scores that :mod:`sedpipe.metrics.event_scores` must equal
- :func:`differences`: the differences between two scores of the same output
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, TypeAlias

import numpy as np

from sedpipe.events import EventLists
from sedpipe.labels import LabelSet
from sedpipe.metrics.detection_scores import ClassScores, DetectionScores, OverallScores
from sedpipe.metrics.validation import EventTable, Scorable, validate

OfClip: TypeAlias = tuple[int, EventTable, EventTable]
"""Index of a clip, its reference events and its estimated events."""

Watch: TypeAlias = Callable[[Iterator[OfClip]], Iterator[OfClip]]

ALIKE = 1e-12
"""Tolerance between two ways of adding ratios of the same integers."""

_EVENTS_AT_ONCE = 100
"""Events of a part: sed_eval compares every reference event with every estimated one, a minute for 2,000 of each."""


def official_segment_based_scores(
    reference: EventLists,
    estimated: EventLists,
    durations: Mapping[str, float],
    labels: LabelSet,
    time_resolution: float = 1.0,
    watch: Watch = iter,
) -> DetectionScores:
    """Segment-based scores as sed_eval counts them.

    Parameters
    ----------
    reference, estimated : mapping of str to sequence of Event
        Events by clip; see :func:`~sedpipe.metrics.validation.validate`.
    durations : mapping of str to float
        Length in seconds of each clip.
    labels : LabelSet
        The classes.
    time_resolution : float > 0
        Length of a segment in seconds.
    watch : callable
        Passes the clips on, one by one, and may report progress: sed_eval takes milliseconds for each.

    Returns
    -------
    DetectionScores
        Scores over all classes and of each class.

    Raises
    ------
    ValueError
        If the lists do not fit together.
    """
    clips, names = validate(reference, estimated, durations, labels), list(_names(labels).values())
    with _quiet_sed_eval() as sed_eval:
        metrics = sed_eval.sound_event.SegmentBasedMetrics(
            event_label_list=names,
            time_resolution=float(time_resolution),
        )
        for n, *tables in watch(_by_clip(clips)):
            truth, found = (_as_dicts(table, names) for table in tables)
            if truth or found:
                metrics.event_label_list = _classes_in(truth, found)
                metrics.evaluate(truth, found, evaluated_length_seconds=float(clips.durations[n]))
        metrics.event_label_list = names
        return _scores(metrics, labels)


def official_event_based_scores(
    reference: EventLists,
    estimated: EventLists,
    durations: Mapping[str, float],
    labels: LabelSet,
    collar: float = 0.2,
    offset_collar_rate: float | None = 0.2,
    watch: Watch = iter,
) -> DetectionScores:
    """Event-based scores as sed_eval counts them; the defaults are DCASE's.

    Parameters
    ----------
    reference, estimated, durations, labels
        As for :func:`official_segment_based_scores`.
    collar : float > 0
        How far, in seconds, an onset may be off.
    offset_collar_rate : float in [0, 1], optional
        An offset may be off by the collar or by this share of the reference event's length, whichever is longer.
        With ``None`` only onsets are compared.
    watch : callable
        As for :func:`official_segment_based_scores`.

    Returns
    -------
    DetectionScores
        Scores over all classes and of each class.

    Raises
    ------
    ValueError
        If the lists do not fit together.
    """
    clips, names = validate(reference, estimated, durations, labels), list(_names(labels).values())
    with _quiet_sed_eval() as sed_eval:
        metrics = sed_eval.sound_event.EventBasedMetrics(
            event_label_list=names,
            t_collar=float(collar),
            percentage_of_length=float(offset_collar_rate or 0),
            evaluate_offset=offset_collar_rate is not None,
        )
        for _, in_reference, in_estimated in watch(_by_clip(clips)):
            for part in _parts(in_reference, in_estimated, collar):
                truth, found = (_as_dicts(table, names) for table in part)
                metrics.event_label_list = _classes_in(truth, found)
                metrics.evaluate(truth, found)
        metrics.event_label_list = names
        return _scores(metrics, labels)


def differences(official: DetectionScores, ours: DetectionScores) -> list[str]:
    """Return ``f1 (0.5 and 0.6)``, for example, for each score, overall or of a class, that is not the same in both."""
    return _differences(asdict(official), asdict(ours))


def _differences(official: Mapping[str, Any], ours: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for name, value in official.items():
        other = ours[name]
        if isinstance(value, Mapping):
            found += _differences(value, other)
        elif not _are_alike(value, other):
            found.append(f"{name} ({value} and {other})")
    return found


def _are_alike(value: float | None, other: float | None) -> bool:
    """Whether two scores agree; the tolerance is also relative, since an error rate has no upper bound."""
    if value is None or other is None:
        return value is other
    return math.isclose(value, other, rel_tol=ALIKE, abs_tol=ALIKE)


@contextmanager
def _quiet_sed_eval() -> Iterator[Any]:
    """Yield the module, without its warnings about pkg_resources and means of empty arrays."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import sed_eval  # takes seconds to import

        yield sed_eval


def _names(labels: LabelSet) -> dict[str, str]:
    """Label -> name passed to sed_eval, which would take a class named "None" for no class."""
    return {label: f"class {k}" for k, label in enumerate(labels)}


def _by_clip(clips: Scorable) -> Iterator[OfClip]:
    tables = clips.reference, clips.estimated
    bounds = [np.searchsorted(table.clips, np.arange(len(clips.clip_ids) + 1)).tolist() for table in tables]
    for n in range(len(clips.clip_ids)):
        truth, found = (table.where(slice(bound[n], bound[n + 1])) for table, bound in zip(tables, bounds, strict=True))
        yield n, truth, found


def _parts(truth: EventTable, found: EventTable, collar: float) -> Iterator[tuple[EventTable, EventTable]]:
    """Split the events of a clip into parts, by onset, such that no two of different parts begin within the collar.

    So nothing is matched or substituted across parts, and sed_eval's counts of the parts add up to its counts of the
    whole clip. A part may have more than :data:`_EVENTS_AT_ONCE` events if there is no gap.
    """
    onsets = np.sort(np.append(truth.onsets, found.onsets))
    start = 0
    for end in [*(np.flatnonzero(np.diff(onsets) > collar) + 1).tolist(), len(onsets)]:
        if start < end and (end - start >= _EVENTS_AT_ONCE or end == len(onsets)):
            first, last = onsets[start], onsets[end - 1]
            yield _begun_between(truth, first, last), _begun_between(found, first, last)
            start = end


def _begun_between(events: EventTable, first: float, last: float) -> EventTable:
    return events.where((first <= events.onsets) & (events.onsets <= last))


def _as_dicts(events: EventTable, names: Sequence[str]) -> list[dict[str, Any]]:
    columns = (events.onsets.tolist(), events.offsets.tolist(), events.classes.tolist())
    return [
        {"onset": onset, "offset": offset, "event_label": names[k]} for onset, offset, k in zip(*columns, strict=True)
    ]


def _classes_in(*lists: Sequence[Mapping[str, Any]]) -> list[str]:
    """Classes of a clip: sed_eval takes time for each class, and classes that do not occur do not change the counts."""
    return sorted({event["event_label"] for events in lists for event in events})


def _scores(metrics: Any, labels: LabelSet) -> DetectionScores:
    metrics.empty_system_output_handling = "zero_score"  # used by both metrics, an argument of only one
    f, rates = metrics.overall_f_measure(), metrics.overall_error_rate()
    has_reference, has_output = metrics.overall["Nref"] > 0, metrics.overall["Nsys"] > 0
    macro = metrics.results_class_wise_average_metrics()["f_measure"]["f_measure"]
    overall = OverallScores(
        error_rate=_defined(rates["error_rate"], has_reference),
        substitution_rate=_defined(rates["substitution_rate"], has_reference),
        deletion_rate=_defined(rates["deletion_rate"], has_reference),
        insertion_rate=_defined(rates["insertion_rate"], has_reference),
        precision=_defined(f["precision"], has_output),
        recall=_defined(f["recall"], has_reference),
        f1=_defined(f["f_measure"], has_reference),
        macro_f1=_defined(macro, has_reference),
    )
    return DetectionScores(overall, {label: _class_scores(metrics, name) for label, name in _names(labels).items()})


def _class_scores(metrics: Any, name: str) -> ClassScores:
    f, rates, counts = (
        metrics.class_wise_f_measure(name),
        metrics.class_wise_error_rate(name),
        metrics.class_wise_count(name),
    )
    has_reference, has_output = counts["Nref"] > 0, counts["Nsys"] > 0
    return ClassScores(
        n_reference=int(counts["Nref"]),
        n_estimated=int(counts["Nsys"]),
        error_rate=_defined(rates["error_rate"], has_reference),
        deletion_rate=_defined(rates["deletion_rate"], has_reference),
        insertion_rate=_defined(rates["insertion_rate"], has_reference),
        precision=_defined(f["precision"], has_output),
        recall=_defined(f["recall"], has_reference),
        f1=_defined(f["f_measure"], has_reference),
    )


def _defined(value: float, when: bool) -> float | None:
    """Return the value as a float, or ``None`` if sed_eval divided by zero."""
    return float(value) if when and math.isfinite(value) else None
