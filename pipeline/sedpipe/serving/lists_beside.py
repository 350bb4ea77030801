"""The events that somebody else has marked in a recording: a list of any program, beside it, which is to be corrected.

The reader is that of datasets. A list that is called like the recording comes first (Audacity's labels, a Raven
selection table, DCASE's list), then one about several recordings that names it. It is never written to.

- :func:`list_beside`: a recording -> :class:`~sedpipe.serving.found_list.FoundList`
- :func:`names_of`: what such a list calls it
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
"""Lists about several recordings that are looked into; a folder with more of them is no folder of recordings."""


def list_beside(recording: Path, duration: float, *, but: Path) -> FoundList | None:
    """The first list in a recording's folder that is understood and says when things sound in it.

    Where none says so, the first one that lists something without a place in it, for a person to know.

    Parameters
    ----------
    recording : Path
    duration : float
        Its length in seconds.
    but : Path
        The list that is written for it, which is no other program's.
    """
    of_no_use: list[FoundList] = []
    for path, is_own in _lists(recording, but):
        try:
            found = read_annotations(path)
        except SedpipeError:  # a note, a log, a list of something else
            continue
        rows: list[Annotation] | None = found.rows
        if found.names_recordings:
            names = names_of(recording, {row.filename: None for row in found.rows})
            rows = [row for row in found.rows if row.filename in names] or None
        elif not is_own:
            rows = None
        if rows is not None:
            about = _found(path, rows, duration)
            if not about.is_of_no_use:
                return about
            of_no_use.append(about)
    return of_no_use[0] if of_no_use else None


def names_of(recording: Path, names: Iterable[str]) -> Collection[str]:
    """What a list beside it calls a recording, as seen from its folder or, where that can be several, from above.

    Parameters
    ----------
    recording : Path
    names : iterable of str
        All that the list has.
    """
    places = (recording.name, recording.absolute().as_posix())
    found = (KnownNames([place]).find_all(names, spellings=True) for place in places)
    return next((names for names in found if names), {})


def _lists(recording: Path, but: Path) -> Iterator[tuple[Path, bool]]:
    """Lists in the folder that may be about a recording, and whether they are called like it."""
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
