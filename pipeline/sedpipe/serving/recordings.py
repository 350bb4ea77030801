"""The recordings of a folder, and the lists of events that a person saves beside them.

Nothing is ever read or written outside the folder: a recording is only known by the name under which it was found
there, and a file that is added gets a name of its own at the top.

- :class:`Recordings`: the folder; :class:`Listing`: what is there at one moment
- :class:`SavedList`: what lies beside a recording
- :func:`checked_events`: events as a page sends them
- :func:`safe_audio_name`: the name of a file that is added
"""

from __future__ import annotations

import math
import os
import re
import shutil
import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path, PurePosixPath

from sedpipe.clips import AUDIO_SUFFIXES
from sedpipe.errors import ListFormatError, SedpipeError, SettingsError
from sedpipe.events import Event
from sedpipe.io.audio.find import AudioFile, find_audio
from sedpipe.io.files.atomic import write_atomically, write_text
from sedpipe.io.files.reading import names_in
from sedpipe.io.lists.annotations import Annotation
from sedpipe.io.lists.joined_labels import taken_apart
from sedpipe.io.lists.read import read_annotations
from sedpipe.io.lists.text import has_control_characters
from sedpipe.io.predictions import PredictedEvent, PredictedFile, rendered
from sedpipe.labels import one_spelling
from sedpipe.serving.found_list import ROUNDED_S, FoundList, found_list
from sedpipe.serving.lists_beside import names_of

MOST_EVENTS = 100_000
MOST_LETTERS = 80
"""Of the name of an added file without its suffix, and of a label in a message."""
MOST_OF_A_LABEL = 10_000
"""Letters; no line of a list is so long that it could not be read."""

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
    found : FoundList, optional
        Where it is not what would be written of these events: other columns, comments, events that cannot be shown.
        Saving keeps it under another name.
    kept_as : str
        That name; empty where nothing would be lost.
    """

    path: Path
    state: str = ""
    events: list[Event] | None = None
    complaint: str = ""
    found: FoundList | None = None
    kept_as: str = ""


@dataclass(frozen=True)
class Listing:
    """The recordings of a folder at one moment.

    Parameters
    ----------
    files : dict of str to AudioFile
        By name.
    lists : dict of str to Path
        Where the list of each lies, or would lie, as :meth:`Recordings.list_path` tells it.
    n_unlistable : int
        How many more there are, whose names neither a page nor a list can contain.
    """

    files: dict[str, AudioFile]
    lists: dict[str, Path]
    n_unlistable: int


class Recordings:
    """The recordings of a folder, which may not be there yet.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._one_at_a_time = threading.Lock()
        self._being_added: set[Path] = set()

    def listing(self) -> Listing:
        """What is there now, found in one walk."""
        found = self._found()
        files = {file.name: file for file in found if not has_control_characters(file.name)}
        beside = {folder: _audio_names(folder) for folder in {file.path.parent for file in files.values()}}
        lists = {name: _list_path(file, beside[file.path.parent]) for name, file in files.items()}
        return Listing(files, lists, n_unlistable=len(found) - len(files))

    def files(self) -> dict[str, AudioFile]:
        """All recordings as they are now, by name; without those whose names neither a page nor a list can contain."""
        return {file.name: file for file in self._found() if not has_control_characters(file.name)}

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
        """Where its list lies: called like the recording or, where two would share it, like all of its name.

        A list that was there before the other recording stays its own, if it names it.
        """
        return _list_path(file, _audio_names(file.path.parent))

    def saved(self, file: AudioFile, duration: float = math.inf) -> SavedList:
        """The list beside a recording.

        Parameters
        ----------
        file : AudioFile
        duration : float
            Of the recording in seconds: events are cut there.
        """
        path = self.list_path(file)
        state = _state_of(path)
        if not state:
            return SavedList(path)
        try:
            rows = read_annotations(path).rows
        except ListFormatError as error:
            return SavedList(path, state, complaint=error.message)
        names = {row.filename for row in rows}
        if others := names - set(names_of(file.path, names)):
            return SavedList(path, state, complaint=f"it also lists other recordings ({min(others)})")
        found = _found(path, rows, duration)
        if found.says_all and path.read_bytes() == _written(file, found.events).encode():
            return SavedList(path, state, found.events)
        apart, _ = taken_apart(row.label for row in rows)
        rows = [replace(row, label=label) for row in rows for label in apart[row.label]]
        found = _found(path, rows, duration)
        return SavedList(path, state, found.events, found=found, kept_as=_spare_path(path).name)

    def save(self, file: AudioFile, events: Sequence[Event], state: str, duration: float = math.inf) -> SavedList:
        """Write a recording's list, whole or not at all; one that says more than events is kept under another name.

        Parameters
        ----------
        file : AudioFile
        events : sequence of Event
        state : str
            Of the list as the person saw it.
        duration : float
            Of the recording in seconds.

        Raises
        ------
        SedpipeError
            If somebody else has changed it meanwhile, or it is no list of events, which nobody overwrites.
        """
        with self._one_at_a_time:
            return self._save(file, events, state, duration)

    def _save(self, file: AudioFile, events: Sequence[Event], state: str, duration: float) -> SavedList:
        there = self.saved(file, duration)
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
        if there.kept_as:
            with write_atomically(there.path.with_name(there.kept_as)) as temporary:
                shutil.copyfile(there.path, temporary)
        write_text(there.path, _written(file, events))
        return replace(self.saved(file, duration), kept_as=there.kept_as)

    def free_path(self, name: str) -> Path:
        """Where an added file goes: by its name, or with a number where a recording is called so, extension aside."""
        safe = PurePosixPath(safe_audio_name(name))
        there = {path for path in self.folder.glob("*") if path.suffix.lower() in AUDIO_SUFFIXES} | self._being_added
        stems = {path.stem.casefold() for path in there}
        for stem in (safe.stem, *(f"{safe.stem}-{k}" for k in range(2, 1000))):
            path = self.folder / f"{stem}{safe.suffix}"
            if stem.casefold() not in stems and not os.path.lexists(path):
                return path
        raise SettingsError(f"there are a thousand recordings called {safe.name}", hint="give it another name")

    @contextmanager
    def adding(self, name: str) -> Iterator[Path]:
        """Where an added file goes, which no other that is added meanwhile gets."""
        with self._one_at_a_time:
            path = self.free_path(name)
            self._being_added.add(path)
        try:
            yield path
        finally:
            with self._one_at_a_time:
                self._being_added.discard(path)


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
    shown = label if not isinstance(label, str) or len(label) <= MOST_LETTERS else f"{label[:MOST_LETTERS]}..."
    event = f"{shown!r} from {onset!s:.30} to {offset!s:.30} s"
    is_label = (
        isinstance(label, str) and 0 < len(label.strip()) <= MOST_OF_A_LABEL and not has_control_characters(label)
    )
    if not is_label:
        raise SettingsError(f"{event}: a label has 1 to {MOST_OF_A_LABEL:,} letters and no control characters")
    if not isinstance(onset, int | float) or not isinstance(offset, int | float):
        raise SettingsError(f"{event}: onset and offset are seconds")
    if not 0 <= onset < offset <= duration + ROUNDED_S:
        raise SettingsError(f"{event}: an event lies within the recording, from 0 to {duration:g} s")
    start, end = round(float(onset), 3), round(min(float(offset), duration), 3)
    if end <= start:  # shorter than a list can say
        start = min(start, max(0.0, round(math.floor(1000 * duration) / 1000 - 0.001, 3)))
        end = round(start + 0.001, 3)
    return Event(start, end, one_spelling(str(label)).strip())


