"""Recordings of a split, with labels and events from its lists.

- :class:`Recording`: one recording
- :func:`read_recordings`: weak and strong list -> recordings
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sedpipe.errors import ListFormatError
from sedpipe.events import Event
from sedpipe.io.lists.joined_labels import one_label_a_row
from sedpipe.io.lists.known_names import KnownNames
from sedpipe.io.lists.read import read_annotations
from sedpipe.io.lists.remarks import Remark, together
from sedpipe.io.lists.weak import tags_of
from sedpipe.labels import LabelSet
from sedpipe.wording import of_some


@dataclass(frozen=True)
class Recording:
    """A recording and what is known about it.

    Parameters
    ----------
    filename : str
        Path of the recording, relative to the folder of recordings.
    labels : tuple of str
        Classes that sound in it; empty if none does.
    events : tuple of Event, optional
        Events with their times; None if these are unknown.
    split : str
        Split that the author of the data assigned to it; empty if there is none.
    """

    filename: str
    labels: tuple[str, ...]
    events: tuple[Event, ...] | None = None
    split: str = ""


def read_recordings(weak: Path, strong: Path | None, labels: LabelSet) -> tuple[list[Recording], tuple[Remark, ...]]:
    """Read recordings in the order of the weak list, with their events from the strong list.

    Parameters
    ----------
    weak : Path
        A list in any form that :func:`~sedpipe.io.lists.read.read_annotations` accepts; its recordings are the ones
        that count.
    strong : Path, optional
        A list of events. It may name a recording with other folders or another extension, if only one recording of the
        weak list can be meant, and no other name in the strong list means the same one.
    labels : LabelSet
        The classes.

    Returns
    -------
    list of Recording
        The recordings; ``events`` is None without a row in the strong list, which does not mean that nothing sounds.
    tuple of Remark
        Remarks on what had to be guessed.

    Raises
    ------
    ListFormatError
        If a row is malformed, or the strong list has a recording that the weak one lacks.
    """
    tags = read_annotations(weak, "tags")
    named = tags_of(tags, labels)
    if strong is None:
        return [Recording(filename, of_file) for filename, of_file in named.items()], tags.remarks
    found = one_label_a_row(read_annotations(strong), labels)
    known = KnownNames(named)
    names = dict.fromkeys(row.filename for row in found.rows)
    meant = known.find_all(names, spellings=True)
    events: dict[str, list[Event]] = {filename: [] for filename in meant.values()}
    for row in found.rows:
        if row.filename in meant and row.times is not None:
            events[meant[row.filename]].append(Event(*row.times, row.label))
    strange = [name for name in names if name not in meant]
    if strange:
        have, are = ("has", "is") if len(strange) == 1 else ("have", "are")
        raise ListFormatError(
            f"{strong}: {of_some(strange)} {have} events but {are} not listed in {weak}{known.suggestion(strange[0])}"
        )
    recordings = [
        Recording(filename, of_file, tuple(sorted(events[filename])) if filename in events else None)
        for filename, of_file in named.items()
    ]
    return recordings, together([*tags.remarks, *found.remarks])
