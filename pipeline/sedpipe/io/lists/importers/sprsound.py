"""SPRSound: breathing of children, recorded with a stethoscope, with JSON files beside the folders of recordings.

Q. Zhang et al., "SPRSound: Open-Source SJTU Paediatric Respiratory Sound Database", IEEE TBioCAS 2022, and the BioCAS
2023 challenge. ``train_wav`` and ``test_wav`` contain the recordings, ``train_json`` and ``test_json/*`` one file for
each, with ``record_annotation``, and ``event_annotation`` with ``start``, ``end`` (milliseconds, as text) and ``type``.

There are two classes, crackles and wheezes; normal breaths are background, and recordings of poor quality are left
out. Patients are in ``testing`` if the checksum of their number is divisible by 5, so that no patient is in two splits;
the unseen patients of the inter-patient test are in ``evaluation``.

- :func:`from_sprsound`: a folder -> recordings with labels and events
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from zlib import crc32

from pydantic import BaseModel, ConfigDict, ValidationError

from sedpipe.errors import ListFormatError
from sedpipe.events import Event
from sedpipe.io.lists.importers.findings import Findings, Folder
from sedpipe.io.lists.recordings import Recording
from sedpipe.io.lists.text import as_seconds, complaint
from sedpipe.wording import counted

CLASSES: dict[str, tuple[str, ...]] = {
    "Normal": (),
    "Fine Crackle": ("Crackle",),
    "Coarse Crackle": ("Crackle",),
    "Wheeze": ("Wheeze",),
    "Rhonchi": ("Wheeze",),
    "Stridor": ("Wheeze",),
    "Wheeze+Crackle": ("Crackle", "Wheeze"),
}
"""Classes here for each event type of the annotations."""

POOR = "Poor Quality"
_UNSEEN_PATIENTS = "inter_test_json"
_TESTING = 5
"""One in this number of patients is in ``testing``."""


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore")
    start: str
    end: str
    type: str


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore")
    record_annotation: str
    event_annotation: list[_Event]


def from_sprsound(folder: Folder) -> Findings | None:
    """Return the recordings of SPRSound's folder with the two classes; None if the folder is not SPRSound.

    Raises
    ------
    ListFormatError
        If an annotation is malformed.
    """
    annotated = dict(_annotations(folder))
    if not annotated:
        return None
    recordings, counts = [], Counter[tuple[str, str]]()
    for filename in folder.recordings:
        path = annotated.pop((PurePosixPath(filename).parts[0], PurePosixPath(filename).stem), None)
        if path is None:
            counts["recording", "without an annotation left out"] += 1
            continue
        annotation = _read(path)
        if annotation.record_annotation == POOR:
            counts["recording", f"of {POOR.lower()} left out"] += 1
            continue
        recordings.append(_recording(path, filename, annotation))
    if annotated:
        counts["annotation", "without a recording left out"] += len(annotated)
    remarks = [f"{counted(count, what)} {why}" for (what, why), count in counts.items()]
    return Findings(
        "SPRSound: breathing of children, split by patient",
        tuple(recordings),
        (*remarks, "crackles (fine, coarse) and wheezes (wheeze, rhonchi, stridor); Wheeze+Crackle counts as both"),
        {"clip_s": 10, "sample_rate": 8000},
    )


def _annotations(folder: Folder) -> Iterator[tuple[tuple[str, str], Path]]:
    """Yield the annotation of each recording, by the folder and the name of the recording."""
    for path in folder.lists:
        part, *below = path.relative_to(folder.path).parts
        if part in ("train_json", "test_json") and below and path.suffix == ".json":
            yield (part.replace("_json", "_wav"), path.stem), path


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(json.loads(path.read_bytes()[:1_000_000]))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ListFormatError(f"{path}: no annotation of SPRSound ({reason})") from error


def _recording(path: Path, filename: str, annotation: _File) -> Recording:
    events = []
    for number, event in enumerate(annotation.event_annotation, start=1):
        if event.type not in CLASSES:
            raise complaint(path, number, event.type, f"one of {', '.join(CLASSES)}")
        onset, offset = (as_seconds(path, number, text, unit=0.001) for text in (event.start, event.end))
        if offset < onset:
            raise complaint(path, number, f"start {event.start}, end {event.end}", "start <= end in milliseconds")
        events += [Event(onset, offset, label) for label in CLASSES[event.type]]
    patient = PurePosixPath(filename).name.split("_", 1)[0]
    split = "testing" if crc32(os.fsencode(patient)) % _TESTING == 0 else "training"
    if path.parent.name == _UNSEEN_PATIENTS:
        split = "evaluation"
    labels = sorted({event.label for event in events})
    return Recording(filename, tuple(labels), tuple(sorted(events)), split)
