"""The official scorer: sed_eval, with event lists in and the scores of this package out.

sed_eval wants one clip a call and float times, says nan or 4.5e15 where a score is undefined, and cannot take a
class named "None". Here every clip of the reference is evaluated over its whole length, and undefined is ``None``.
A class with reference but no output scores 0 in F1 (sed_eval's ``zero_score``).

- :func:`official_segment_based_scores`: what :mod:`sedpipe.metrics.segment_based` must come to
- :func:`official_event_based_scores`: what :mod:`sedpipe.metrics.event_based` must come to
- :func:`differences`: where two scores of the same output are not the same
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from sedpipe.events import EventLists
from sedpipe.labels import LabelSet
from sedpipe.metrics.detection_scores import ClassScores, DetectionScores, OverallScores
from sedpipe.metrics.validation import Scorable, validate

ALIKE = 1e-12
"""How near two ways of adding the same integers' ratios must come."""


def official_segment_based_scores(
    reference: EventLists,
    estimated: EventLists,
    durations: Mapping[str, float],
    labels: LabelSet,
    time_resolution: float = 1.0,
) -> DetectionScores:
    """Segment-based scores as sed_eval counts them.

    Parameters
    ----------
    reference, estimated : mapping of str to sequence of Event
        By clip; see :func:`~sedpipe.metrics.validation.validate`.
    durations : mapping of str to float
        Length in seconds of each clip.
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
    """
    clips = validate(reference, estimated, durations, labels)
    with _quiet_sed_eval() as sed_eval:
        metrics = sed_eval.sound_event.SegmentBasedMetrics(
            event_label_list=list(_names(labels).values()),
            time_resolution=float(time_resolution),
        )
        for truth, found, duration in zip(*_rows(clips, labels), clips.durations.tolist(), strict=True):
            metrics.evaluate(truth, found, evaluated_length_seconds=duration)
        return _scores(metrics, labels)


def official_event_based_scores(
    reference: EventLists,
    estimated: EventLists,
    durations: Mapping[str, float],
    labels: LabelSet,
    collar: float = 0.2,
    offset_collar_rate: float | None = 0.2,
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
        With ``None`` only onsets are looked at.

    Returns
    -------
    DetectionScores
        Over all classes and of each.

    Raises
    ------
    ValueError
        If the lists do not fit together.
    """
    clips = validate(reference, estimated, durations, labels)
    with _quiet_sed_eval() as sed_eval:
        metrics = sed_eval.sound_event.EventBasedMetrics(
            event_label_list=list(_names(labels).values()),
            t_collar=float(collar),
            percentage_of_length=float(offset_collar_rate or 0),
            evaluate_offset=offset_collar_rate is not None,
        )
        for truth, found in zip(*_rows(clips, labels), strict=True):
            metrics.evaluate(truth, found)
        return _scores(metrics, labels)


def differences(official: DetectionScores, ours: DetectionScores) -> list[str]:
    """``f1 (0.5 and 0.6)`` for each score, over all classes and of each, that is not the same in both."""
    return _differences(asdict(official), asdict(ours))


def _differences(official: Mapping[str, Any], ours: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for name, value in official.items():
        other = ours[name]
        if isinstance(value, Mapping):
            found += _differences(value, other)
        elif (value is None) != (other is None) or (value is not None and abs(value - other) > ALIKE):
            found.append(f"{name} ({value} and {other})")
    return found


@contextmanager
def _quiet_sed_eval() -> Iterator[Any]:
    """The module, without its warnings about pkg_resources and means of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import sed_eval  # takes seconds

        yield sed_eval


def _names(labels: LabelSet) -> dict[str, str]:
    """Label -> the name given to sed_eval, which reads a class called "None" as no class."""
    return {label: f"class {k}" for k, label in enumerate(labels)}


def _rows(clips: Scorable, labels: LabelSet) -> tuple[list[list[dict[str, float | str]]], ...]:
    """Reference and estimated events of each clip as sed_eval reads them."""
    names = _names(labels)
    return tuple(
        [
            [{"onset": event.onset, "offset": event.offset, "event_label": names[event.label]} for event in events]
            for events in table.lists(len(clips.clip_ids), labels)
        ]
        for table in (clips.reference, clips.estimated)
    )


def _scores(metrics: Any, labels: LabelSet) -> DetectionScores:
    metrics.empty_system_output_handling = "zero_score"  # both kinds obey it, but only one has it as an argument
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
    """The value as a float, or ``None`` where sed_eval divided by nothing."""
    return float(value) if when and math.isfinite(value) else None
