"""A file on a server, read like one on disk: only the parts that are needed, within limits of time and speed.

- :class:`RemoteFile`: a file with ``read``, ``seek``, ``tell``
- :class:`Limits`: when to give up, how fast to read
"""

from __future__ import annotations

import io
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, Protocol

from sedpipe.failures import FailedClipError, Failure, classify

CHUNK = 1 << 20
"""Bytes per request. Players request small ranges, too; open-ended ones are slowed down by YouTube."""

MOST_SPOOLED = 2 << 30
"""Most bytes of a file that are kept on disk if its server does not support ranges."""

_NEAR = 1 << 16  # bytes; to a position less than this ahead, reading on is cheaper than a new request
_READ_AT_ONCE = 1 << 15
_TRIES = 3
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class Answer(Protocol):
    """Response of a server, in yt-dlp's form."""

    fp: Any
    status: int
    headers: Any

    def close(self) -> None:
        """Close the connection."""


@dataclass(frozen=True)
class Limits:
    """When to give up, and how fast to read.

    Parameters
    ----------
    seconds : float
        Longest time in seconds for the file as a whole.
    bytes_per_second : float, optional
        Highest speed of reading.
    stopped : callable
        Function that returns whether the result is no longer needed.
    """

    seconds: float = 300.0
    bytes_per_second: float | None = None
    stopped: Callable[[], bool] = lambda: False


