"""Recordings of a split and what their lists say of each.

- :class:`Recording`: one of them
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
    """A recording and what is known of it.

    Parameters
    ----------
    filename : str
        Its path below the folder.
    labels : tuple of str
        What sounds in it; none where nothing does.
    events : tuple of Event, optional
        When; None where nobody says so.
    split : str
        Where its author put it, if anywhere.
    """

    filename: str
    labels: tuple[str, ...]
    events: tuple[Event, ...] | None = None
    split: str = ""


def read_recordings(weak: Path, strong: Path | None, labels: LabelSet) -> tuple[list[Recording], tuple[Remark, ...]]:
    """Recordings in the order of the weak list, with the events that the strong one has of them.

    Parameters
    ----------
    weak : Path
        A list, as :func:`~sedpipe.io.lists.read.read_annotations` takes it; its recordings are those that count.
    strong : Path, optional
        A list of events. It may call a recording by its name with other folders, or another extension, if only one
        of the weak list's can be meant, and by no other of its names.
    labels : LabelSet
        The classes there are.

    Returns
    -------
    list of Recording
        Without a row in the strong list ``events`` is None: nobody says that nothing sounds.
    tuple of Remark
        What had to be guessed.

    Raises
    ------
    ListFormatError
        If a row is not what it should be, or the strong list has a recording that the weak one lacks.
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
