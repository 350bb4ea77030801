"""Metrics of a score report beyond the segment-based scores: each is an entry in a registry.

A metric takes the data to score and returns named numbers. The report's JSON has them under the metric's name (under
``metrics`` for metrics that you add), and the terminal and the page show those that the metric selects.

- :data:`METRICS`: metrics by name; ``METRICS["mine"] = Metric(mine, {"number": "what it is called"})`` adds one
- :class:`Metric`, :class:`Scored`, :class:`Heard`: a metric, and the data that it can use
- :func:`measured`: the numbers of all metrics; :func:`custom_metrics`: only of those that do not come with sedpipe
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

import numpy as np

from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing, activity
from sedpipe.errors import SettingsError
from sedpipe.events import EventLists
from sedpipe.io.records.form import Table
from sedpipe.io.records.scores import ClipBased, EventBased, Numbers
from sedpipe.listener import Listener
from sedpipe.metrics.clip_scores import clip_based_scores
from sedpipe.metrics.exact_psds import exact_psds
from sedpipe.metrics.frame_precision import frame_average_precision, frames_of_class
from sedpipe.metrics.psds_scores import SCENARIOS, THRESHOLDS, psds
from sedpipe.metrics.validation import EventTable, validate
from sedpipe.registry import Registry
from sedpipe.steps.scoring import DCASE_COLLARS, EVENTS, ONSET_ONLY, checked
from sedpipe.truth import Truth


@dataclass(frozen=True, eq=False)
class Heard:
    """Output of a system, where more than its events is known.

    Parameters
    ----------
    scores : FrameScores
        Probabilities for the N clips.
    point : PostProcessing
        Post-processing that made the events from the probabilities.
    tags : ndarray [shape=(N, K)]
        Weak labels of the clips, 0 or 1.
    """

    scores: FrameScores
    point: PostProcessing
    tags: np.ndarray


@dataclass(frozen=True, eq=False)
class Scored:
    """Data to score.

    Parameters
    ----------
    truth : Truth
        Reference events of N clips.
    estimated : mapping of str to sequence of Event
        Events that a system predicts in these clips.
    heard : Heard, optional
        Output of the system; None if only a list of events is given.
    listener : Listener
        Receives progress and remarks.
    """

    truth: Truth
    estimated: EventLists
    heard: Heard | None = None
    listener: Listener = field(default_factory=Listener)


Measured: TypeAlias = Mapping[str, Any] | EventBased | ClipBased
"""Numbers by name, mostly fractions, ``None`` where undefined; values may also be tables of numbers."""


@dataclass(frozen=True)
class Metric:
    """A metric.

    Parameters
    ----------
    of : callable
        Function ``Scored -> Measured``; returns None if it needs data that are missing.
    shown : mapping of str to str
        Names of the numbers that are shown to the user, with their titles. These numbers are fractions, shown as per
        cent; those in a nested table are named with a dot.
    """

    of: Callable[[Scored], Measured | None]
    shown: Mapping[str, str]


def event_based(scored: Scored) -> EventBased:
    """Return event-based scores with DCASE's collars, and for onsets only as ``onset_only``."""
    both, onsets = (
        checked(EVENTS, scored.truth, scored.estimated, *collars, listener=scored.listener)
        for collars in (DCASE_COLLARS, ONSET_ONLY)
    )
    return EventBased(**asdict(both.overall), onset_only=onsets.overall)


def clip_based(scored: Scored) -> ClipBased | None:
    """Return scores of the tags: micro precision, recall, F1 and macro mAP, as in DCASE; then all micro and macro."""
    if scored.heard is None:
        return None
    tags = clip_based_scores(scored.heard.scores.clip_probs, scored.heard.tags)
    return ClipBased(**{**asdict(tags.micro), "map": tags.macro.map}, micro=tags.micro, macro=tags.macro)


def psds_at_thresholds(scored: Scored) -> Numbers | None:
    """Return the PSDS of each scenario over common thresholds, with the point's other filters but without its gate."""
    heard, truth = scored.heard, scored.truth
    if heard is None:
        return None
    clips = validate(truth.reference, {}, truth.durations, truth.labels)
    pieces = scored.listener.track(_at_thresholds(heard, clips.durations), len([*heard.scores.blocks()]), "PSDS pieces")
    return {**psds(clips.reference, pieces, clips.durations, len(truth.labels), SCENARIOS)}


