"""``sedpipe.metrics``: scores of event lists in files, dictionaries or data frames.

- :func:`segment_based`, :func:`event_based`: the two usual ways to score detected events
- :data:`Lists`: the forms of event lists that these functions accept
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any, TypeAlias

from sedpipe.errors import SettingsError
from sedpipe.events import Event
from sedpipe.io.lists.annotations import Annotation
from sedpipe.io.lists.events import read_event_list
from sedpipe.io.lists.filenames import clip_ids_of
from sedpipe.io.lists.joined_labels import labels_of_cell
from sedpipe.io.predictions import PredictedEvent
from sedpipe.labels import LabelSet, one_spelling
from sedpipe.metrics.detection_scores import DetectionScores
from sedpipe.metrics.event_scores import event_based_scores
from sedpipe.metrics.segment_scores import segment_based_scores

Lists: TypeAlias = (
    "str | PathLike[str] | Mapping[str, Iterable[Event | PredictedEvent | tuple[float, float, str]]] | Any"
)
"""Events by clip: the path of an event list; a dictionary whose values are lists of :class:`~sedpipe.events.Event`,
results of :meth:`Model.predict <sedpipe.api.model.Model.predict>`, or lists of ``(onset, offset, label)``; or a data
frame with the columns ``filename``, ``onset``, ``offset``, ``event_label``. Labels may be numbers. As in a file, tuples
and rows may join several labels of one event (``"Dog|Cat"``), while the label of an ``Event`` is one class; a row of a
data frame with only a file name is a clip without events."""

_NOTHING = ([None, None, None], [0, 0, None])
COLUMNS = ("filename", "onset", "offset", "event_label")


def segment_based(
    reference: Lists,
    estimated: Lists,
    *,
    duration: float | Mapping[str, float],
    labels: Sequence[str] | None = None,
    time_resolution: float = 1.0,
) -> DetectionScores:
    """Segment-based scores, equal to sed_eval's.

    Parameters
    ----------
    reference, estimated : path, mapping or data frame
        Events by clip, see :data:`Lists`. The clips of the reference are scored. A clip without events has an empty
        list in a dictionary, and a row with only its file name in an event list.
    duration : float or mapping of str to float
        Length of all clips, or of each clip, in seconds; events are truncated there.
    labels : sequence of str, optional
        The classes; by default all that have an event.
    time_resolution : float > 0
        Length of a segment in seconds.

    Raises
    ------
    ListFormatError
        If a file cannot be read, or it or a data frame has a row that cannot be used.
    SettingsError
        If the lists are not of an accepted form, do not match each other, the durations or the labels, or have no
        event while ``labels`` is not given.

    Examples
    --------
    >>> scores = segment_based({"a": [(0, 2, "Car")]}, {"a": [(1, 4, "Car")]}, duration=10)
    >>> scores.overall.error_rate, round(scores.overall.f1, 3)
    (1.5, 0.4)
    """
    truth, found, known = _lists(reference, estimated, labels)
    return _scored(segment_based_scores, truth, found, _durations(duration, truth), known, time_resolution)


def event_based(
    reference: Lists,
    estimated: Lists,
    *,
    duration: float | Mapping[str, float],
    labels: Sequence[str] | None = None,
    onset_collar: float = 0.2,
    offset_collar: float | None = 0.2,
) -> DetectionScores:
    """Event-based scores, equal to sed_eval's; the defaults are DCASE's collars.

    Parameters
    ----------
    reference, estimated, duration, labels
        As for :func:`segment_based`.
    onset_collar : float
        Tolerance for onsets in seconds.
    offset_collar : float, optional
        Tolerance for offsets as a share of the reference event's length (but at least ``onset_collar`` seconds); None:
        offsets are ignored.

    Raises
    ------
    ListFormatError, SettingsError
        As for :func:`segment_based`.

    Examples
    --------
    >>> event_based({"a": [(0, 2, "Car")]}, {"a": [(0.1, 2, "Car")]}, duration=10).overall.f1
    1.0
    """
    truth, found, known = _lists(reference, estimated, labels)
    return _scored(event_based_scores, truth, found, _durations(duration, truth), known, onset_collar, offset_collar)


def _scored(metric: Any, *arguments: Any) -> DetectionScores:
    try:
        scores: DetectionScores = metric(*arguments)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    return scores


def _lists(
    reference: Lists, estimated: Lists, labels: Sequence[str] | None
) -> tuple[dict[str, list[Event]], dict[str, list[Event]], LabelSet]:
    known = None if labels is None else _label_set(labels)
    truth, found = _events(reference, "reference", known), _events(estimated, "estimated", known)
    if known is None:
        used = {event.label for lists in (truth, found) for events in lists.values() for event in events}
        if not used:
            hint = "name the classes with labels=[...]"
            raise SettingsError("neither list has an event, so nothing can be scored", hint=hint)
        known = _label_set(sorted(used))
    return truth, found, known


def _label_set(labels: Iterable[Any]) -> LabelSet:
    try:
        return LabelSet(tuple(map(_label, labels)))
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _events(lists: Lists, name: str, known: LabelSet | None) -> dict[str, list[Event]]:
    if isinstance(lists, str | PathLike):
        return read_event_list(Path(fspath(lists)), known)
    if isinstance(lists, Mapping):
        return {str(clip_id): _of_clip(events, f"{name}, clip {clip_id!r}", known) for clip_id, events in lists.items()}
    if hasattr(lists, "columns") and hasattr(lists, "itertuples"):
        return _of_data_frame(lists, name, known)
    raise SettingsError(f"{name}: expected a path, a dictionary or a data frame, got {type(lists).__name__}")


def _of_clip(events: Any, where: str, known: LabelSet | None) -> list[Event]:
    if isinstance(events, str) or not isinstance(events, Iterable):
        raise SettingsError(f"{where}: expected its events in a list, empty where there is none, got {events!r}")
    return [one for event in events for one in _one_or_several(event, where, known)]


def _of_data_frame(frame: Any, name: str, known: LabelSet | None) -> dict[str, list[Event]]:
    columns = [str(column) for column in frame.columns]
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        raise SettingsError(f"{name}: a data frame with {', '.join(columns)}, expected {', '.join(COLUMNS)}")
    found: dict[str, list[Event]] = {}
    # None, NaN and NA all mean that a clip has no event: replace each by None
    filled = frame[list(COLUMNS)].astype(object).where(frame[list(COLUMNS)].notna(), None)
    names = [str(filename) for filename in filled[COLUMNS[0]].tolist()]
    # as in an event list: one name in two folders stands for two clips, and no two files become one clip
    clip_ids = clip_ids_of(Annotation(Path(name), row, named, None, "") for row, named in enumerate(names, start=1))
    for filename, *event in zip(names, *(filled[column].tolist() for column in COLUMNS[1:]), strict=True):
        events = found.setdefault(clip_ids[filename], [])
        if event not in _NOTHING:
            events += _one_or_several(tuple(event), f"{name}, {filename!r}", known)
    return found


def _one_or_several(event: Any, where: str, known: LabelSet | None) -> list[Event]:
    """One event for each label, since labels may be joined as in a list; an ``Event`` has exactly one label."""
    try:
        if isinstance(event, Event | PredictedEvent):
            return [Event(float(event.onset), float(event.offset), _label(event.label))]
        onset, offset, label = event[:3]
        return [Event(float(onset), float(offset), one) for one in labels_of_cell(_label(label), known) or ("",)]
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{where}: expected an event (onset, offset, label), got {event!r}: {error}") from error


def _label(value: Any) -> str:
    """Return the name of a class; a number is a name, too, and is 1.0 in a column with gaps."""
    if value is None or value != value:
        raise ValueError("it has no label")
    return str(int(value)) if isinstance(value, float) and value.is_integer() else one_spelling(str(value))


def _durations(duration: float | Mapping[str, float], clips: Iterable[str]) -> dict[str, float]:
    try:
        if isinstance(duration, Mapping):
            return {str(clip_id): float(seconds) for clip_id, seconds in duration.items()}
        return dict.fromkeys(clips, float(duration))
    except (TypeError, ValueError) as error:
        raise SettingsError(f"duration must be seconds, or seconds by clip, got {duration!r}") from error
