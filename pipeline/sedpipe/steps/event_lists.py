"""Reference and estimated event lists, whoever wrote them, matched to the same clips and classes.

- :func:`read_lists`: a reference and estimated lists -> :class:`ListsRead`
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sedpipe.errors import ListFormatError, SettingsError
from sedpipe.events import Event, EventLists
from sedpipe.io.lists.annotations import Annotations
from sedpipe.io.lists.events import events_of
from sedpipe.io.lists.joined_labels import one_label_a_row
from sedpipe.io.lists.known_names import KnownNames
from sedpipe.io.lists.read import read_annotations
from sedpipe.labels import LabelSet
from sedpipe.suggestions import did_you_mean
from sedpipe.wording import counted, of_some


@dataclass(frozen=True)
class ListsRead:
    """Lists of events with the same clips.

    Parameters
    ----------
    reference : EventLists
        Reference events; its clips are those that count.
    estimated : mapping of Path to EventLists
        Events that each system predicts.
    labels : LabelSet
        The classes.
    remarks : tuple of str
        What was guessed or left out, in sentences.
    """

    reference: EventLists
    estimated: Mapping[Path, EventLists]
    labels: LabelSet
    remarks: tuple[str, ...]


def read_lists(reference: Path, estimated: Sequence[Path], labels: LabelSet | None = None) -> ListsRead:
    """Read lists and join them by their recordings.

    Parameters
    ----------
    reference : Path
        A list or a folder, as :func:`~sedpipe.io.lists.read.read_annotations` takes it.
    estimated : sequence of Path
        Likewise. A recording may be named with other folders or another extension than in the reference, if only one
        recording of the reference can be meant. If both lists are of one recording and one does not name it, they are
        taken to be of the same recording.
    labels : LabelSet, optional
        The classes; by default every label in the lists, in alphabetical order.

    Raises
    ------
    ListFormatError
        If a list cannot be read, or has a recording that the reference does not have.
    SettingsError
        If no list names a class.
    """
    truth_list = one_label_a_row(read_annotations(reference), labels)
    truth = events_of(truth_list, labels)
    if not truth:
        raise ListFormatError(f"{reference} lists no clip")
    remarks = _told(truth_list)
    found: dict[Path, EventLists] = {}
    for path in estimated:
        read = one_label_a_row(read_annotations(path), labels)
        found[path], joined = _joined(truth_list, truth, read, events_of(read, labels))
        remarks += [*_told(read), *joined]
        if labels is None:
            remarks += _strange_classes(reference, truth, path, found[path])
    return ListsRead(
        truth, found, labels or _labels_of(reference, truth, *found.values()), tuple(dict.fromkeys(remarks))
    )


def _told(annotations: Annotations) -> list[str]:
    return [f"{annotations.path}: {remark}" for remark in annotations.remarks]


def _joined(
    truth_list: Annotations, truth: EventLists, read: Annotations, events: EventLists
) -> tuple[EventLists, list[str]]:
    """Return the estimated events by the clips of the reference, and remarks on what had to be guessed."""
    if len(truth) == 1 and len(events) == 1 and not (truth_list.names_recordings and read.names_recordings):
        return {next(iter(truth)): next(iter(events.values()))}, []
    known = KnownNames(truth)
    meant = known.find_all(events, spellings=True)
    strangers = [clip_id for clip_id in events if clip_id not in meant]
    if strangers:
        raise _unknown_clips(truth_list, read, strangers, known)
    renamed = sum(clip_id != of_truth for clip_id, of_truth in meant.items())
    joined: dict[str, list[Event]] = {}
    for clip_id, of_clip in events.items():
        joined.setdefault(meant[clip_id], []).extend(of_clip)
    remark = f"{read.path}: {counted(renamed, 'clip')} identified by the end of the path alone"
    return joined, [remark] if renamed else []


def _unknown_clips(
    truth_list: Annotations, read: Annotations, strangers: Sequence[str], known: KnownNames
) -> ListFormatError:
    first, more = strangers[0], f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
    several = known.candidates(first)
    if len(several) > 1:
        return ListFormatError(
            f"{read.path}: clip {first!r}{more} could be any of {of_some(several)} of {truth_list.path}"
        )
    hint = "list every clip in the reference; one without events is a row with its file name only"
    if not read.names_recordings:
        hint = "it has no column with file names: name it after its recording, or add the column filename"
    elif not truth_list.names_recordings:
        hint = f"{truth_list.path} has no column with file names: name it after its recording, or add one"
    return ListFormatError(
        f"{read.path} has events of clip {first!r}{more}, which {truth_list.path} does not list"
        f"{known.suggestion(first)}",
        hint=hint,
    )


def _strange_classes(reference: Path, truth: EventLists, path: Path, found: EventLists) -> list[str]:
    known = _names(truth)
    strange = [f"{label!r}{did_you_mean(label, known)}" for label in sorted(_names(found) - known)]
    if not strange:
        return []
    more = f" and {len(strange) - 10} more" if len(strange) > 10 else ""
    told = f"{', '.join(strange[:10])}{more}"
    return [f"{path} has classes that {reference} lacks, so all of their events are false alarms: {told}"]


def _names(lists: Mapping[str, Sequence[Event]]) -> set[str]:
    return {event.label for events in lists.values() for event in events}


def _labels_of(path: Path, *lists: EventLists) -> LabelSet:
    names = sorted(set().union(*(_names(events) for events in lists)))
    if not names:
        raise SettingsError(
            f"{path} and the estimated events name no class", hint="name a DATASET, which has a list of classes"
        )
    try:
        return LabelSet(tuple(names))
    except ValueError as error:
        raise ListFormatError(f"{path}, or the estimated events: {error}") from error
