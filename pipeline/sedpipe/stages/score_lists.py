"""``sedpipe score --reference R --estimated E``: scores of any event list; no dataset, no run.

- :func:`score_lists`: two lists -> scores
- :class:`ListScoreReport`: what ``--json`` prints
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sedpipe.errors import ListFormatError, SettingsError
from sedpipe.events import EventLists
from sedpipe.io.lists.durations import read_durations
from sedpipe.io.lists.events import read_event_list
from sedpipe.labels import LabelSet
from sedpipe.metrics.bootstrap import intervals
from sedpipe.metrics.segment_based import segment_based_counts
from sedpipe.metrics.undefined import undefined
from sedpipe.metrics.yardsticks import commonest_class
from sedpipe.steps.scoring import SEGMENTS, checked, compare, event_based, yardstick_scores
from sedpipe.truth import Truth

_STRETCH = re.compile(r".+_(?P<start>\d+(\.\d+)?)_(?P<end>\d+(\.\d+)?)")


@dataclass(frozen=True)
class ListScoreReport:
    """Scores of one event list; fractions, ``None`` where undefined, with the reason in ``undefined``."""

    reference: str
    estimated: str
    clips: dict[str, Any]
    time_resolution: float
    segment_based: dict[str, float | None]
    intervals: dict[str, Any]
    event_based: dict[str, Any]
    yardsticks: dict[str, dict[str, float | None]]
    commonest_class: str
    per_class: dict[str, dict[str, float | None]]
    against: dict[str, Any] | None = None
    undefined: dict[str, str] = field(default_factory=dict)
    stage: str = field(default="score")


def score_lists(
    reference: Path,
    estimated: Path,
    *,
    labels: LabelSet | None = None,
    duration: float | None = None,
    durations: Path | None = None,
    against: Path | None = None,
    time_resolution: float = 1.0,
) -> ListScoreReport:
    """Score a list of events.

    Parameters
    ----------
    reference, estimated : Path
        Lists as :func:`~sedpipe.io.lists.events.read_event_list` takes them. The clips are those of the reference.
    labels : LabelSet, optional
        The classes; by default every label of the lists, in order of the alphabet.
    duration : float, optional
        Length in seconds of every clip.
    durations : Path, optional
        Length of each, ``filename duration``. Where neither is given, a clip is as long as its name says
        (``<id>_30.000_40.000``), or else ends with its last event.
    against : Path, optional
        Another list of estimated events, to be told apart from the first.
    time_resolution : float > 0
        Length of a segment in seconds.

    Raises
    ------
    ListFormatError
        If a list cannot be read, or does not fit the reference.
    """
    truth_events = read_event_list(reference, labels)
    found = {path: _estimated(path, reference, truth_events, labels) for path in (estimated, against) if path}
    if not truth_events:
        raise ListFormatError(f"{reference} lists no clip")
    labels = labels or _labels_of(reference, truth_events, *found.values())
    lengths = _durations(truth_events, found, duration, durations)
    truth = Truth(truth_events, lengths, labels)
    segments = checked(SEGMENTS, truth, found[estimated], time_resolution)
    counts = segment_based_counts(truth_events, found[estimated], lengths, labels, time_resolution)
    report = ListScoreReport(
        reference=str(reference),
        estimated=str(estimated),
        clips={"listed": len(truth_events), "scored": len(truth_events), "missing": [],
               "without_output": sum(not found[estimated].get(clip_id) for clip_id in truth_events)},
        time_resolution=time_resolution,
        segment_based=asdict(segments.overall),
        intervals=dict(intervals(counts)),
        event_based=event_based(truth, found[estimated]),
        yardsticks=yardstick_scores(truth, time_resolution),
        commonest_class=commonest_class(truth_events, labels),
        per_class={label: asdict(of_class) for label, of_class in segments.per_class.items()},
        against=_against(truth, found, estimated, against, time_resolution),
    )  # fmt: skip
    scores = {name: getattr(report, name) for name in ("segment_based", "event_based", "per_class")}
    return replace(report, undefined=undefined(scores))


def _against(
    truth: Truth, found: dict[Path, EventLists], estimated: Path, against: Path | None, time_resolution: float
) -> dict[str, Any] | None:
    if against is None:
        return None
    return {
        "estimated": str(against),
        "differences": compare(truth, found[estimated], found[against], time_resolution),
    }


def _estimated(path: Path, reference: Path, truth: EventLists, labels: LabelSet | None) -> EventLists:
    found = read_event_list(path, labels)
    strangers = [clip_id for clip_id in found if clip_id not in truth]
    if strangers:
        more = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
        raise ListFormatError(
            f"{path} has events of clip {strangers[0]!r}{more}, which {reference} does not list",
            hint="list every clip in the reference; one without events is a row with its file name only",
        )
    return found


def _labels_of(path: Path, *lists: EventLists) -> LabelSet:
    names = sorted({event.label for events in lists for of_clip in events.values() for event in of_clip})
    if not names:
        raise SettingsError(f"{path} and the estimated events name no class", hint="name a DATASET to say which exist")
    try:
        return LabelSet(tuple(names))
    except ValueError as error:
        raise ListFormatError(f"{path}, or the estimated events: {error}") from error


def _durations(
    truth: EventLists, found: dict[Path, EventLists], duration: float | None, path: Path | None
) -> dict[str, float]:
    if duration is not None:
        return dict.fromkeys(truth, duration)
    if path is not None:
        known = read_durations(path)
        for clip_id in truth:
            if clip_id not in known:
                raise ListFormatError(f"{path} has no duration of clip {clip_id!r}")
        return known
    lists = [truth, *found.values()]
    return {clip_id: _duration_of(clip_id, lists) for clip_id in truth}


def _duration_of(clip_id: str, lists: list[EventLists]) -> float:
    stretch = _STRETCH.fullmatch(clip_id)
    named = float(stretch["end"]) - float(stretch["start"]) if stretch else 0.0
    last = max((event.offset for events in lists for event in events.get(clip_id, ())), default=0.0)
    return named if named > 0 else last or 1.0
