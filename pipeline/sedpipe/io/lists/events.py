"""Event lists: strong labels and estimated events, as ``filename onset offset event_label``.

- :func:`read_event_list`: with or without header, TSV or CSV -> events by ``clip_id``
- :func:`write_event_list`: TSV with header, the same bytes for the same events

A row with nothing but a file name (or "nan" in every other cell, as pandas writes it, or 0 and 0 without a label)
says that the clip was looked at and has no event: such a clip counts. A row with equal times and a label says
"present, not located" (DCASE 2017 Task 4 writes 0 and 0) and is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from sedpipe.clips import clip_id_of_filename, event_list_filename
from sedpipe.events import Event, EventLists
from sedpipe.io.files.atomic import write_text
from sedpipe.io.lists.filenames import ClipNames
from sedpipe.io.lists.tables import read_table
from sedpipe.io.lists.text import as_label, as_seconds, complaint
from sedpipe.labels import FORBIDDEN, LabelSet

COLUMNS = ("filename", "onset", "offset", "event_label")
_NOTHING = re.compile(r"0+(\.0*)? 0+(\.0*)?")


def read_event_list(path: Path, labels: LabelSet | None = None) -> dict[str, list[Event]]:
    """Events by ``clip_id``, clips and events in the order of the file.

    Parameters
    ----------
    path : Path
        A list as the field writes it, or as :func:`write_event_list` does.
    labels : LabelSet, optional
        The classes there are; without it every label is taken.

    Raises
    ------
    ListFormatError
        If a row is not what it should be: names file, line, what was found and what was expected.
    """
    events: dict[str, list[Event]] = {}
    names = ClipNames(path)
    for number, (filename, onset, offset, label) in read_table(path, COLUMNS):
        of_clip = events.setdefault(names.clip_id(number, filename), [])
        cells = (onset, offset, label)
        if not _says_nothing(cells):
            of_clip.append(_event(path, number, cells, labels))
    return events


def write_event_list(path: Path, events: EventLists, clip_ids: Iterable[str] | None = None) -> None:
    """Write events with header, times in whole milliseconds, the events of a clip sorted.

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


def _says_nothing(cells: tuple[str, str, str]) -> bool:
    onset, offset, label = (cell.lower() for cell in cells)
    if label not in ("", "nan"):
        return False
    return {onset, offset} <= {"", "nan"} or (not label and _NOTHING.fullmatch(f"{onset} {offset}") is not None)


def _event(path: Path, number: int, cells: tuple[str, str, str], labels: LabelSet | None) -> Event:
    onset, offset = as_seconds(path, number, cells[0]), as_seconds(path, number, cells[1])
    if not 0 <= onset <= offset:
        raise complaint(path, number, f"onset {cells[0]}, offset {cells[1]}", "0 <= onset <= offset in seconds")
    label = cells[2]
    if not label:
        raise complaint(path, number, label, "a label")
    return Event(onset, offset, label if labels is None else as_label(path, number, label, labels))


def _rows(clip_id: str, events: Iterable[Event]) -> list[str]:
    filename = event_list_filename(clip_id)
    if clip_id_of_filename(filename) != clip_id or any(character in clip_id for character in FORBIDDEN[:3]):
        raise ValueError(f"{clip_id!r} cannot be the clip_id of a file")
    for event in events:
        if not event.label or any(character in event.label for character in FORBIDDEN[:3]):
            raise ValueError(f"label {event.label!r} of clip {clip_id!r} is empty or holds a tab or a line end")
    # + 0.0 so that -0.0 is not written as -0.000
    rows = [f"{filename}\t{event.onset + 0.0:.3f}\t{event.offset + 0.0:.3f}\t{event.label}" for event in events]
    return rows or [f"{filename}\t\t\t"]
