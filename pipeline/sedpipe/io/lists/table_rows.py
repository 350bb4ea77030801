"""Rows of a table as annotations: times are checked, and rows without events distinguished from malformed rows.

- :func:`annotations_of`: a table -> :class:`~sedpipe.io.lists.annotations.Annotations`
- :class:`Times`: the times of one list: seconds with decimal points or decimal commas, or ``h:mm:ss``
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from sedpipe.clips import youtube_clip_id
from sedpipe.io.lists.annotations import Annotation, Annotations, Asked
from sedpipe.io.lists.layout import Layout, layout_of, split_decimals
from sedpipe.io.lists.names import recording_of_list
from sedpipe.io.lists.remarks import Remark
from sedpipe.io.lists.tables import Table, check_cells, is_audio_name, is_number
from sedpipe.io.lists.text import as_seconds, complaint

NOT_AVAILABLE = frozenset({"", "na", "n/a", "nan", "<na>", "null", "none", "-"})
"""What other programs write into an empty cell, in lower case."""

NO_LABEL = NOT_AVAILABLE - {"none", "-"}
"""Those of them that are not a label even in a row that contains nothing else about a recording."""

_DECIMAL_COMMA = re.compile(r"[+-]?\d{1,20},\d{1,40}", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):([0-5]\d(?:\.\d{1,40})?)", re.ASCII)
_NOTHING = re.compile(r"0+([.,]0*)?")


class Times:
    """Reader for the times of one list, in seconds.

    Parameters
    ----------
    path : Path
        The list, for error messages.
    units : tuple of float
        Seconds per unit of onset and of offset.
    """

    def __init__(self, path: Path, units: tuple[float, float]) -> None:
        self._path = path
        self._units = units
        self._point = ""
        self.commas = 0
        self.clocks = 0

    def of(self, number: int, onset: str, offset: str, *, lasts: bool) -> tuple[float, float]:
        """Return onset and offset in line ``number``; with ``lasts``, the second cell is a duration.

        Raises
        ------
        ListFormatError
            If a cell is not a time, the offset is before the onset, or the list has both decimal points and commas.
        """
        start, second = (
            self._seconds(number, cell, unit) for cell, unit in zip((onset, offset), self._units, strict=True)
        )
        end = start + second if lasts else second
        if end < start:
            found = f"onset {onset}, offset {offset}"
            raise complaint(self._path, number, found, "0 <= onset <= offset in seconds")
        return start, end

    def _seconds(self, number: int, cell: str, unit: float) -> float:
        if "." in cell or _DECIMAL_COMMA.fullmatch(cell.rpartition(":")[2]):
            point = "." if "." in cell else ","
            if self._point not in ("", point):
                raise complaint(self._path, number, cell, "decimal points throughout the list, or commas throughout")
            self._point = point
            self.commas += point == ","
            cell = cell.replace(",", ".") if point == "," else cell
        if clock := _CLOCK.fullmatch(cell):
            hours, minutes, seconds = (float(part or 0) for part in clock.groups())
            if clock[1] is None or minutes < 60:
                self.clocks += 1
                return as_seconds(self._path, number, repr(3600 * hours + 60 * minutes + seconds))
        return as_seconds(self._path, number, cell, unit)


def annotations_of(table: Table, asked: Asked) -> Annotations:
    """Return the annotations in a table.

    Parameters
    ----------
    table : Table
        The list.
    asked : Asked
        Kind of content that it is read for.

    Raises
    ------
    ListFormatError
        If columns are missing, or a row is malformed.
    """
    spectral = sum(cells[0].strip() == "\\" for _, cells in table.rows)
    if spectral:
        rows = [(number, cells) for number, cells in table.rows if cells[0].strip() != "\\"]
        table = Table(table.path, table.header, rows, table.separator, table.remarks)
    layout = layout_of(table, asked)
    check_cells(table.path, len(table.rows), layout.width)
    reader = _RowReader(table, layout, asked)
    rows_read = list(reader.rows())
    remarks = [*table.remarks, *layout.remarks]
    remarks += [Remark("frequency ranges not read", "line", spectral)] if spectral else []
    remarks += reader.remarks()
    has_times = layout.has_times and asked != "tags"
    return Annotations(table.path, rows_read, layout.filename is not None, has_times, tuple(remarks))


class _RowReader:
    """Reader for the rows of one table, which counts what needs a remark."""

    def __init__(self, table: Table, layout: Layout, asked: Asked) -> None:
        self._table = table
        self._layout = layout
        self._takes_times = layout.has_times and asked != "tags"
        self._times = Times(table.path, layout.units)
        self._own_name = recording_of_list(table.path.name)
        self._seen: set[tuple[str, ...]] = set()
        self._views = 0
        place = layout.filename
        self._has_suffixes = place is not None and any(
            is_audio_name(cells[place]) for _, cells in table.rows if place < len(cells)
        )

    def rows(self) -> Iterator[Annotation]:
        """Yield annotations in the order of the table."""
        for number, found in self._table.rows:
            cells = self._cells(number, found)
            filename = self._filename(number, found, cells)
            if self._is_another_view(filename, cells):
                continue
            label = cells[self._layout.label]
            if self._layout.is_segments:
                filename = self._segment(number, filename, cells)
            times = self._times_of(number, cells, label) if self._takes_times else None
            nothing = times is None and (self._takes_times or label.lower() in NO_LABEL)
            yield Annotation(self._table.path, number, filename, times, "" if nothing else label)

    def remarks(self) -> list[Remark]:
        """Return remarks on what was counted."""
        found = [
            Remark("decimal commas", "time", self._times.commas),
            Remark("read as minutes:seconds or hours:minutes:seconds", "time", self._times.clocks),
            Remark("second views of a selection left out", "row", self._views),
        ]
        return [remark for remark in found if remark.count]

    def _cells(self, number: int, found: list[str]) -> list[str]:
        """Return as many cells as there are columns; commas in a label in the last column need no quotes."""
        cells, width = found, self._layout.width
        if len(cells) > width and self._table.separator == "," and self._layout.label == width - 1:
            if self._layout.has_times and is_number(cells[width - 1]):
                raise split_decimals(self._table.path, number, ",".join(cells))
            cells = [*cells[: width - 1], ",".join(cells[width - 1 :])]
        while len(cells) > width and not cells[-1].strip():
            cells = cells[:-1]
        if len(cells) > width:
            raise complaint(self._table.path, number, "\t".join(found), f"{width} columns")
        return [cell.strip() for cell in cells] + [""] * (width - len(cells))

    def _filename(self, number: int, found: Sequence[str], cells: Sequence[str]) -> str:
        place = self._layout.filename
        if place is None:
            return self._own_name
        name = cells[place]
        if not name:
            raise complaint(
                self._table.path,
                number,
                "\t".join(cells),
                "a row that begins with a file name" if place == 0 else "a file name",
            )
        if len(found) == 1 and not is_audio_name(name) and (self._has_suffixes or " " in name):
            raise complaint(
                self._table.path, number, name,
                f"{self._layout.width} columns, or, of a recording in which nothing sounds, its file name alone",
            )  # fmt: skip
        return name

    def _is_another_view(self, filename: str, cells: Sequence[str]) -> bool:
        """Return whether a row is a further view of a selection that is known.

        Raven lists a selection once for each view that shows it; the same number with other times is from another
        table.
        """
        layout = self._layout
        if layout.selection is None:
            return False
        times = (cells[place] for place in (layout.onset, layout.offset) if place is not None)
        key = filename, cells[layout.selection], *times
        is_known = key in self._seen
        self._seen.add(key)
        self._views += is_known
        return is_known

    def _segment(self, number: int, video: str, cells: Sequence[str]) -> str:
        layout = self._layout
        assert layout.onset is not None
        assert layout.offset is not None
        start, end = self._times.of(number, cells[layout.onset], cells[layout.offset], lasts=layout.lasts)
        return youtube_clip_id(video, start, end)

    def _times_of(self, number: int, cells: Sequence[str], label: str) -> tuple[float, float] | None:
        layout = self._layout
        assert layout.onset is not None
        assert layout.offset is not None
        onset, offset = cells[layout.onset], cells[layout.offset]
        if _says_nothing(onset, offset, label):
            return None
        if layout.starts_anew is not None:
            begin, end = self._times.of(number, *(cells[place] for place in layout.starts_anew), lasts=False)
            onset_s, _ = self._times.of(number, onset, onset, lasts=False)
            return onset_s, onset_s + (end - begin)
        times = self._times.of(number, onset, offset, lasts=layout.lasts)
        if not label:
            raise complaint(self._table.path, number, label, "a label")
        return times


def _says_nothing(onset: str, offset: str, label: str) -> bool:
    """Return whether a row means that its recording was annotated and has no events."""
    if label.lower() not in NOT_AVAILABLE:
        return False
    if {onset.lower(), offset.lower()} <= NOT_AVAILABLE:
        return True
    return not label and all(_NOTHING.fullmatch(cell) for cell in (onset, offset))
