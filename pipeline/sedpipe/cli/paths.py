"""Paths that a command is given, some of them on stdin.

- :func:`paths_of`: places, ``-`` standing for those that stdin names
- :func:`check_there`: whether any of them exists
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from sedpipe.errors import SettingsError
from sedpipe.io.files.reading import entries
from sedpipe.suggestions import did_you_mean

STDIN = "-"
MOST_CHARACTERS = 256 * 1024 * 1024
"""Of a list of paths: a million of 256 letters."""


def paths_of(places: Sequence[str], stdin: TextIO) -> tuple[Path, ...]:
    """The places; where ``-`` stands, those that ``stdin`` names.

    Parameters
    ----------
    places : sequence of str
        As they are written: a file called ``-`` is named by ``./-``.
    stdin : TextIO
        A path a line or, where there is a NUL in it, a path before each NUL. Read once.

    Raises
    ------
    SettingsError
        If it names no path, or far too many.
    """
    if STDIN not in places:
        return tuple(map(_path, places))
    listed = tuple(_listed(stdin))
    if not listed:
        raise SettingsError(
            "stdin names no recording", hint="write one path per line: find . -name '*.wav' | sedpipe predict -"
        )
    return tuple(path for place in dict.fromkeys(places) for path in (listed if place == STDIN else (_path(place),)))


def _path(place: str) -> Path:
    """A place as a path, which no library that gets it takes for stdin."""
    path = Path(place)
    return path.absolute() if path == Path(STDIN) else path


def check_there(places: Sequence[Path]) -> None:
    """A slip that is told before anything else is looked at: nothing of what was named is there.

    Where some of it is, the rest are recordings that failed.

    Raises
    ------
    SettingsError
        With what was probably meant.
    """
    if any(_may_be_there(place) for place in places):
        return
    first = places[0]
    beside = [path.name for path in entries(first.parent)]
    more = f" (nor are the other {len(places) - 1:,})" if len(places) > 1 else ""
    raise SettingsError(f"{first}: no such file or folder{did_you_mean(first.name, beside)}{more}")


def _may_be_there(place: Path) -> bool:
    try:
        os.lstat(place)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # whoever reads it tells why it cannot be
        return True
    return True


def _listed(stdin: TextIO) -> Iterator[Path]:
    text = stdin.read(MOST_CHARACTERS + 1)
    if len(text) > MOST_CHARACTERS:
        raise SettingsError(f"stdin names paths of more than {MOST_CHARACTERS:,} characters", hint="name their folder")
    for name in text.split("\0") if "\0" in text else re.split(r"\r?\n", text):
        if name.strip():
            yield _path(name)
