"""The log with which ``sedpipe predict --out`` goes on: what is finished, in the folder that holds it.

- :class:`PredictionLog`
- :func:`state_of`: whether a recording is still the one that it was
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from sedpipe.errors import SedpipeError, StaleError
from sedpipe.io.files.atomic import cannot_write, write_text
from sedpipe.io.files.reading import is_there, unreadable
from sedpipe.io.predictions import PredictedFile
from sedpipe.io.records.form import Record
from sedpipe.io.records.prediction import LogHead, LogLine
from sedpipe.io.records.reading import parse_record
from sedpipe.io.records.settings import differences, in_words

LOG_NAME = "predictions.jsonl"
MOST_BYTES_IN_A_LINE = 16 * 1024 * 1024
"""Of a recording: events of a whole day have less."""

AnyLine = TypeVar("AnyLine", bound=Record)


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
        If the folder was begun with other settings.
    SedpipeError
        If the log is none, or cannot be read or written.
    """

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        self._path = folder / LOG_NAME
        self._done: dict[str, LogLine] = {}
        self.n_dropped = 0
        """Damaged lines."""
        head = LogHead(settings=json.loads(json.dumps(settings)))  # as they read when stored
        lines = self._lines() if is_there(self._path) else iter(())
        first = next(lines, None)
        if first is not None:
            self._check(first, head, folder)
            for raw in lines:
                self._take(raw)
        content = [head, *self._done.values()]
        write_text(self._path, "".join(_as_line(line) for line in content))

    def find(self, name: str, path: Path) -> PredictedFile | None:
        """What was found in a recording that is finished."""
        line = self._done.get(name)
        try:
            if line is None or line.file != state_of(path):
                return None
        except OSError:
            return None
        return PredictedFile(str(path), name, line.duration, list(line.events), state="kept", reason=line.reason)

    def add(self, file: PredictedFile, state: tuple[int, int]) -> None:
        """A recording is finished; ``state`` is its :func:`state_of` from before it was read."""
        told = {"reason": file.reason} if file.reason else {}
        line = LogLine(name=file.name, file=state, duration=file.duration, events=tuple(file.events), **told)
        try:
            with self._path.open("ab") as log:
                log.write(_as_line(line).encode())
                log.flush()
                os.fsync(log.fileno())
        except OSError as error:  # what was written of the line is dropped next time
            raise cannot_write(self._path, error) from error

    def _check(self, first: bytes, head: LogHead, folder: Path) -> None:
        begun = _parsed(first, LogHead)
        if begun is None:
            raise SedpipeError(
                f"{self._path} does not begin with the settings of a prediction",
                hint="name another --out, or move that file away, and all recordings are done again",
            )
        changed = differences(begun.settings, head.settings)
        if changed:
            raise StaleError(
                f"{folder} was begun with other settings ({in_words(changed)})",
                hint=f"name another --out, or delete {self._path}",
            )

    def _take(self, raw: bytes) -> None:
        line = _parsed(raw, LogLine)
        if line is None:
            self.n_dropped += 1
        else:
            self._done[line.name] = line

    def _lines(self) -> Iterator[bytes]:
        """Lines that hold something; of one without end, pieces, which are damaged."""
        try:
            with self._path.open("rb") as log:
                for raw in iter(lambda: log.readline(MOST_BYTES_IN_A_LINE), b""):
                    if raw.strip():
                        yield raw
        except OSError as error:
            raise unreadable(self._path, error) from error


def state_of(path: Path) -> tuple[int, int]:
    """Size and time of the last change (ns) of a file; changes with it."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _as_line(line: Record) -> str:
    return json.dumps(line.as_json(), ensure_ascii=False) + "\n"


def _parsed(raw: bytes, form: type[AnyLine]) -> AnyLine | None:
    try:
        return parse_record(raw, form)
    except ValueError:
        return None
