"""``clips.tsv``: every clip of a dataset with its split and weak labels, which are stored nowhere else.

- :func:`read_clips`, :func:`write_clips`: ``clip_id split source start_s end_s labels``, labels joined by ``;``
- :func:`can_be_listed`: whether a name is allowed as a ``clip_id``
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from sedpipe.choices import SPLITS
from sedpipe.clips import Clip
from sedpipe.io.files.atomic import write_text
from sedpipe.io.lists.text import as_label, as_seconds, complaint, numbered_lines
from sedpipe.labels import LabelSet

COLUMNS = ("clip_id", "split", "source", "start_s", "end_s", "labels")
_HEADER = "\t".join(COLUMNS)


def read_clips(path: Path, labels: LabelSet | None = None) -> list[Clip]:
    """Read clips, in the order of the table.

    Parameters
    ----------
    path : Path
        A table that :func:`write_clips` wrote.
    labels : LabelSet, optional
        The classes; without it, every label is accepted.

    Raises
    ------
    ListFormatError
        If a row is malformed; the error names file, line, what was found and what was expected.
    """
    lines = numbered_lines(path)
    number, header = next(lines, (1, ""))
    if header != _HEADER:
        raise complaint(path, number, header, f"the header {' '.join(COLUMNS)}, separated by tabs")
    clips: list[Clip] = []
    first_line: dict[str, int] = {}
    for number, line in lines:
        clip = _clip(path, number, line.split("\t"), labels)
        if first_line.setdefault(clip.clip_id, number) != number:
            raise complaint(path, number, clip.clip_id, f"every clip once; line {first_line[clip.clip_id]} has it too")
        clips.append(clip)
    return clips


def write_clips(path: Path, clips: Iterable[Clip]) -> None:
    """Write the table in the order of ``clips``; the same clips give the same bytes.

    Raises
    ------
    ValueError
        If a field of a clip contains a tab, a line end or NUL, the name of a clip is not allowed, a label is empty or
        contains a semicolon, or a time is not finite.
    """
    write_text(path, "\n".join([_HEADER, *(_row(clip) for clip in clips)]) + "\n")


def can_be_listed(clip_id: str) -> bool:
    """Return whether a name is a path that stays below its folder, with only characters that a table may contain."""
    return not {*"\\\t\r\n\0"} & {*clip_id} and not {"", ".", ".."} & {*clip_id.split("/")}


def _clip(path: Path, number: int, cells: list[str], labels: LabelSet | None) -> Clip:
    if len(cells) != len(COLUMNS):
        raise complaint(path, number, "\t".join(cells), f"{len(COLUMNS)} columns: {' '.join(COLUMNS)}")
    clip_id, split, source, start, end, joined = cells
    if not can_be_listed(clip_id):
        raise complaint(path, number, clip_id, "a clip_id, a path that stays below its folder")
    if split not in SPLITS:
        raise complaint(path, number, split, f"one of the splits {', '.join(SPLITS)}")
    start_s, end_s = as_seconds(path, number, start), as_seconds(path, number, end)
    if not 0 <= start_s <= end_s:
        raise complaint(path, number, f"start_s {start}, end_s {end}", "0 <= start_s <= end_s in seconds")
    return Clip(clip_id, split, source, start_s, end_s, _labels(path, number, joined, labels))


def _labels(path: Path, number: int, joined: str, labels: LabelSet | None) -> tuple[str, ...]:
    found = tuple(joined.split(";")) if joined else ()
    if labels is not None:
        for label in found:
            as_label(path, number, label, labels)
    return found


def _row(clip: Clip) -> str:
    cells = (clip.clip_id, clip.split, clip.source, _seconds(clip.start_s), _seconds(clip.end_s), ";".join(clip.labels))
    row = "\t".join(cells)
    if row.count("\t") != len(COLUMNS) - 1 or any(character in row for character in "\r\n\0"):
        raise ValueError(f"a field of clip {clip.clip_id!r} contains a tab, a line end or NUL")
    if not can_be_listed(clip.clip_id) or any(not label or ";" in label for label in clip.labels):
        raise ValueError(f"clip {clip.clip_id!r} has a name or a label that the table cannot contain")
    return row


def _seconds(value: float) -> str:
    """Format with three decimals if these are exact, else with as many as it takes to read the same number back."""
    short = f"{value:.3f}"
    if not math.isfinite(value):
        raise ValueError(f"start_s and end_s must be finite, got {value}")
    return short if float(short) == value else repr(float(value))
