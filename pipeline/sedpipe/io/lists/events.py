"""Event lists: strong labels and estimated events, as ``filename onset offset event_label``.

- :func:`read_event_list`, :func:`events_of`: a list -> events by ``clip_id``
- :func:`read_stored_events`: the same for a list that sedpipe wrote
- :func:`write_event_list`: TSV with header; the same events give the same bytes

A row with nothing but a file name (or "nan" in every other cell, as pandas writes it, or 0 and 0 without a label)
means that the clip was annotated and has no events; the clip still counts. A row with equal times and a label means
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
    """Read events by ``clip_id``, with clips and events in the order of the file.

    Parameters
    ----------
    path : Path
        A list in any form that :func:`~sedpipe.io.lists.read.read_annotations` accepts. A cell may contain several
        labels, see :func:`~sedpipe.io.lists.joined_labels.one_label_a_row`.
    labels : LabelSet, optional
        The classes; without it, every label is accepted.

    Raises
    ------
    ListFormatError
        If a row is malformed; the error names file, line, what was found and what was expected.
    """
    return events_of(read_annotations(path), labels)


def read_stored_events(path: Path, labels: LabelSet | None = None) -> dict[str, list[Event]]:
    """Read events of a list that :func:`write_event_list` wrote, by exactly the ``clip_id`` that they had."""
    annotations = read_annotations(path)
    return _by_clip(annotations, clip_ids_of(annotations.rows, by_path=True), labels)


def events_of(annotations: Annotations, labels: LabelSet | None = None) -> dict[str, list[Event]]:
    """Return the events of a list that has been read, by ``clip_id``; see :func:`read_event_list`."""
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
    """Write events with a header, sorted within each clip; times have three decimals if these are exact.

    Parameters
    ----------
    path : Path
        The file to write.
    events : mapping of str to sequence of Event
        Events by ``clip_id``.
    clip_ids : iterable of str, optional
        The clips to write, in this order; a clip without events gets a row with only its file name. By default
        those of ``events``.

    Raises
    ------
    ValueError
        If ``events`` has a clip that ``clip_ids`` lacks, or the name of a clip or a label cannot be written.
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
    """Format a time down to a microsecond; smaller differences are rounding errors of float arithmetic."""
    value = round(value, 6) + 0.0  # -0.0 would be written as -0.000
    short = f"{value:.3f}"
    return short if float(short) == value else f"{value:.6f}".rstrip("0")
