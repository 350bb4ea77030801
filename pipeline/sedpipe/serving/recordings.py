"""The recordings of a folder, and the lists of events that a person saves beside them.

Nothing is ever read or written outside the folder: a recording is only known by the name under which it was found
there, and a file that is added gets a name of its own at the top.

- :class:`Recordings`: the folder
- :class:`SavedList`: what lies beside a recording
- :func:`checked_events`: events as a page sends them
- :func:`safe_audio_name`: the name of a file that is added
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sedpipe.clips import AUDIO_SUFFIXES
from sedpipe.errors import ListFormatError, SedpipeError, SettingsError
from sedpipe.events import Event
from sedpipe.io.audio.find import AudioFile, find_audio
from sedpipe.io.files.atomic import write_text
from sedpipe.io.lists.read import read_annotations
from sedpipe.io.lists.text import has_control_characters
from sedpipe.io.predictions import PredictedEvent, PredictedFile, rendered

MOST_EVENTS = 100_000
MOST_LETTERS = 80
"""Of a label, and of the name of an added file without its suffix."""

_UNSAFE = re.compile(r"[^\w .,()+-]+")


@dataclass(frozen=True)
class SavedList:
    """The list of events beside a recording.

    Parameters
    ----------
    path : Path
    state : str
        Changes with the file; empty where there is none.
    events : list of Event, optional
        None where there is no list, or one that cannot be understood.
    complaint : str
        Why it cannot be.
    """

    path: Path
    state: str = ""
    events: list[Event] | None = None
    complaint: str = ""


class Recordings:
    """The recordings of a folder, which may not be there yet.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self) -> dict[str, AudioFile]:
        """All of them as they are now, by name; without those whose names neither a page nor a list can contain."""
        return {file.name: file for file in self._found() if not has_control_characters(file.name)}

    def n_unlistable(self) -> int:
        """How many there are whose names neither a page nor a list can contain."""
        return sum(has_control_characters(file.name) for file in self._found())

    def _found(self) -> list[AudioFile]:
        if not self.folder.is_dir():
            return []
        try:
            return find_audio([self.folder]).files
        except SettingsError:  # there is none yet
            return []

    def find(self, name: str) -> AudioFile | None:
        """The recording of this name, if there is one."""
        return self.files().get(name)

    def list_path(self, file: AudioFile) -> Path:
        """Where its list lies: called like the recording or, where two would share it, like all of its name."""
        others = [path for path in file.path.parent.glob(f"{_escaped(file.path.stem)}.*") if path != file.path]
        is_shared = any(other.suffix.lower() in AUDIO_SUFFIXES for other in others)
        return file.path.with_name(f"{file.path.name if is_shared else file.path.stem}.tsv")

    def saved(self, file: AudioFile) -> SavedList:
        """The list beside a recording."""
        path = self.list_path(file)
        state = _state_of(path)
        if not state:
            return SavedList(path)
        try:
            rows = read_annotations(path).rows
        except ListFormatError as error:
            return SavedList(path, state, complaint=error.message)
        if others := {row.filename for row in rows} - {file.path.name, file.path.stem}:
            return SavedList(path, state, complaint=f"it also lists other recordings ({min(others)})")
        return SavedList(path, state, [Event(*row.times, row.label) for row in rows if row.times is not None])

    def save(self, file: AudioFile, events: Sequence[Event], state: str) -> SavedList:
        """Write a recording's list, whole or not at all.

        Parameters
        ----------
        file : AudioFile
        events : sequence of Event
        state : str
            Of the list as the person saw it.

        Raises
        ------
        SedpipeError
            If somebody else has changed it meanwhile, or it is no list of events, which nobody overwrites.
        """
        there = self.saved(file)
        if there.state != state:
            raise SedpipeError(
                f"{there.path.name} has been changed in the meantime",
                hint="reload the page to see the current one; undo then shows yours",
            )
        if there.state and there.events is None:
            raise SedpipeError(
                f"{there.path.name} is not a list of this recording's events: {there.complaint}",
                hint="move it away; nothing is overwritten",
            )
        predicted = [PredictedEvent(event.onset, event.offset, event.label, 1.0) for event in sorted(events)]
        write_text(there.path, rendered([PredictedFile(str(file.path), file.path.name, None, predicted)], "tsv"))
        return self.saved(file)

    def free_path(self, name: str) -> Path:
        """Where an added file goes: by its name, or with a number where there is one of that name."""
        safe = PurePosixPath(safe_audio_name(name))
        names = [safe.name, *(f"{safe.stem}-{k}{safe.suffix}" for k in range(2, 1000))]
        for each in names:
            if not os.path.lexists(self.folder / each):
                return self.folder / each
        raise SettingsError(f"there are a thousand recordings called {safe.name}", hint="give it another name")


def safe_audio_name(name: str) -> str:
    """The name under which a file from anywhere is added to a folder.

    Raises
    ------
    SettingsError
        If it does not have the extension of an audio file.

    Examples
    --------
    >>> safe_audio_name("../../etc/a: b.WAV"), safe_audio_name("...hidden.flac")
    ('a_ b.WAV', 'hidden.flac')
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.suffix.lower() not in AUDIO_SUFFIXES:
        raise SettingsError(
            f"{path.name!r} does not have the extension of an audio file", hint=", ".join(sorted(AUDIO_SUFFIXES)[:20])
        )
    stem = _UNSAFE.sub("_", path.stem).strip(" .") or "recording"
    return stem[:MOST_LETTERS] + path.suffix


def checked_events(rows: object, duration: float) -> list[Event]:
    """Events as a page sends them.

    Parameters
    ----------
    rows : object
        A list of objects with ``onset``, ``offset`` and ``label``.
    duration : float
        Of the recording in seconds.

    Raises
    ------
    SettingsError
        If they are none.
    """
    if not isinstance(rows, list) or len(rows) > MOST_EVENTS:
        raise SettingsError(f"expected a list of at most {MOST_EVENTS:,} events")
    return [_checked_event(row, duration) for row in rows]


def _checked_event(row: object, duration: float) -> Event:
    if not isinstance(row, Mapping):
        raise SettingsError("an event is an object with onset, offset and label")
    onset, offset, label = (row.get(key) for key in ("onset", "offset", "label"))
    is_label = isinstance(label, str) and 0 < len(label.strip()) <= MOST_LETTERS and not has_control_characters(label)
    if not is_label:
        raise SettingsError(f"a label has 1 to {MOST_LETTERS} letters and no control characters")
    if not all(isinstance(time, int | float) and math.isfinite(time) for time in (onset, offset)):
        raise SettingsError("onset and offset are seconds")
    assert isinstance(onset, int | float)
    assert isinstance(offset, int | float)
    if not 0 <= onset < offset <= duration + 0.002:
        raise SettingsError(f"an event lies within the recording, from 0 to {duration:g} s")
    return Event(round(float(onset), 3), round(min(float(offset), duration), 3), str(label).strip())


def _state_of(path: Path) -> str:
    try:
        stat = path.stat()
    except OSError:
        return ""
    return f"{stat.st_size}-{stat.st_mtime_ns}"


def _escaped(stem: str) -> str:
    """A name as a pattern that matches it alone."""
    return re.sub(r"([*?\[])", r"[\1]", stem)