def _found(path: Path, rows: Iterable[Annotation], duration: float) -> FoundList:
    return found_list(path, (Event(*row.times, row.label) for row in rows if row.times is not None), duration)


def _audio_names(folder: Path) -> list[str]:
    """Names of all audio in a folder, in order."""
    return sorted(name for name in names_in(folder) if Path(name).suffix.lower() in AUDIO_SUFFIXES)


def _list_path(file: AudioFile, audio_names: Sequence[str]) -> Path:
    """Where a recording's list lies, beside the audio of its folder; names in order need no look at each."""
    first = bisect_left(audio_names, f"{file.path.stem}.")
    near = audio_names[first : first + 2]
    is_shared = any(name.startswith(f"{file.path.stem}.") and name != file.path.name for name in near)
    short, full = (file.path.with_name(f"{name}.tsv") for name in (file.path.stem, file.path.name))
    return full if is_shared and (full.exists() or not _is_about(short, file)) else short


def _is_about(path: Path, file: AudioFile) -> bool:
    """Whether a list names a recording, extension and all, and no other one."""
    try:
        return path.is_file() and {row.filename for row in read_annotations(path).rows} == {file.path.name}
    except SedpipeError:
        return False


def _written(file: AudioFile, events: Iterable[Event]) -> str:
    predicted = [PredictedEvent(event.onset, event.offset, event.label, 1.0) for event in sorted(events)]
    return rendered([PredictedFile(str(file.path), file.path.name, None, predicted)], "tsv")


def _spare_path(path: Path) -> Path:
    """Where a list can be kept, under a name that no program takes for a list's."""
    paths = (path.with_name(f"{path.name}.bak{k if k > 1 else ''}") for k in count(1))
    return next(path for path in paths if not os.path.lexists(path))


def _state_of(path: Path) -> str:
    try:
        stat = path.stat()
    except OSError:
        return ""
    return f"{stat.st_size}-{stat.st_mtime_ns}"
