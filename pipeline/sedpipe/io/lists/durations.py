"""How long clips are, as ``filename duration``.

- :func:`read_durations`: with or without header, TSV or CSV -> seconds by ``clip_id``
"""

from __future__ import annotations

from pathlib import Path

from sedpipe.io.lists.filenames import ClipNames
from sedpipe.io.lists.tables import read_table
from sedpipe.io.lists.text import as_seconds, complaint

COLUMNS = ("filename", "duration")


def read_durations(path: Path) -> dict[str, float]:
    """Seconds by ``clip_id``.

    Raises
    ------
    ListFormatError
        If a row is not what it should be, or a clip has two lengths.
    """
    found: dict[str, float] = {}
    names = ClipNames(path)
    for number, (filename, text) in read_table(path, COLUMNS):
        clip_id, seconds = names.clip_id(number, filename), as_seconds(path, number, text)
        if seconds <= 0:
            raise complaint(path, number, text, "a length in seconds, more than 0")
        if found.setdefault(clip_id, seconds) != seconds:
            raise complaint(path, number, text, f"one length of clip {clip_id!r}, which was {found[clip_id]} before")
    return found
