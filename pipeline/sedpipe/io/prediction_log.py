"""The log with which ``sedpipe predict --out`` goes on: what is finished, in the folder that holds it.

Several processes may write one log, each its part of the recordings: a line is added while no other one is, and the
file is rewritten only where it is damaged, while nobody adds. What it says of a recording is read when it is asked for,
so that a log of 100,000 recordings takes as much memory as their names.

- :class:`PredictionLog`
- :func:`state_of`: whether a recording is still the one that it was
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
"""Of a recording: events of a whole day have less."""

_LOCK_NAME = ".predictions.lock"

AnyLine = TypeVar("AnyLine", bound=Record)

State = tuple[int, int]
"""Size and time of the last change (ns) of a recording."""


class _Place(NamedTuple):
    """Where in the log a recording's line lies, and the state that the recording had."""

    offset: int
    state: State


class PredictionLog:
    """What is finished in a folder: a line of JSON a recording, after one with the settings.

    A recording is finished if it still has the size and the time of change that it had, so what was replaced is
    done again. A line that is damaged, as by a process that was killed, is dropped: its recording is done again.

    Parameters
    ----------
    folder : Path
        Where results are written.
    settings : dict
        Whatever decides the events.

    Raises
    ------
    StaleError
        If the folder was started with other settings.
    SedpipeError
        If the log is none, or cannot be read or written.
    """

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        self._path, self._lock = folder / LOG_NAME, folder / _LOCK_NAME
        self._places: dict[str, _Place] = {}
        self.n_dropped = 0
        """Damaged lines."""
        head = LogHead(settings=json.loads(json.dumps(settings)))  # as they read when stored
        with wait_for(self._lock):
            if not self._is_sound(head, folder):
                self._rewrite(head)
            self._file = self._opened()  # stays what it is, even if another process rewrites the log

    def find(self, name: str, path: Path) -> PredictedFile | None:
        """What was found in a recording that is finished.

        Raises
        ------
        SettingsError
            If another recording, which is still there, is finished under this name: its events would be overwritten.
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
        """Whether a recording was finished under this name, and is not the one any more that it was then."""
        place = self._places.get(name)
        try:
            return place is not None and place.state != state_of(path)
        except OSError:
            return False

    def add(self, file: PredictedFile, state: State) -> None:
        """A recording is finished; ``state`` is its :func:`state_of` from before it was read."""
        self.add_all([(file, state)])

    def add_all(self, finished: Iterable[tuple[PredictedFile, State]]) -> None:
        """Several are, and are noted together or not at all."""
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
        """Learn what is finished; whether the log can stay as it is."""
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
        """Note a line; whether it is one, and the first of its recording."""
        line = _parsed(raw, LogLine)
        if line is None:
            self.n_dropped += 1
            return False
        is_first = line.name not in self._places
        self._places[line.name] = _Place(offset, line.file)
        return is_first

    def _rewrite(self, head: LogHead) -> None:
        """Leave out what is damaged or was done again."""
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
    """From the root, as UTF-8 can hold it."""
    return os.path.abspath(path).encode(errors="replace").decode()


def _refuse_another(line: LogLine, path: Path, folder: Path) -> None:
    """A recording that was changed, or moved, is done again; one that is still there beside it keeps its events."""
    if line.path and os.path.exists(line.path) and not os.path.samefile(line.path, path):
        raise SettingsError(
            f"{folder} has the events of {line.path} as those of {line.name}: {path} would overwrite them",
            hint="name another --out, or the folder above both in one call",
        )


def state_of(path: Path) -> State:
    """Size and time of the last change (ns) of a file; changes with it."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _append(log: BinaryIO, content: bytes) -> None:
    """Add lines, whole or not at all: half a line would spoil the one that another process adds after it."""
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
    """Lines that hold something, and where they begin; of one without end, pieces, which are damaged."""
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