class RemoteFile:
    """A file at an address.

    A server that supports ranges is asked for pieces of 1 MiB, and asked again if a response breaks off. From a server
    that does not, everything up to the wanted byte is read into a temporary file.

    Parameters
    ----------
    ask : callable
        Function that takes the headers of a request and returns the response; it may raise any exception.
    limits : Limits
        When to give up and how fast to read; the time starts with this call.

    Raises
    ------
    FailedClipError
        From ``read`` and ``seek``, if the time is up or the server does not deliver.
    """

    def __init__(self, ask: Callable[[dict[str, str]], Answer], limits: Limits | None = None) -> None:
        self._ask = ask
        self._limits = limits or Limits()
        self._deadline = time.monotonic() + self._limits.seconds
        self._position = 0
        self._size: int | None = None
        self._answer: Answer | None = None
        self._answer_at = 0  # position in the file of the response's next byte
        self._answer_end: int | None = None
        self._spool: IO[bytes] | None = None
        self._knows_ranges = True

    def read(self, size: int = -1) -> bytes:
        """Read at most ``size`` bytes from the current position; only an empty result means the end of the file."""
        size = _READ_AT_ONCE if size < 0 else size
        data = self._read_with_patience(size)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to another position; nothing is requested before ``read``, except for the size if it is needed."""
        if whence == io.SEEK_CUR:
            offset += self._position
        elif whence == io.SEEK_END:
            offset += self._length()
        self._position = max(0, offset)
        return self._position

    def tell(self) -> int:
        """Return the position of the next byte."""
        return self._position

    def close(self) -> None:
        """Close the connection and delete the temporary file."""
        self._hang_up()
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    def _read_with_patience(self, size: int) -> bytes:
        for attempt in range(_TRIES):
            try:
                return self._read_once(size)
            except FailedClipError as failed:
                self._hang_up()
                again = failed.failure.reason == "network" and self._spool is None
                if not again or attempt == _TRIES - 1:
                    raise
                self._pause(0.25 * 2**attempt)
        raise AssertionError("unreachable")

    def _read_once(self, size: int) -> bytes:
        self._check_patience()
        if self._spool is None and not self._is_past_the_end():
            self._open_at_position()
        return self._read_spooled(size) if self._spool is not None else self._read_answer(size)

    def _is_past_the_end(self) -> bool:
        return self._size is not None and self._position >= self._size

    def _read_answer(self, size: int) -> bytes:
        if self._answer is None or self._is_past_the_end():
            return b""
        while self._answer_at < self._position:
            self._take(min(self._position - self._answer_at, _READ_AT_ONCE))
        return self._take(size)

    def _open_at_position(self) -> None:
        """Open a response whose next byte is the wanted one or a little before it, unless the current one qualifies."""
        at, end = self._answer_at, self._answer_end
        if self._answer is not None and at <= self._position < at + _NEAR and (end is None or self._position < end):
            return
        self._hang_up()
        headers = {"Accept-Encoding": "identity"}
        if self._knows_ranges:
            headers["Range"] = f"bytes={self._position}-{self._position + CHUNK - 1}"
        answer = self._asked(headers)
        if answer is None:
            self._size = self._position if self._size is None else self._size
            return
        self._answer, self._answer_at = answer, self._position
        if answer.status == 206:
            self._note_range(str(answer.headers.get("Content-Range", "")))
        else:
            self._answer_at = 0
            length = str(answer.headers.get("Content-Length", ""))
            self._answer_end = self._size = int(length) if length.isdecimal() else None
            self._spool = tempfile.TemporaryFile()  # noqa: SIM115 (close() closes it)

    def _note_range(self, said: str) -> None:
        match = _CONTENT_RANGE.fullmatch(said.strip())
        if match is None or int(match[1]) != self._position:
            raise _network(f"asked for bytes from {self._position}, the server sends {said or 'others'!r}")
        if match[3] == "*":  # decoders cannot navigate in a file of unknown length
            self._knows_ranges = False
            self._hang_up()
            self._open_at_position()
            return
        self._answer_end, size = int(match[2]) + 1, int(match[3])
        if self._size is not None and size != self._size:
            raise _network(f"the file had {self._size} bytes, now it has {size}")
        self._size = size

    def _asked(self, headers: dict[str, str]) -> Answer | None:
        """Return the response, or None if the file has no such bytes."""
        try:
            return self._ask(headers)
        except Exception as error:
            status = getattr(error, "status", None)
            if status == 416:
                return None
            raise FailedClipError(str(error), classify(str(error) or type(error).__name__, status)) from error

    def _take(self, size: int) -> bytes:
        """Return the next bytes of the response; ``FailedClipError`` if it ends too early."""
        answer = self._answer
        assert answer is not None
        try:
            data = _read_some(answer.fp, min(size, _READ_AT_ONCE))
        except Exception as error:
            raise _broken_off(error) from error
        self._answer_at += len(data)
        if not data:
            if self._answer_end is not None and self._answer_at < self._answer_end:
                raise _network(f"the answer ends at byte {self._answer_at} of {self._answer_end}")
            self._hang_up()
        elif self._answer_end is not None and self._answer_at >= self._answer_end:
            self._hang_up()
        if self._limits.bytes_per_second:
            self._pause(len(data) / self._limits.bytes_per_second)
        self._check_patience()
        return data

    def _read_spooled(self, size: int) -> bytes:
        assert self._spool is not None
        self._spool_up_to(self._position + size)
        self._spool.seek(self._position)
        return self._spool.read(size)

    def _spool_up_to(self, end: int) -> None:
        assert self._spool is not None
        while self._answer is not None and self._answer_at < end:
            if self._answer_at > MOST_SPOOLED:
                raise FailedClipError(
                    f"its server does not support ranges and it has more than {MOST_SPOOLED >> 30} GiB",
                    Failure("retryable", "too-big"),
                )
            self._spool.seek(self._answer_at)
            self._spool.write(self._take(_READ_AT_ONCE))

    def _length(self) -> int:
        if self._size is None:
            here, self._position = self._position, 0
            try:
                self._read_with_patience(1)
            finally:
                self._position = here
        if self._size is None and self._spool is not None:
            self._spool_up_to(MOST_SPOOLED)
            self._size = self._answer_at
        return self._size or 0

    def _check_patience(self) -> None:
        if self._limits.stopped():
            raise FailedClipError("stopped", Failure("retryable", "stopped"))
        if time.monotonic() > self._deadline:
            raise FailedClipError(
                f"timed out: not there after {self._limits.seconds:g} s", Failure("retryable", "timeout")
            )

    def _pause(self, seconds: float) -> None:
        end = min(time.monotonic() + seconds, self._deadline)
        while (left := end - time.monotonic()) > 0 and not self._limits.stopped():
            time.sleep(min(left, 0.1))

    def _hang_up(self) -> None:
        answer, self._answer, self._answer_end = self._answer, None, None
        if answer is not None:
            answer.close()


def _read_some(body: Any, size: int) -> bytes:
    """Return what has arrived, up to ``size`` bytes: a slow server must not block us until all of them are there."""
    if hasattr(body, "read1"):
        return bytes(body.read1(size))
    return bytes(body.read(min(size, 1024)))


def _network(message: str) -> FailedClipError:
    return FailedClipError(message, Failure("retryable", "network"))


def _broken_off(error: Exception) -> FailedClipError:
    message = f"{type(error).__name__}: {error}"
    failure = classify(message)
    return FailedClipError(message, failure if failure.reason == "timeout" else Failure("retryable", "network"))
