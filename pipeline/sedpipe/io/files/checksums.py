"""Checksums of files.

- :func:`sha256_of`: the checksum of a file; :func:`sha256_in_cache`: that of a file that sedpipe has written
- :func:`read_checksums`: a list in the format of ``sha256sum``, with ``<64 hex digits>  ./path`` in each line
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from sedpipe.errors import ListFormatError
from sedpipe.io.files.reading import opened, unreadable
from sedpipe.io.lists.text import numbered_lines

_LINE = re.compile(r"(?P<sha256>[0-9a-f]{64}) [ *](?:\./)?(?P<path>[^/\\\0].*)")


def sha256_of(path: Path) -> str:
    """Return the sha256 (hex) of a file's bytes."""
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_in_cache(path: Path) -> str:
    """Return the same for a file that sedpipe has written; raise ``SedpipeError`` if it is not readable."""
    try:
        return sha256_of(path)
    except OSError as error:
        raise unreadable(path, error) from error


def read_checksums(path: Path) -> dict[str, str]:
    """Read sha256 (hex) by relative path, without ``./``, in the order of the file.

    Raises
    ------
    ListFormatError
        If a line is not a checksum with a path, or a path leads out of its folder or is listed twice.
    """
    checksums: dict[str, str] = {}
    for number, line in numbered_lines(path):
        match = _LINE.fullmatch(line)
        if match is None or ".." in match["path"].split("/"):
            raise ListFormatError(f"{path}:{number}: found {line[:80]!r}, expected '<64 hex digits>  ./path'")
        if match["path"] in checksums:
            raise ListFormatError(f"{path}:{number}: {match['path']!r} is listed twice")
        checksums[match["path"]] = match["sha256"]
    return checksums
