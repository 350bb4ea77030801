"""What a score report says besides the segment-based scores: each metric is an entry here.

A metric gets what there is to score and gives named numbers. They are in the report's JSON under the metric's name
(those of your own under ``metrics``), and what it shows is in the terminal and on the page.

- :data:`METRICS`: by name; ``METRICS["mine"] = Metric(mine, {"number": "what it is called"})`` adds one
- :class:`Metric`, :class:`Scored`, :class:`Heard`: one of them, and what it may look at
- :func:`measured`: the numbers of all metrics, :func:`those_of_ones_own`: of those that do not come with sedpipe
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
    """What a system heard, where more is known of it than its events.

    Parameters
    ----------
    scores : FrameScores
        Probabilities of the N clips.
    point : PostProcessing
        What made the events of them.
    tags : ndarray [shape=(N, K)]
        What sounds in the clips (weak labels), 0 or 1.
    """

    scores: FrameScores
    point: PostProcessing
    tags: np.ndarray


@dataclass(frozen=True, eq=False)
class Scored:
    """What there is to score.

    Parameters
    ----------
    truth : Truth
        Of N clips.
    estimated : mapping of str to sequence of Event
        What a system says of them.
    heard : Heard, optional
        What it heard; of somebody's event list nothing is known.
    listener : Listener
        Receives progress and remarks.
    """

    truth: Truth
    estimated: EventLists
    heard: Heard | None = None
    listener: Listener = field(default_factory=Listener)


Measured: TypeAlias = Mapping[str, Any] | EventBased | ClipBased
"""Numbers by name, fractions mostly, ``None`` where undefined; there may be tables of numbers among them."""


@dataclass(frozen=True)
class Metric:
    """A way to score.

    Parameters
    ----------
    of : callable
        ``Scored -> Measured``; None where it needs more than is known.
    shown : mapping of str to str
        Which of its numbers, fractions, a person sees (as per cent), and what they are called; those of a table within
        are named with a dot.
    """

    of: Callable[[Scored], Measured | None]
    shown: Mapping[str, str]


def event_based(scored: Scored) -> EventBased:
    """Event-based scores with DCASE's collars, and with ``onset_only``."""
    both, onsets = (
        checked(EVENTS, scored.truth, scored.estimated, *collars, listener=scored.listener)
        for collars in (DCASE_COLLARS, ONSET_ONLY)
    )
    return EventBased(**asdict(both.overall), onset_only=onsets.overall)


def clip_based(scored: Scored) -> ClipBased | None:
    """Scores of the tags; precision, recall and F1 micro and mAP macro, as DCASE has them, then all of both."""
    if scored.heard is None:
        return None
    tags = clip_based_scores(scored.heard.scores.clip_probs, scored.heard.tags)
    return ClipBased(**{**asdict(tags.micro), "map": tags.macro.map}, micro=tags.micro, macro=tags.macro)


def psds_at_thresholds(scored: Scored) -> Numbers | None:
    """PSDS of each scenario, over common thresholds; the other filters are those of the point, without its gate."""
    heard, truth = scored.heard, scored.truth
    if heard is None:
        return None
    clips = validate(truth.reference, {}, truth.durations, truth.labels)
    pieces = scored.listener.track(_at_thresholds(heard, clips.durations), len([*heard.scores.blocks()]), "PSDS pieces")
    return {**psds(clips.reference, pieces, clips.durations, len(truth.labels), SCENARIOS)}


def _at_thresholds(heard: Heard, durations: np.ndarray) -> Iterator[tuple[slice, list[EventTable]]]:
    """Clips some at a time, with their events at each of :data:`~sedpipe.metrics.psds_scores.THRESHOLDS`."""
    scores = heard.scores
    points = [heard.point.changed(threshold=threshold, hysteresis=1.0, gate=0.0) for threshold in THRESHOLDS]
    for some in scores.blocks():
        probs, counted = scores.frame_probs[some], scores.counted[some]
        active = (activity(probs, point, scores.grid, counted) for point in points)
        yield some, [_events_of(of_point, scores.edges, durations[some]) for of_point in active]


def _events_of(active: np.ndarray, edges: np.ndarray, durations: np.ndarray) -> EventTable:
    """Runs of an activity (N, T, K), cut at the end of the clip."""
    changes = np.diff(np.pad(active.transpose(0, 2, 1), ((0, 0), (0, 0), (1, 1))).astype(np.int8), axis=2)
    clips, classes, starts = np.nonzero(changes == 1)
    stops = np.nonzero(changes == -1)[2]
    return EventTable(clips, classes, edges[starts], np.minimum(edges[stops], durations[clips]))


def threshold_free(scored: Scored) -> Numbers | None:
    """What no threshold and no filter has a part in: mAP of clips and of frames, PSDS over all thresholds there are."""
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
"""In the order in which they are shown."""


def measured(scored: Scored) -> tuple[dict[str, Any], dict[str, Numbers]]:
    """Numbers of every metric for which enough is known, and those that a person sees, by metric and title.

    Raises
    ------
    SettingsError
        If a metric shows what it does not give, or what is no number.
    """
    found: dict[str, Any] = {}
    shown: dict[str, Numbers] = {}
    for name, metric in METRICS.items():
        numbers = metric.of(scored)
        if numbers is not None:
            found[name] = numbers
            shown[name] = {title: _number(name, numbers, path) for path, title in metric.shown.items()}
    return found, shown


def those_of_ones_own(found: Mapping[str, Measured], *, known: Container[str]) -> dict[str, Table]:
    """Numbers of the metrics for which a report has no place of their own, as JSON has them."""
    return {name: _plain(name, numbers) for name, numbers in found.items() if name not in known}


def _plain(name: str, numbers: Any) -> Any:
    if isinstance(numbers, Mapping):
        return {str(key): _plain(f"{name}.{key}", value) for key, value in numbers.items()}
    if numbers is not None and not (isinstance(numbers, int | float | np.number) and np.isfinite(numbers)):
        raise SettingsError(f"the metric {name} is {numbers!r}, expected a number, or None where it is undefined")
    return numbers if numbers is None or isinstance(numbers, int) else float(numbers)


def _number(name: str, numbers: Measured, path: str) -> float | None:
    """What stands at a dotted path."""
    value: Any = numbers
    for key in path.split("."):
        try:
            value = value[key] if isinstance(value, Mapping) else getattr(value, key)
        except (KeyError, AttributeError):
            raise SettingsError(f"the metric {name} shows {path!r}, but gives no such number") from None
    found = _plain(f"{name}.{path}", value)
    return None if found is None else float(found)
