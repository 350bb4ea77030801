"""Label Studio's exports (JSON and JSON_MIN) as lists of labels: regions of audio, and choices for whole recordings.

- :func:`is_label_studio`, :func:`label_studio_annotations`: whether a file is an export, and what it contains
- :func:`name_of_address`: the name of a recording in the address that Label Studio gives for it

A task that nobody has annotated is left out: it is not a recording without events.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, TypeAdapter

from sedpipe.io.lists.annotations import Annotation, Annotations, Asked
from sedpipe.io.lists.remarks import Remark
from sedpipe.io.lists.tables import is_audio_name
from sedpipe.io.lists.text import as_seconds, complaint

_UPLOADED = re.compile(r"[0-9a-f]{8}-(?=.)")
_NOT_ANNOTATED = "tasks without a finished annotation left out"
_SEVERAL = "annotated several times, the last one is used"
_UNLABELLED = "regions without a label left out"


class _Loose(BaseModel):
    """A part of an export; keys that are not declared are ignored."""

    model_config = ConfigDict(extra="ignore")


class _Place(_Loose):
    start: float | None = None
    end: float | None = None
    labels: tuple[str, ...] = ()
    timeserieslabels: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


class _Region(_Loose):
    value: _Place = _Place()


class _Work(_Loose):
    """The result of one annotator for a task."""

    result: tuple[_Region, ...] = ()
    was_cancelled: bool = False
    ground_truth: bool = False


class _Task(_Loose):
    data: dict[str, Any]
    file_upload: str | None = None
    annotations: tuple[_Work, ...] = ()
    completions: tuple[_Work, ...] = ()


class _ShortTask(_Loose):
    label: tuple[_Place, ...] | None = None


def is_label_studio(found: Any) -> bool:
    """Return whether a parsed file looks like an export of Label Studio."""
    if not isinstance(found, list) or not found or not isinstance(found[0], dict):
        return False
    is_long = isinstance(found[0].get("data"), dict) and bool({"annotations", "completions"} & set(found[0]))
    return is_long or (_audio_key(found[0]) is not None and any(map(_is_short, found)))


def _is_short(task: Any) -> bool:
    """Return whether a task has regions or choices; a row of a plain array has its label as text."""
    return isinstance(task, dict) and ("choice" in task or not isinstance(task.get("label", ""), str))


def label_studio_annotations(path: Path, found: Any, asked: Asked) -> Annotations:
    """Return every region with its labels; choices are labels of the whole recording."""
    counts: Counter[str] = Counter()
    rows: list[Annotation] = []
    for number, task in enumerate(found, start=1):
        if not isinstance(task, dict):
            raise complaint(path, number, str(task), "a task")
        name, places = (_long if "data" in task else _short)(path, number, task, counts)
        if places is not None:
            rows += _rows(path, number, name, places, counts)
    has_times = asked != "tags" and (asked == "events" or any(row.times for row in rows))
    units = {_NOT_ANNOTATED: "task", _SEVERAL: "task", _UNLABELLED: "region"}
    return Annotations(path, rows, True, has_times, tuple(Remark(what, units[what], n) for what, n in counts.items()))


def name_of_address(address: str) -> str:
    """Return the path of a recording from its address, without the prefix that Label Studio gives uploaded files.

    >>> name_of_address("/data/upload/3/1a2b3c4d-street.wav"), name_of_address("/data/local-files/?d=site/a%20b.wav")
    ('street.wav', 'site/a b.wav')
    """
    try:
        parts = urlsplit(address)
    except ValueError:  # brackets without an IPv6 address between them: it is a path
        return address
    local = parse_qs(parts.query).get("d")
    name = local[0] if local else unquote(parts.path)
    own = name.rpartition("/")[2]
    is_uploaded = ("upload" in name or own == name) and _UPLOADED.match(own)
    return own[is_uploaded.end() :] if is_uploaded else name


def _long(path: Path, number: int, raw: Any, counts: Counter[str]) -> tuple[str, Sequence[_Place] | None]:
    task = TypeAdapter(_Task).validate_python(raw)
    key = _audio_key(task.data)
    address = task.data[key] if key is not None else task.file_upload
    if address is None:
        raise complaint(path, number, ", ".join(task.data), "the address of a recording among the data of the task")
    finished = [work for work in (*task.annotations, *task.completions) if not work.was_cancelled]
    if not finished:
        counts[_NOT_ANNOTATED] += 1
        return address, None
    counts.update([_SEVERAL] if len(finished) > 1 else [])
    best = next((work for work in finished if work.ground_truth), finished[-1])
    return name_of_address(address), [region.value for region in best.result]


def _short(path: Path, number: int, raw: Any, counts: Counter[str]) -> tuple[str, Sequence[_Place] | None]:
    key = _audio_key(raw)
    if key is None:
        raise complaint(path, number, ", ".join(map(str, raw)), "the address of a recording")
    task = TypeAdapter(_ShortTask).validate_python(raw)
    if "choice" in raw:
        chosen = raw["choice"]
        choices = chosen.get("choices", []) if isinstance(chosen, dict) else [chosen]
        choice = TypeAdapter(_Place).validate_python({"choices": tuple(choices)})
        return name_of_address(raw[key]), [*(task.label or ()), choice]
    if task.label is None:
        counts[_NOT_ANNOTATED] += 1
    return name_of_address(raw[key]), task.label


def _audio_key(data: Any) -> str | None:
    """Return the key of the recording in a task's data: ``audio``, else the first with the name of an audio file."""
    if not isinstance(data, dict):
        return None
    addresses = {key: value for key, value in data.items() if isinstance(value, str)}
    if "audio" in addresses:
        return "audio"
    return next((key for key, value in addresses.items() if is_audio_name(name_of_address(value))), None)


def _rows(path: Path, number: int, name: str, places: Sequence[_Place], counts: Counter[str]) -> Iterator[Annotation]:
    n_labels = 0
    for place in places:
        times = None
        if place.start is not None and place.end is not None:
            onset, offset = sorted(as_seconds(path, number, repr(time)) for time in (place.start, place.end))
            times = onset, offset
        labels = (*place.labels, *place.timeserieslabels) if times else place.choices
        counts.update([_UNLABELLED] if times and not labels else [])
        n_labels += len(labels)
        yield from (Annotation(path, number, name, times, label) for label in labels)
    if not n_labels:
        yield Annotation(path, number, name, None, "")
