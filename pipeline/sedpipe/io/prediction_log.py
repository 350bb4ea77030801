"""The log with which ``sedpipe predict --out`` resumes: the finished recordings, in the folder of their results.

Several processes may write one log, each for its part of the recordings: they append lines, and rewrite the file if it
is damaged, under a lock. The line of a recording is only kept in the file and read again when it is needed, so that a
log of 100,000 recordings takes as much memory as their names.

- :class:`PredictionLog`: the log of one folder
- :func:`state_of`: size and time of the last change, which show whether a recording is still the same
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

from sedpipe.errors import SedpipeError, SettingsError, StaleError
from sedpipe.io.files.atomic import cannot_write, write_text
from sedpipe.io.files.locks import wait_for
from sedpipe.io.files.reading import is_there, opened, unreadable
from sedpipe.io.predictions import PredictedFile
from sedpipe.io.records.form import Record
from sedpipe.io.records.prediction import LogHead, LogLine
from sedpipe.io.records.reading import parse_record
from sedpipe.io.records.settings import differences, in_words

LOG_NAME = "predictions.jsonl"
MOST_BYTES_IN_A_LINE = 16 * 1024 * 1024
"""Longest line that is read at a time; the events of a whole day take less."""

_LOCK_NAME = ".predictions.lock"

AnyLine = TypeVar("AnyLine", bound=Record)

State = tuple[int, int]
"""Size in bytes and time of the last change (ns) of a recording."""


class _Place(NamedTuple):
    """Where in the log a recording's line begins, and the state that the recording had."""

    offset: int
    state: State


class PredictionLog:
    """Finished recordings of a folder: one line of JSON per recording, after a first line with the settings.

    A recording counts as finished while its size and time of change are unchanged, so a recording that was replaced is
    processed again. A damaged line, left by a process that was killed, say, is dropped: its recording is processed
    again.

    Parameters
    ----------
    folder : Path
        Folder that results are written to.
    settings : dict
        All settings that determine the events.

    Raises
    ------
    StaleError
        If the folder was started with other settings.
    SedpipeError
        If the file is not such a log, or cannot be read or written.
    """

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        self._path, self._lock = folder / LOG_NAME, folder / _LOCK_NAME
        self._places: dict[str, _Place] = {}
        self.n_dropped = 0
        """Number of damaged lines."""
        head = LogHead(settings=json.loads(json.dumps(settings)))  # as they are read back from the log
        with wait_for(self._lock):
            if not self._is_sound(head, folder):
                self._rewrite(head)
            self._file = self._opened()  # keeps its content, even if another process replaces the log

    def find(self, name: str, path: Path) -> PredictedFile | None:
        """Return what was found in a recording, or None if it is not finished.

        Raises
        ------
        SettingsError
            If another recording, which still exists, is finished under this name: its events would be overwritten.
        """
        place = self._places.get(name)
        if place is None:
            return None
        line = _parsed(self._line_at(self._file, place.offset), LogLine)
        if line is None:
            return None
        try:
            if place.state != state_of(path):
                _refuse_another(line, path, self._path.parent)
                return None
        except OSError:
            return None
        events, unlike = list(line.events), list(line.unlike_training)
        return PredictedFile(str(path), name, line.duration, events, "kept", line.reason, unlike)

    def has_changed(self, name: str, path: Path) -> bool:
        """Return whether a recording was finished under this name and the file has changed since."""
        place = self._places.get(name)
        try:
            return place is not None and place.state != state_of(path)
        except OSError:
            return False

    def add(self, file: PredictedFile, state: State) -> None:
        """Add a finished recording; ``state`` is its :func:`state_of` from before it was read."""
        self.add_all([(file, state)])

    def add_all(self, finished: Iterable[tuple[PredictedFile, State]]) -> None:
        """Add several finished recordings, all of them or none."""
        lines = []
        for file, state in finished:
            told: dict[str, Any] = {"path": _whole(file.path)}
            if file.reason:
                told["reason"] = file.reason
            if file.unlike_training:
                told["unlike_training"] = tuple(file.unlike_training)
            lines.append(LogLine(name=file.name, file=state, duration=file.duration, events=tuple(file.events), **told))
        with wait_for(self._lock):
            try:
                with self._path.open("ab") as log:
                    _append(log, "".join(map(_as_line, lines)).encode())
            except OSError as error:
                raise cannot_write(self._path, error) from error

    def _is_sound(self, head: LogHead, folder: Path) -> bool:
        """Read which recordings are finished; return whether the log can stay as it is."""
        if not is_there(self._path):
            return False
        with self._opened() as log:
            lines = _lines(log, self._path)
            _, first = next(lines, (0, b""))
            if first:
                self._check(first, head, folder)
            are_sound = [self._take(raw, offset) and raw.endswith(b"\n") for offset, raw in lines]
        return first.endswith(b"\n") and all(are_sound)

    def _check(self, first: bytes, head: LogHead, folder: Path) -> None:
        begun = _parsed(first, LogHead)
        if begun is None:
            raise SedpipeError(
                f"{self._path} does not start with the settings of a prediction",
                hint="name another --out, or move that file and all lists elsewhere to process everything again",
            )
        changed = differences(begun.settings, head.settings)
        if changed:
            raise StaleError(
                f"{folder} was started with other settings ({in_words(changed)})",
                hint=f"name another --out, or delete {self._path} and the lists that it is about",
            )

    def _take(self, raw: bytes, offset: int) -> bool:
        """Register a line; return whether it is valid and the first one of its recording."""
        line = _parsed(raw, LogLine)
        if line is None:
            self.n_dropped += 1
            return False
        is_first = line.name not in self._places
        self._places[line.name] = _Place(offset, line.file)
        return is_first

    def _rewrite(self, head: LogHead) -> None:
        """Write the log again without lines that are damaged or superseded by a later one."""
        lines = [_as_line(head)]
        if self._places:
            with self._opened() as log:
                raw = (self._line_at(log, place.offset) for place in self._places.values())
                lines += [f"{line.decode().rstrip()}\n" for line in raw]
        write_text(self._path, "".join(lines))
        offset = len(lines[0].encode())
        for (name, place), line in zip(list(self._places.items()), lines[1:], strict=True):
            self._places[name] = place._replace(offset=offset)
            offset += len(line.encode())

    def _line_at(self, log: BinaryIO, offset: int) -> bytes:
        try:
            log.seek(offset)
            return log.readline(MOST_BYTES_IN_A_LINE)
        except OSError as error:
            raise unreadable(self._path, error) from error

    def _opened(self) -> BinaryIO:
        try:
            return opened(self._path)
        except OSError as error:
            raise unreadable(self._path, error) from error


