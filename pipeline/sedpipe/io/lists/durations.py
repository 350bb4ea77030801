"""Lists of the lengths of clips, as ``filename duration``.

- :func:`read_durations`: a list with or without header, with any separator -> seconds by ``clip_id``
"""

from __future__ import annotations

from pathlib import Path

from sedpipe.errors import ListFormatError
from sedpipe.io.lists.annotations import Annotation
from sedpipe.io.lists.columns import roles_of, seconds_a_unit
from sedpipe.io.lists.filenames import clip_ids_of
from sedpipe.io.lists.table_rows import Times
from sedpipe.io.lists.tables import Table, read_table
from sedpipe.io.lists.text import complaint


def read_durations(path: Path) -> dict[str, float]:
    """Read the length of each clip in seconds, by ``clip_id``.

    Raises
    ------
    ListFormatError
        If the columns are not found, a row is malformed, or a clip has two different lengths.
    """
    table = read_table(path)
    (filename, duration), unit = _columns(table)
    found: dict[str, float] = {}
    times = Times(path, (unit, unit))
    rows = [
        Annotation(path, number, cells[filename].strip(), None, "")
        for number, cells in table.rows
        if len(cells) > filename
    ]
    clip_ids = clip_ids_of(rows)
    for number, cells in table.rows:
        if len(cells) <= max(filename, duration) or any(
            cells[place].strip() for place in range(2, len(cells)) if not table.header
        ):
            raise complaint(path, number, "\t".join(cells), "2 columns: file name and seconds")
        text = cells[duration].strip()
        clip_id = clip_ids[cells[filename].strip()]
        _, seconds = times.of(number, "0", text, lasts=False)
        if seconds <= 0:
            raise complaint(path, number, text, "a length in seconds, more than 0")
        if found.setdefault(clip_id, seconds) != seconds:
            raise complaint(path, number, text, f"one length of clip {clip_id!r}, which was {found[clip_id]} before")
    return found


def _columns(table: Table) -> tuple[tuple[int, int], float]:
    """Return the indices of file name and duration, and the unit of the duration in seconds."""
    if not table.header:
        return (0, 1), 1.0
    roles = roles_of(table.header)
    places = [roles[role][0] for role in ("filename", "duration") if role in roles]
    if len(places) < 2:
        found = ", ".join(repr(name) for name in table.header)[:200]
        raise ListFormatError(f"{table.path}: found the columns {found}, expected filename and duration")
    return (places[0], places[1]), seconds_a_unit(table.header[places[1]])
