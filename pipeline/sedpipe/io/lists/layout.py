"""The meaning of a table's columns, found from its header or from the content of its cells.

- :func:`layout_of`: a table -> :class:`Layout`, or an error with what was found and what is needed
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sedpipe.errors import ListFormatError
from sedpipe.io.lists.annotations import Asked
from sedpipe.io.lists.columns import names_slices, roles_of, seconds_a_unit
from sedpipe.io.lists.remarks import Remark
from sedpipe.io.lists.tables import Row, Table, is_audio_name, is_number
from sedpipe.io.lists.text import complaint

_LOOKED_AT = 1000
_MOST_SHOWN = 200
_NEEDED = {
    "events": "onset, offset, event_label and, unless the list is about one recording, filename",
    "tags": "filename and event_label",
    "either": "filename and event_label, or onset, offset and event_label",
}
_HINT = (
    "a header with these names, in any order, is always understood, and so are the other usual names "
    "(start, end, label, file, Begin Time (s), ...)"
)


@dataclass(frozen=True)
class Layout:
    """Indices of columns, counted from 0; None if there is no such column.

    Parameters
    ----------
    label : int
        Column of labels.
    filename, onset, offset : int, optional
        Columns of recordings, and of times.
    selection : int, optional
        Column of the number of a Raven selection, for which a table may contain several rows.
    width : int
        Total number of columns.
    lasts : bool
        Whether the column ``offset`` contains durations.
    units : tuple of float
        Seconds per unit of onset and of offset.
    starts_anew : tuple of int, optional
        Columns of begin and end in a time that runs on from file to file, while ``onset`` is the time in each file.
    is_segments : bool
        Whether times tell which piece of a video a clip is.
    remarks : tuple of Remark
        What was guessed.
    """

    label: int
    filename: int | None = None
    onset: int | None = None
    offset: int | None = None
    selection: int | None = None
    width: int = 0
    lasts: bool = False
    units: tuple[float, float] = (1.0, 1.0)
    starts_anew: tuple[int, int] | None = None
    is_segments: bool = False
    remarks: tuple[Remark, ...] = ()

    @property
    def has_times(self) -> bool:
        """Whether rows have the times of events."""
        return self.onset is not None and not self.is_segments


def layout_of(table: Table, asked: Asked) -> Layout:
    """Find the columns of a table.

    Parameters
    ----------
    table : Table
        The list.
    asked : Asked
        Kind of content that it is read for.

    Raises
    ------
    ListFormatError
        If a column that is needed is not found, or commas are both separators and decimal marks.
    """
    if not table.rows and not table.header:
        return Layout(1, 0, width=2) if asked == "tags" else Layout(3, 0, 1, 2, width=4)
    if not table.header and table.separator == "," and asked != "tags":
        _refuse_split_decimals(table)
    layout = _by_names(table) if table.header else _by_content(table, asked)
    if layout is None or not _suffices(layout, asked):
        raise not_understood(table, asked)
    return layout


def split_decimals(path: Path, number: int, line: str) -> ListFormatError:
    """Return the error for a row whose decimal commas were taken for the commas between its cells."""
    return complaint(
        path, number, line, "times with decimal points, or decimal commas in quotes: here commas separate the cells"
    )


def _refuse_split_decimals(table: Table) -> None:
    """Raise if most rows are like ``7,250,8,500,Dog``, perhaps after a name: which commas are decimal is unknown."""
    rows = table.rows[:_LOOKED_AT]
    for place in range(3):
        halves = [
            (number, cells)
            for number, cells in rows
            if len(cells) > place + 4
            and all(cell.strip().isdecimal() for cell in cells[place : place + 4])
            and not is_number(cells[place + 4])
        ]
        is_index = place == 0 and _is_running([cells[0] for _, cells in halves])
        if len(halves) > len(rows) / 2 and not is_index:
            number, cells = halves[0]
            raise split_decimals(table.path, number, ",".join(cells))


def not_understood(table: Table, asked: Asked) -> ListFormatError:
    """Return the error with the columns that were found, those that are needed, and the first row."""
    _, first = table.rows[0] if table.rows else (0, [])
    shown = " | ".join(cell.strip() for cell in first)[:_MOST_SHOWN] or "none"
    columns = ", ".join(repr(name) for name in table.header)[:_MOST_SHOWN]
    found = f"the columns {columns}" if columns else f"{len(first)} columns without a header"
    return ListFormatError(f"{table.path}: found {found} (first row: {shown}), expected {_NEEDED[asked]}", hint=_HINT)


def _suffices(layout: Layout, asked: Asked) -> bool:
    if asked == "events":
        return layout.has_times
    if asked == "tags":
        return layout.filename is not None
    return layout.has_times or layout.filename is not None


def _by_names(table: Table) -> Layout | None:
    header, rows = table.columns, table.rows
    roles = roles_of(header)
    label = _filled(rows, roles.get("event_label", []))
    if label is None:
        return None
    files = roles.get("segment") or roles.get("filename")
    layout = Layout(
        label,
        files[0] if files else None,
        selection=roles["selection"][0] if "view" in roles and "selection" in roles else None,
        width=len(header),
        remarks=_left_aside(header, roles),
    )
    first = {role: places[0] for role, places in roles.items()}
    onset, offset, lasts = first.get("onset"), first.get("offset"), False
    if onset is None and offset is not None and "duration" in first:
        onset, offset = offset, None  # Kaleidoscope's OFFSET is where an event begins
    if offset is None and "duration" in first:
        offset, lasts = first["duration"], True
    if onset is None or offset is None:
        return layout
    if files and names_slices(header[files[0]]):
        told = f"{header[onset]!r} and {header[offset]!r} not read: they say where a slice was cut out"
        return replace(layout, remarks=(*layout.remarks, Remark(told)))
    starts_anew = None
    if "place" in first and layout.filename is not None and not lasts:
        starts_anew, onset = (onset, offset), first["place"]
    units = seconds_a_unit(header[onset]), seconds_a_unit(header[offset])
    remarks = [*layout.remarks]
    remarks += [Remark(f"{header[onset]!r} is in milliseconds")] if units[0] != 1 else []
    remarks += [Remark(f"offsets are onsets plus {header[offset]!r}")] if lasts else []
    remarks += [Remark(f"onsets are taken from {header[onset]!r}, each in its own file")] if starts_anew else []
    return replace(
        layout, onset=onset, offset=offset, lasts=lasts, units=units, starts_anew=starts_anew,
        is_segments="segment" in roles, remarks=tuple(remarks),
    )  # fmt: skip


def _filled(rows: Sequence[Row], places: Sequence[int]) -> int | None:
    """Return the first of the columns that is not empty, or the first one if all are."""
    for place in places:
        if any(place < len(cells) and cells[place].strip() for _, cells in rows):
            return place
    return places[0] if places else None


def _left_aside(header: Sequence[str], roles: dict[str, list[int]]) -> tuple[Remark, ...]:
    """Return remarks on further columns that could be onsets or offsets."""
    return tuple(
        Remark(f"{role} is taken from {header[places[0]]!r}, not from {header[places[1]]!r}")
        for role, places in roles.items()
        if role in ("onset", "offset") and len(places) > 1
    )


def _by_content(table: Table, asked: Asked) -> Layout | None:
    rows = table.rows[:_LOOKED_AT]
    pair = _place_of_times(rows)
    if pair is None:
        return _tags_by_content(table, rows) if asked != "events" else _plain_events(table, rows)
    with_times = [cells for _, cells in rows if _has_times(cells, pair)]
    filename = None if pair == 0 else 1 if pair == 2 and _is_running([cells[0] for cells in with_times]) else 0
    wanted = pair + 3
    widths = {len(cells) for cells in with_times}
    width, remarks = wanted, [_no_header(pair, filename)]
    if len(widths) == 1 and (most := widths.pop()) > wanted:
        is_joined = table.separator == "," and not all(is_number(cells[wanted]) for cells in with_times)
        if not is_joined:
            width = most
            remarks.append(Remark("columns after the label not read", "column", most - wanted))
    return Layout(pair + 2, filename, pair, pair + 1, width=width, remarks=tuple(remarks))


def _plain_events(table: Table, rows: Sequence[Row]) -> Layout | None:
    """Return the layout of rows of four cells without times: recordings without events, or malformed times."""
    if not rows or any(len(cells) in (2, 3) for _, cells in rows if "".join(cells[1:]).strip()):
        return None
    return Layout(3, 0, 1, 2, width=4, remarks=(_no_header(1, 0),))


def _tags_by_content(table: Table, rows: Sequence[Row]) -> Layout | None:
    full = [cells for _, cells in rows if len(cells) > 2]
    has_index = bool(full) and all(is_audio_name(cells[1]) for cells in full) and _is_running([c[0] for c in full])
    place = 1 if has_index else 0
    return Layout(
        place + 1, place, width=place + 2, remarks=(Remark("no header: columns taken as filename, event_label"),)
    )


def _place_of_times(rows: Sequence[Row]) -> int | None:
    """Return where most rows have two numbers before a label that is not a number, or else before anything."""
    for may_be_number in (False, True):
        counts = Counter(
            place
            for _, cells in rows
            for place in range(min(len(cells) - 2, 3))
            if _has_times(cells, place) and (may_be_number or not is_number(cells[place + 2]))
        )
        if counts:
            return max(counts, key=lambda place: (counts[place], place == 1))
    return None


def _has_times(cells: Sequence[str], place: int) -> bool:
    return len(cells) > place + 2 and is_number(cells[place]) and is_number(cells[place + 1])


def _is_running(cells: Sequence[str]) -> bool:
    """Return whether cells contain consecutive row numbers."""
    numbers = [int(cell) if cell.strip().isdecimal() else -1 for cell in cells]
    return bool(numbers) and numbers[0] >= 0 and all(b == a + 1 for a, b in itertools.pairwise(numbers))


def _no_header(pair: int, filename: int | None) -> Remark:
    before = {0: "", 1: "filename, ", 2: "a number, filename, " if filename else "filename, something else, "}[pair]
    return Remark(f"no header: columns taken as {before}onset, offset, event_label")