def _whole(path: str) -> str:
    """Return the absolute path, with what UTF-8 cannot encode replaced."""
    return os.path.abspath(path).encode(errors="replace").decode()


def _refuse_another(line: LogLine, path: Path, folder: Path) -> None:
    """Raise if another recording of this name still exists; a recording that changed or moved is processed again."""
    if line.path and os.path.exists(line.path) and not os.path.samefile(line.path, path):
        raise SettingsError(
            f"{folder} has the events of {line.path} as those of {line.name}: {path} would overwrite them",
            hint="name another --out, or the folder above both in one call",
        )


def state_of(path: Path) -> State:
    """Return size and time of the last change (ns) of a file, which differ once the file has changed."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _append(log: BinaryIO, content: bytes) -> None:
    """Append lines, whole or not at all: half a line would spoil the one that another process appends after it."""
    size = log.seek(0, os.SEEK_END)
    try:
        log.write(content)
        log.flush()
        os.fsync(log.fileno())
    except OSError:
        with suppress(OSError):
            log.truncate(size)
        raise


def _lines(log: BinaryIO, path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield offset and content of each line that is not blank; a line that is too long comes in pieces, damaged."""
    try:
        offset = 0
        for raw in iter(lambda: log.readline(MOST_BYTES_IN_A_LINE), b""):
            if raw.strip():
                yield offset, raw
            offset += len(raw)
    except OSError as error:
        raise unreadable(path, error) from error


def _as_line(line: Record) -> str:
    return json.dumps(line.as_json(), ensure_ascii=False) + "\n"


def _parsed(raw: bytes, form: type[AnyLine]) -> AnyLine | None:
    try:
        return parse_record(raw, form)
    except ValueError:
        return None
