"""The JSON that ``sedpipe predict`` writes, as a list of labels: one recording, or several under ``files``.

- :func:`is_predicted`, :func:`predicted_annotations`: whether a file has this form, and what it contains
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from sedpipe.io.lists.annotations import Annotation, Annotations, Asked
from sedpipe.io.lists.remarks import Remark
from sedpipe.io.lists.text import as_seconds, complaint


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore")
    onset: float
    offset: float
    label: str


class _Recording(BaseModel):
    model_config = ConfigDict(extra="ignore")
    name: str
    events: list[_Event]
    state: str = "ok"


def is_predicted(found: Any) -> bool:
    """Return whether a parsed file looks like output of ``sedpipe predict``."""
    return isinstance(found, dict) and (
        isinstance(found.get("files"), list) or {"name", "events"} <= set(found)
    )  # fmt: skip


def predicted_annotations(path: Path, found: Any, asked: Asked) -> Annotations:
    """Return the events of each recording; one that could not be read is left out, as nothing is known about it."""
    recordings = TypeAdapter(list[_Recording]).validate_python(found.get("files", [found]))
    rows = []
    for number, recording in enumerate(recordings, start=1):
        if recording.state == "failed":
            continue
        rows += [_row(path, number, recording.name, event) for event in recording.events]
        rows += [] if recording.events else [Annotation(path, number, recording.name, None, "")]
    n_failed = sum(recording.state == "failed" for recording in recordings)
    remarks = (Remark("could not be read when events were predicted, left out", "recording", n_failed),)
    return Annotations(path, rows, True, asked != "tags", remarks if n_failed else ())


def _row(path: Path, number: int, name: str, event: _Event) -> Annotation:
    onset, offset = (as_seconds(path, number, repr(time)) for time in (event.onset, event.offset))
    if offset < onset:
        raise complaint(path, number, f"onset {onset}, offset {offset}", "0 <= onset <= offset in seconds")
    return Annotation(path, number, name, (onset, offset), event.label)
