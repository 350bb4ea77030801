"""Lists as lines of text, read within limits: a list from an unknown source may be damaged, huge, or hostile.

- :func:`numbered_lines`: the lines that are not blank, with their numbers
- :func:`complaint`: ``FILE:LINE: found ..., expected ...``
- :func:`as_seconds`, :func:`as_label`, :func:`as_filename`: checked values of a row
- :func:`is_absolute`, :func:`has_control_characters`: checks of a name
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
"""Maximum number of lines in a list; each takes some 400 bytes of memory, however short it is."""
MOST_SECONDS = 7 * 24 * 3600
"""No recording is longer, so no time in one is larger."""

_DUST = 1e-6  # what rounding errors of floats make of a zero
_MOST_SHOWN = 80
_MOST_OF_A_SENTENCE = 1000
_NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_DRIVE = re.compile(r"^[A-Za-z]:(?=[/\\])")
_WITH_DRIVE = re.compile(r"[A-Za-z]:")  # "C:a.wav": where that leads depends on the machine


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield lines of a UTF-8 file, counted from 1, without line ends (LF or CRLF); skip blank lines and a BOM.

    Raises
    ------
    ListFormatError
        If the file cannot be read, is not UTF-8 text, or is absurdly long, as a whole or in one line.
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
    """Return the error for a row, with its place, what was found and what was expected.

    Parameters
    ----------
    path : Path
        The list.
    number : int
        Line number.
    found : str
        Text that was found there.
    expected : str
        Description of what was expected.
    """
    shown = found if len(found) <= _MOST_SHOWN else found[:_MOST_SHOWN] + "..."
    return ListFormatError(f"{path}:{number}: found {shown!r}, expected {expected}")


def as_seconds(path: Path, number: int, text: str, unit: float = 1.0) -> float:
    """Convert ``text`` to a time: finite, not negative, at most :data:`MOST_SECONDS`.

    ``1_000`` is refused, although Python reads it as a number.

    Parameters
    ----------
    path : Path
        The list, for error messages.
    number : int
        Line number.
    text : str
        A number with or without a decimal point.
    unit : float
        Seconds per unit.

    Raises
    ------
    ListFormatError
        If it is not such a time; a mistyped one would make a segment active for each of its seconds.
    """
    value = float(text) * unit if _NUMBER.fullmatch(text) else math.nan
    if -_DUST < value <= 0:
        return 0.0
    if not 0 < value <= MOST_SECONDS:
        between = "" if math.isnan(value) else f" from 0 to {MOST_SECONDS:,} (a week)"
        raise complaint(path, number, text, f"a time in seconds{between}")
    return value


def as_label(path: Path, number: int, text: str, labels: LabelSet) -> str:
    """Return ``text`` as it is spelled in ``labels``.

    Parameters
    ----------
    path : Path
        The list, for the error message.
    number : int
        Line number.
    text : str
        Label that was found there.
    labels : LabelSet
        The classes.

    Raises
    ------
    ListFormatError
        If it is not one of them.
    """
    try:
        return labels[labels.index(text)]
    except UnknownLabelError as error:
        raise label_complaint(path, number, error) from error


def label_complaint(path: Path, number: int, error: UnknownLabelError) -> ListFormatError:
    """Return the error for a row with an unknown label, with the suggestion that ``error`` contains."""
    return ListFormatError(f"{path}:{number}: {str(error)[:_MOST_OF_A_SENTENCE]}")


def as_filename(path: Path, number: int, text: str) -> str:
    r"""Convert ``text`` to a relative path below its folder, with ``/`` between its parts and without ``.`` parts.

    Absolute paths, most likely of another machine, are taken from below their root: ``C:\audio\a.wav`` becomes
    ``audio/a.wav``.

    Raises
    ------
    ListFormatError
        If it is empty, leads upwards, is relative to a drive (``C:a.wav``), or contains control characters.
    """
    name = text.replace("\\", "/")
    parts = [part for part in _DRIVE.sub("", name).split("/") if part not in ("", ".")]
    if not parts or ".." in parts or _WITH_DRIVE.match(parts[0]) or has_control_characters(name):
        raise complaint(path, number, text, "a file name, without '..' and control characters")
    return "/".join(parts)


def is_absolute(text: str) -> bool:
    """Return whether a file name begins with a root or a drive."""
    return text.startswith(("/", "\\")) or _DRIVE.match(text) is not None


def has_control_characters(text: str) -> bool:
    """Return whether a text contains characters that control a terminal, end a line, or are not valid text.

    Bytes of a file name that are not UTF-8, and halves of characters in JSON, become lone surrogates, which cannot be
    written to a text file.
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
