"""Lists as lines of text, read with bounds: a list from anywhere may be damaged, huge, or hostile.

- :func:`numbered_lines`: the lines that hold something, with their numbers
- :func:`complaint`: ``FILE:LINE: found ..., expected ...``
- :func:`as_seconds`, :func:`as_label`, :func:`as_filename`: checked values of a row
- :func:`is_absolute`, :func:`has_control_characters`: what a name may turn out to be
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from sedpipe.errors import ListFormatError
from sedpipe.io.files.reading import opened
from sedpipe.labels import LabelSet, UnknownLabelError

MOST_BYTES_IN_A_LINE = 64 * 1024
MOST_BYTES_IN_A_LIST = 256 * 1024 * 1024
MOST_LINES = 10_000_000
"""Of a list; each takes some 400 bytes of memory, however short it is."""
MOST_SECONDS = 7 * 24 * 3600
"""No recording is longer, so no time in one is larger."""

_DUST = 1e-6  # what arithmetic with floats leaves of a zero
_MOST_SHOWN = 80
_MOST_OF_A_SENTENCE = 1000
_NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_DRIVE = re.compile(r"^[A-Za-z]:(?=[/\\])")
_WITH_DRIVE = re.compile(r"[A-Za-z]:")  # "C:a.wav": where that leads depends on the machine


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines of a UTF-8 file, counted from 1, without line end (LF or CRLF); blank lines and a BOM are passed over.

    Raises
    ------
    ListFormatError
        If the file cannot be read, is no UTF-8 text, or a line or the whole is absurdly long.
    """
    size = 0
    try:
        with opened(path) as file:
            for number, raw in enumerate(iter(lambda: file.readline(MOST_BYTES_IN_A_LINE + 1), b""), start=1):
                size += len(raw)
                line = _decoded(path, number, raw, size)
                if line.strip(" \t"):
                    yield number, line
    except OSError as error:
        raise ListFormatError(f"cannot read {path}: {error.strerror or error}") from error


def complaint(path: Path, number: int, found: str, expected: str) -> ListFormatError:
    """The error for a row: where, what was found, what was expected.

    Parameters
    ----------
    path : Path
        The list.
    number : int
        Its line.
    found : str
        What stands there.
    expected : str
        What should.
    """
    shown = found if len(found) <= _MOST_SHOWN else found[:_MOST_SHOWN] + "..."
    return ListFormatError(f"{path}:{number}: found {shown!r}, expected {expected}")


def as_seconds(path: Path, number: int, text: str, unit: float = 1.0) -> float:
    """``text`` as a time: finite, not negative, at most :data:`MOST_SECONDS` (1_000, which Python reads, is none).

    Parameters
    ----------
    path : Path
        The list, for complaints.
    number : int
        The line in it.
    text : str
        A number with a decimal point, or none.
    unit : float
        Seconds in one of its units.

    Raises
    ------
    ListFormatError
        If it is no such time; a mistyped one would light a segment for each of its seconds.
    """
    value = float(text) * unit if _NUMBER.fullmatch(text) else math.nan
    if -_DUST < value <= 0:
        return 0.0
    if not 0 < value <= MOST_SECONDS:
        between = "" if math.isnan(value) else f" from 0 to {MOST_SECONDS:,} (a week)"
        raise complaint(path, number, text, f"a time in seconds{between}")
    return value


def as_label(path: Path, number: int, text: str, labels: LabelSet) -> str:
    """``text`` if it is one of ``labels``, as it is spelled there.

    Parameters
    ----------
    path : Path
        The list, for the complaint.
    number : int
        Its line.
    text : str
        What stands there.
    labels : LabelSet
        The classes.
    """
    try:
        return labels[labels.index(text)]
    except UnknownLabelError as error:
        raise label_complaint(path, number, error) from error


def label_complaint(path: Path, number: int, error: UnknownLabelError) -> ListFormatError:
    """The error for a row with an unknown label, with the suggestion that ``error`` carries."""
    return ListFormatError(f"{path}:{number}: {str(error)[:_MOST_OF_A_SENTENCE]}")


def as_filename(path: Path, number: int, text: str) -> str:
    r"""``text`` as a relative path below its folder, with ``/`` between its parts and no ``.`` in between.

    Absolute paths, of another machine most likely, begin below their root: ``C:\audio\a.wav`` is ``audio/a.wav``.

    Raises
    ------
    ListFormatError
        If it is empty, leads upwards, or holds control characters.
    """
    name = text.replace("\\", "/")
    parts = [part for part in _DRIVE.sub("", name).split("/") if part not in ("", ".")]
    if not parts or ".." in parts or _WITH_DRIVE.match(parts[0]) or has_control_characters(name):
        raise complaint(path, number, text, "a file name, without '..' and control characters")
    return "/".join(parts)


def is_absolute(text: str) -> bool:
    """Whether a file name begins at a root or with a drive."""
    return text.startswith(("/", "\\")) or _DRIVE.match(text) is not None


def has_control_characters(text: str) -> bool:
    """Whether something in it would steer a terminal, or end a line, instead of being shown, or is not even text.

    Bytes of a file name that are not UTF-8, and halves of letters in JSON, are lone surrogates, which no file holds.
    """
    return _CONTROL.search(text) is not None


def _decoded(path: Path, number: int, raw: bytes, size: int) -> str:
    if len(raw) > MOST_BYTES_IN_A_LINE:
        start = raw[:40].decode("utf-8", "replace") + "..."
        raise complaint(path, number, start, f"at most {MOST_BYTES_IN_A_LINE} bytes a line")
    if size > MOST_BYTES_IN_A_LIST:
        raise ListFormatError(f"{path}: found more than {MOST_BYTES_IN_A_LIST} bytes, which no list of clips needs")
    try:
        line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise complaint(path, number, raw[:40].decode("latin-1"), f"UTF-8 text ({error.reason})") from error
    if "\0" in line or "\r" in line:
        raise complaint(path, number, line, "text without NUL and without a carriage return inside a line")
    return line
