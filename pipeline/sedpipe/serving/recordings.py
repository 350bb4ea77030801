"""The recordings of a folder, and the event lists that the user saves beside them.

Nothing is ever read or written outside the folder: recordings are identified only by the names under which they were
found in it, and an added file gets a new name at the top of the folder.

- :class:`Recordings`: the folder; :class:`Listing`: its recordings at one moment
- :class:`SavedList`: the list beside a recording
- :func:`checked_events`: checks the events that a page sends
- :func:`safe_audio_name`: a safe name for an added file
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
"""Maximum length of the name of an added file without its suffix, and of a label in a message."""
MOST_OF_A_LABEL = 10_000
"""Maximum length of a label, such that no line of a list is too long to be read."""

_UNSAFE = re.compile(r"[^\w .,()+-]+")


@dataclass(frozen=True)
class SavedList:
    """The event list beside a recording.

    Parameters
    ----------
    path : Path
        Path of the list, whether or not it exists.
    state : str
        A value that changes with the file; empty if there is no list.
    events : list of Event, optional
        Events of the list; None if there is no list, or it cannot be used.
    complaint : str
        Reason why the list cannot be used.
    found : FoundList, optional
        The list, if it differs from the one that would be written for these events: other columns, comments, events
        that cannot be shown. On saving, it is kept under another name.
    kept_as : str
        This other name; empty if nothing would be lost.
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
        Recordings by name.
    lists : dict of str to Path
        Path of the list of each recording, whether or not it exists, as returned by :meth:`Recordings.list_path`.
    n_unlistable : int
        Number of further recordings, whose names neither a page nor a list can contain.
    """

    files: dict[str, AudioFile]
    lists: dict[str, Path]
    n_unlistable: int


class Recordings:
    """The recordings of a folder, which need not exist yet.

    Parameters
    ----------
    folder : Path
        The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._one_at_a_time = threading.Lock()
        self._being_added: set[Path] = set()

    def listing(self) -> Listing:
        """Return the recordings that exist now and the paths of their lists, from one walk through the folder."""
        found = self._found()
        files = {file.name: file for file in found if not has_control_characters(file.name)}
        beside = {folder: _audio_names(folder) for folder in {file.path.parent for file in files.values()}}
        lists = {name: _list_path(file, beside[file.path.parent]) for name, file in files.items()}
        return Listing(files, lists, n_unlistable=len(found) - len(files))

    def files(self) -> dict[str, AudioFile]:
        """Return the recordings that exist now, by name; without those whose names no page and no list can contain."""
        return {file.name: file for file in self._found() if not has_control_characters(file.name)}

    def _found(self) -> list[AudioFile]:
        if not self.folder.is_dir():
            return []
        try:
            return find_audio([self.folder]).files
        except SettingsError:  # there are no recordings yet
            return []

    def find(self, name: str) -> AudioFile | None:
        """Return the recording of this name, if there is one."""
        return self.files().get(name)

    def list_path(self, file: AudioFile) -> Path:
        """Return the path of a recording's list, named after the recording without its extension.

        If two recordings would share this name, that with the extension is used, unless the list of the shorter name
        already exists and names only this recording.
        """
        return _list_path(file, _audio_names(file.path.parent))

    def saved(self, file: AudioFile, duration: float = math.inf) -> SavedList:
        """Read the list beside a recording.

        Parameters
        ----------
        file : AudioFile
            The recording.
        duration : float
            Length of the recording in seconds: events are cut there.
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
        if found.is_complete and path.read_bytes() == _written(file, found.events).encode():
            return SavedList(path, state, found.events)
        apart, _ = taken_apart(row.label for row in rows)
        rows = [replace(row, label=label) for row in rows for label in apart[row.label]]
        found = _found(path, rows, duration)
        return SavedList(path, state, found.events, found=found, kept_as=_spare_path(path).name)

    def save(self, file: AudioFile, events: Sequence[Event], state: str, duration: float = math.inf) -> SavedList:
        """Write a recording's list atomically; an existing list with more than events is kept under another name.

        Parameters
        ----------
        file : AudioFile
            The recording.
        events : sequence of Event
            The new events.
        state : str
            State of the list that the user saw.
        duration : float
            Length of the recording in seconds.

        Raises
        ------
        SedpipeError
            If the list has been changed in the meantime, or is not an event list and must therefore not be overwritten.
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
        """Return the path for an added file: its name, with a number if a recording has that name without extension."""
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
        """Yield the path for an added file, and reserve it against other files that are added in the meantime."""
        with self._one_at_a_time:
            path = self.free_path(name)
            self._being_added.add(path)
        try:
            yield path
        finally:
            with self._one_at_a_time:
                self._being_added.discard(path)


def safe_audio_name(name: str) -> str:
    """Return a safe name under which a file from any source is added to a folder.

    Raises
    ------
    SettingsError
        If the name does not have the extension of an audio file.

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
    """Check the events that a page sends.

    Parameters
    ----------
    rows : object
        A list of objects with ``onset``, ``offset`` and ``label``.
    duration : float
        Length of the recording in seconds.

    Raises
    ------
    SettingsError
        If this is not a list of events within the recording, or has more than :data:`MOST_EVENTS`.
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
    if end <= start:  # shorter than the resolution of a list
        start = min(start, max(0.0, round(math.floor(1000 * duration) / 1000 - 0.001, 3)))
        end = round(start + 0.001, 3)
    return Event(start, end, one_spelling(str(label)).strip())


def _found(path: Path, rows: Iterable[Annotation], duration: float) -> FoundList:
    return found_list(path, (Event(*row.times, row.label) for row in rows if row.times is not None), duration)


def _audio_names(folder: Path) -> list[str]:
    """Names of all audio files in a folder, sorted."""
    return sorted(name for name in names_in(folder) if Path(name).suffix.lower() in AUDIO_SUFFIXES)


def _list_path(file: AudioFile, audio_names: Sequence[str]) -> Path:
    """Path of a recording's list; the names of the audio files in its folder are sorted, to search only a few."""
    first = bisect_left(audio_names, f"{file.path.stem}.")
    near = audio_names[first : first + 2]
    is_shared = any(name.startswith(f"{file.path.stem}.") and name != file.path.name for name in near)
    short, full = (file.path.with_name(f"{name}.tsv") for name in (file.path.stem, file.path.name))
    return full if is_shared and (full.exists() or not _is_about(short, file)) else short


def _is_about(path: Path, file: AudioFile) -> bool:
    """Whether a list names a recording, including its extension, and no other recording."""
    try:
        return path.is_file() and {row.filename for row in read_annotations(path).rows} == {file.path.name}
    except SedpipeError:
        return False


def _written(file: AudioFile, events: Iterable[Event]) -> str:
    predicted = [PredictedEvent(event.onset, event.offset, event.label, 1.0) for event in sorted(events)]
    return rendered([PredictedFile(str(file.path), file.path.name, None, predicted)], "tsv")


def _spare_path(path: Path) -> Path:
    """Path at which a list can be kept, with a name that no program takes for that of a list."""
    paths = (path.with_name(f"{path.name}.bak{k if k > 1 else ''}") for k in count(1))
    return next(path for path in paths if not os.path.lexists(path))


def _state_of(path: Path) -> str:
    try:
        stat = path.stat()
    except OSError:
        return ""
    return f"{stat.st_size}-{stat.st_mtime_ns}"
