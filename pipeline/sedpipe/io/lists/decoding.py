"""Text files as other programs write them: the encoding is detected, and reported if it is not UTF-8.

- :func:`read_text`: lines with their numbers, within size limits, and a remark on the encoding
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from sedpipe.errors import ListFormatError
from sedpipe.io.files.reading import opened
from sedpipe.io.lists import text
from sedpipe.io.lists.remarks import Remark

_MARKS = (  # UTF-32 before UTF-16, since its mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NAMES = {"utf-8": "UTF-8", "utf-32-le": "UTF-32", "utf-32-be": "UTF-32", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
_LINE_END = re.compile(r"\r\n|\r|\n")
_LOOKED_AT = 4096


@dataclass(frozen=True)
class Text:
    """A text file.

    Parameters
    ----------
    path : Path
        The file.
    lines : list of (int, str)
        Lines that are not blank, with their numbers counted from 1, without line ends.
    remarks : tuple of Remark
        A remark on the encoding, if it is not UTF-8.
    """

    path: Path
    lines: list[tuple[int, str]]
    remarks: tuple[Remark, ...]


def read_text(path: Path, most_in_a_line: int | None = text.MOST_BYTES_IN_A_LINE) -> Text:
    """Read a text file of any program.

    A byte order mark decides between UTF-8, UTF-16 and UTF-32. Without one, UTF-16 is recognised by its zero bytes;
    other files are UTF-8, or Windows-1252 if they are not valid UTF-8. Lines end with LF, CRLF or CR.

    Parameters
    ----------
    path : Path
        The list.
    most_in_a_line : int, optional
        Maximum number of characters in a line; None if lines have no meaning, as in JSON.

    Raises
    ------
    ListFormatError
        If the file cannot be read, is not text, or is absurdly long, as a whole or in one line.
    """
    raw = _raw(path)
    content, remarks = _decoded(path, raw)
    if most_in_a_line is not None and content.count("\n") + content.count("\r") > 2 * text.MOST_LINES:  # CR and LF
        raise ListFormatError(f"{path}: found more than {text.MOST_LINES:,} lines, which no list of clips needs")
    lines = []
    for number, line in enumerate(_LINE_END.split(content), start=1):
        if most_in_a_line is not None and len(line) > most_in_a_line:
            raise text.complaint(path, number, line[:40], f"at most {most_in_a_line} characters a line")
        if "\0" in line:
            raise text.complaint(path, number, line, "text, not binary data")
        if line.strip():
            lines.append((number, line))
    return Text(path, lines, remarks)


def _raw(path: Path) -> bytes:
    try:
        with opened(path) as file:
            raw = file.read(text.MOST_BYTES_IN_A_LIST + 1)
    except OSError as error:
        raise ListFormatError(f"cannot read {path}: {error.strerror or error}") from error
    if len(raw) > text.MOST_BYTES_IN_A_LIST:
        raise ListFormatError(
            f"{path}: found more than {text.MOST_BYTES_IN_A_LIST} bytes, which no list of clips needs"
        )
    return raw


def _decoded(path: Path, raw: bytes) -> tuple[str, tuple[Remark, ...]]:
    mark, encoding = next(((mark, encoding) for mark, encoding in _MARKS if raw.startswith(mark)), (b"", ""))
    encoding = encoding or _by_zeros(raw[:_LOOKED_AT])
    try:
        content = raw[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or mark:
            raise ListFormatError(
                f"{path}: found bytes that are not {_NAMES[encoding]} text ({error.reason})"
            ) from error
        return _western(path, raw), (Remark("read as Windows-1252, since it is not UTF-8"),)
    return content, () if encoding == "utf-8" else (Remark(f"read as {_NAMES[encoding]}"),)


def _by_zeros(raw: bytes) -> str:
    """Detect UTF-16 without a mark, in which Latin text has a zero in every other byte; otherwise it is UTF-8."""
    for encoding, zeros, others in (("utf-16-le", raw[1::2], raw[::2]), ("utf-16-be", raw[::2], raw[1::2])):
        if len(raw) >= 4 and zeros.count(0) > 0.8 * len(zeros) and others.count(0) < 0.1 * len(others):
            return encoding
    return "utf-8"


def _western(path: Path, raw: bytes) -> str:
    """Decode Windows-1252, which Windows wrote before UTF-8; its five undefined bytes are an error."""
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError as error:
        number = raw[: error.start].count(b"\n") + 1
        start = raw.split(b"\n")[number - 1][:40].decode("latin-1")
        raise text.complaint(path, number, start, "text in UTF-8, UTF-16 or Windows-1252") from error
