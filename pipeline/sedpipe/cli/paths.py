"""Paths that a command is given, as arguments or on stdin.

- :func:`paths_of`: arguments -> paths; ``-`` stands for the paths on stdin
- :func:`check_there`: check that at least one of them exists
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
"""Maximum length of a list of paths: a million paths of 256 characters."""


def paths_of(places: Sequence[str], stdin: TextIO) -> tuple[Path, ...]:
    """Return the given paths, with ``-`` replaced by the paths on ``stdin``.

    Parameters
    ----------
    places : sequence of str
        Arguments of the command; a file named ``-`` is given as ``./-``.
    stdin : TextIO
        Stream with one path per line or, if it contains a NUL, paths that each end with a NUL. It is read once.

    Raises
    ------
    SettingsError
        If ``-`` is given and stdin contains no path, or far too many.
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
    """Return an argument as a path that no library takes for stdin."""
    path = Path(place)
    return path.absolute() if path == Path(STDIN) else path


def check_there(places: Sequence[Path]) -> None:
    """Refuse places none of which exists, probably a typing error, before any other check.

    If some of them exist, the others are reported later as recordings that failed.

    Raises
    ------
    SettingsError
        If none of the places exists; the message suggests what was probably meant.
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
    except OSError:  # the reason is reported when the file is read
        return True
    return True


def _listed(stdin: TextIO) -> Iterator[Path]:
    text = stdin.read(MOST_CHARACTERS + 1)
    if len(text) > MOST_CHARACTERS:
        raise SettingsError(f"stdin names paths of more than {MOST_CHARACTERS:,} characters", hint="name their folder")
    for name in text.split("\0") if "\0" in text else re.split(r"\r?\n", text):
        if name.strip():
            yield _path(name)
