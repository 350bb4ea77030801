"""Event lists from other programs beside a recording, whose events are to be corrected.

Lists are read by the same code as those of datasets. A list named after the recording comes first (Audacity's labels, a
Raven selection table, DCASE's list), then a list of several recordings that names it. These lists are never changed.

- :func:`list_beside`: a recording -> :class:`~sedpipe.serving.found_list.FoundList`
- :func:`names_of`: the names by which a list refers to a recording
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from sedpipe.clips import AUDIO_SUFFIXES
from sedpipe.errors import SedpipeError
from sedpipe.events import Event
from sedpipe.io.files.reading import entries
from sedpipe.io.lists.annotations import Annotation
from sedpipe.io.lists.joined_labels import taken_apart
from sedpipe.io.lists.known_names import KnownNames
from sedpipe.io.lists.names import LIST_SUFFIXES, recording_of_list
from sedpipe.io.lists.read import read_annotations
from sedpipe.serving.found_list import FoundList, found_list

_MOST_SHARED = 20
"""Maximum number of lists of several recordings that are read; a folder of recordings does not have more of them."""


def list_beside(recording: Path, duration: float, *, but: Path) -> FoundList | None:
    """Find the first list in a recording's folder that can be read and gives the times of events in the recording.

    If no list does so, return the first one that has events, but none that lies in the recording, to inform the user.

    Parameters
    ----------
    recording : Path
        Path of the recording.
    duration : float
        Length of the recording in seconds.
    but : Path
        The list that sedpipe itself writes for the recording, which is skipped.
    """
    of_no_use: list[FoundList] = []
    for path, is_own in _lists(recording, but):
        try:
            found = read_annotations(path)
        except SedpipeError:  # a note, a log, a list of other things
            continue
        rows: list[Annotation] | None = found.rows
        if found.names_recordings:
            names = names_of(recording, {row.filename: None for row in found.rows})
            rows = [row for row in found.rows if row.filename in names] or None
        elif not is_own:
            rows = None
        if rows is not None:
            about = _found(path, rows, duration)
            if not about.has_no_usable_event:
                return about
            of_no_use.append(about)
    return of_no_use[0] if of_no_use else None


def names_of(recording: Path, names: Iterable[str]) -> Collection[str]:
    """Return the names by which a list beside a recording refers to it.

    They are matched with the file name of the recording or, if that is ambiguous, with its absolute path.

    Parameters
    ----------
    recording : Path
        Path of the recording.
    names : iterable of str
        All names in the list.
    """
    places = (recording.name, recording.absolute().as_posix())
    found = (KnownNames([place]).find_all(names, spellings=True) for place in places)
    return next((names for names in found if names), {})


def _lists(recording: Path, but: Path) -> Iterator[tuple[Path, bool]]:
    """Yield the lists in the folder that may be about a recording, and whether they are named after it."""
    there = [path for path in entries(recording.parent) if path.is_file()]
    names = {path.name for path in there if path.suffix.lower() in AUDIO_SUFFIXES}
    stems = [Path(name).stem for name in names]
    of_this = {recording.name, *([recording.stem] if stems.count(recording.stem) == 1 else [])}
    lists = [path for path in there if path.suffix.lower() in LIST_SUFFIXES and path != but]
    called = {path: {path.stem, recording_of_list(path.name)} for path in lists}
    yield from ((path, True) for path in lists if called[path] & of_this)
    shared = [path for path in lists if not called[path] & (names | set(stems))]
    yield from ((path, False) for path in shared[:_MOST_SHARED])


def _found(path: Path, rows: list[Annotation], duration: float) -> FoundList:
    apart, _ = taken_apart(row.label for row in rows)
    events = (Event(*row.times, label) for row in rows if row.times is not None for label in apart[row.label])
    return found_list(path, events, duration)
