"""Event lists: strong labels and estimated events, as ``filename onset offset event_label``.

- :func:`read_event_list`, :func:`events_of`: a list -> events by ``clip_id``
- :func:`read_stored_events`: the same of a list of ours
- :func:`write_event_list`: TSV with header, the same bytes for the same events

A row with nothing but a file name (or "nan" in every other cell, as pandas writes it, or 0 and 0 without a label)
says that the clip was looked at and has no event: such a clip counts. A row with equal times and a label says
"present, not located" (DCASE 2017 Task 4 writes 0 and 0) and is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from sedpipe.clips import clip_id_of_path, event_list_filename
from sedpipe.events import Event, EventLists
from sedpipe.io.files.atomic import write_text
from sedpipe.io.lists.annotations import Annotations
from sedpipe.io.lists.cells import tab_row
from sedpipe.io.lists.filenames import clip_ids_of
from sedpipe.io.lists.joined_labels import one_label_a_row
from sedpipe.io.lists.read import read_annotations
from sedpipe.io.lists.text import as_label
from sedpipe.labels import FORBIDDEN, LabelSet

COLUMNS = ("filename", "onset", "offset", "event_label")


def read_event_list(path: Path, labels: LabelSet | None = None) -> dict[str, list[Event]]:
    """Events by ``clip_id``, clips and events in the order of the file.

    Parameters
    ----------
    path : Path
        A list, as :func:`~sedpipe.io.lists.read.read_annotations` takes it. A cell may hold several labels, see
        :func:`~sedpipe.io.lists.joined_labels.one_label_a_row`.
    labels : LabelSet, optional
        The classes there are; without it every label is taken.

    Raises
    ------
    ListFormatError
        If a row is not what it should be: names file, line, what was found and what was expected.
    """
    return events_of(read_annotations(path), labels)


def read_stored_events(path: Path, labels: LabelSet | None = None) -> dict[str, list[Event]]:
    """Events of a list that :func:`write_event_list` wrote, by the very ``clip_id`` that they had."""
    annotations = read_annotations(path)
    return _by_clip(annotations, clip_ids_of(annotations.rows, by_path=True), labels)


def events_of(annotations: Annotations, labels: LabelSet | None = None) -> dict[str, list[Event]]:
    """Events of a list that was read, by ``clip_id``; see :func:`read_event_list`."""
    return _by_clip(one_label_a_row(annotations, labels), clip_ids_of(annotations.rows), labels)


def _by_clip(annotations: Annotations, clip_ids: Mapping[str, str], labels: LabelSet | None) -> dict[str, list[Event]]:
    events: dict[str, list[Event]] = {}
    for row in annotations.rows:
        of_clip = events.setdefault(clip_ids[row.filename], [])
        if row.times is not None:
            label = row.label if labels is None else as_label(row.path, row.line, row.label, labels)
            of_clip.append(Event(*row.times, label))
    return events


def write_event_list(path: Path, events: EventLists, clip_ids: Iterable[str] | None = None) -> None:
    """Write events with header, the events of a clip sorted, times with three decimals where these say it all.

    Parameters
    ----------
    path : Path
        Where to.
    events : mapping of str to sequence of Event
        By ``clip_id``.
    clip_ids : iterable of str, optional
        The clips to write, in this order; one without events gets a row with its file name only. By default
        those of ``events``.

    Raises
    ------
    ValueError
        If ``events`` has a clip that ``clip_ids`` lacks, or a name cannot be written.
    """
    clip_ids = list(events) if clip_ids is None else list(clip_ids)
    missing = sorted(set(events) - set(clip_ids))
    if missing:
        raise ValueError(f"clip_ids lacks {missing[0]!r}, which has an entry in events")
    rows = ["\t".join(COLUMNS)]
    for clip_id in clip_ids:
        rows += _rows(clip_id, sorted(events.get(clip_id, ())))
    write_text(path, "\n".join(rows) + "\n")


def _rows(clip_id: str, events: Iterable[Event]) -> list[str]:
    filename = event_list_filename(clip_id)
    if clip_id_of_path(filename) != clip_id or any(character in clip_id for character in FORBIDDEN[:3]):
        raise ValueError(f"{clip_id!r} cannot be the clip_id of a file")
    for event in events:
        if not event.label or any(character in event.label for character in FORBIDDEN[:3]):
            raise ValueError(f"label {event.label!r} of clip {clip_id!r} is empty or contains a tab or a line end")
    rows = [tab_row(filename, _seconds(event.onset), _seconds(event.offset), event.label) for event in events]
    return rows or [tab_row(filename, "", "", "")]


def _seconds(value: float) -> str:
    """Down to a microsecond; what is smaller is the dust of float arithmetic."""
    value = round(value, 6) + 0.0  # -0.0 would be written as -0.000
    short = f"{value:.3f}"
    return short if float(short) == value else f"{value:.6f}".rstrip("0")