def _at_thresholds(heard: Heard, durations: np.ndarray) -> Iterator[tuple[slice, list[EventTable]]]:
    """Yield blocks of clips with their events at each of :data:`~sedpipe.metrics.psds_scores.THRESHOLDS`."""
    scores = heard.scores
    points = [heard.point.changed(threshold=threshold, hysteresis=1.0, gate=0.0) for threshold in THRESHOLDS]
    for some in scores.blocks():
        probs, counted = scores.frame_probs[some], scores.counted[some]
        active = (activity(probs, point, scores.grid, counted) for point in points)
        yield some, [_events_of(of_point, scores.edges, durations[some]) for of_point in active]


def _events_of(active: np.ndarray, edges: np.ndarray, durations: np.ndarray) -> EventTable:
    """Return the active runs of an activity (N, T, K) as events, cut at the end of the clip."""
    changes = np.diff(np.pad(active.transpose(0, 2, 1), ((0, 0), (0, 0), (1, 1))).astype(np.int8), axis=2)
    clips, classes, starts = np.nonzero(changes == 1)
    stops = np.nonzero(changes == -1)[2]
    return EventTable(clips, classes, edges[starts], np.minimum(edges[stops], durations[clips]))


def threshold_free(scored: Scored) -> Numbers | None:
    """Return scores without threshold or filter: mAP of clips and of frames, PSDS over all possible thresholds."""
    heard, truth = scored.heard, scored.truth
    if heard is None:
        return None
    scores = heard.scores
    clips = validate(truth.reference, {}, truth.durations, truth.labels)
    each = []
    for k in range(len(truth.labels)):
        sounds = frames_of_class(clips.reference, k, scores.edges, len(scores.clip_ids))
        each.append(frame_average_precision(scores.frame_probs[:, :, k], sounds, scores.counted))
    of_frames = [precision for precision in each if precision is not None]
    areas = exact_psds(clips.reference, scores.frame_probs, scores.counted, scores.edges, clips.durations, SCENARIOS)
    return {
        "clip_map": clip_based_scores(scores.clip_probs, heard.tags).macro.map,
        "frame_map": float(np.mean(of_frames)) if of_frames else None,
        "psds1": areas["scenario1"],
        "psds2": areas["scenario2"],
    }


METRICS: Registry[Metric] = Registry(
    "metrics",
    {
        "clip_based": Metric(clip_based, {"f1": "clip-based F1", "map": "clip-based mAP"}),
        "event_based": Metric(event_based, {"f1": "event-based F1", "onset_only.f1": "onsets only"}),
        "psds": Metric(psds_at_thresholds, {"scenario1": "PSDS 1 at 50 thresholds", "scenario2": "PSDS 2"}),
        "threshold_free": Metric(
            threshold_free,
            {"frame_map": "at all thresholds: frame mAP", "psds1": "PSDS 1", "psds2": "PSDS 2"},
        ),
    },
)
"""Metrics by name, in the order in which they are shown."""


def measured(scored: Scored) -> tuple[dict[str, Any], dict[str, Numbers]]:
    """Return the numbers of every metric that has the data it needs, and those that are shown, by metric and title.

    Raises
    ------
    SettingsError
        If a metric shows a number that it does not return, or a value that is not a number.
    """
    found: dict[str, Any] = {}
    shown: dict[str, Numbers] = {}
    for name, metric in METRICS.items():
        numbers = metric.of(scored)
        if numbers is not None:
            found[name] = numbers
            shown[name] = {title: _number(name, numbers, path) for path, title in metric.shown.items()}
    return found, shown


def custom_metrics(found: Mapping[str, Measured], *, known: Container[str]) -> dict[str, Table]:
    """Return, in JSON form, the numbers of metrics that are not ``known``: the report has no fields for them."""
    return {name: _plain(name, numbers) for name, numbers in found.items() if name not in known}


def _plain(name: str, numbers: Any) -> Any:
    if isinstance(numbers, Mapping):
        return {str(key): _plain(f"{name}.{key}", value) for key, value in numbers.items()}
    if numbers is not None and not (isinstance(numbers, int | float | np.number) and np.isfinite(numbers)):
        raise SettingsError(f"the metric {name} is {numbers!r}, expected a number, or None where it is undefined")
    return numbers if numbers is None or isinstance(numbers, int) else float(numbers)


def _number(name: str, numbers: Measured, path: str) -> float | None:
    """Return the number at a dotted path."""
    value: Any = numbers
    for key in path.split("."):
        try:
            value = value[key] if isinstance(value, Mapping) else getattr(value, key)
        except (KeyError, AttributeError):
            raise SettingsError(f"the metric {name} shows {path!r}, but gives no such number") from None
    found = _plain(f"{name}.{path}", value)
    return None if found is None else float(found)
