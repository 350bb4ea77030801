"""Frame probabilities of any system: a table of file, time and classes, or a folder with one table per clip.

The folder has the layout of the package sed_scores_eval, as ``sedpipe score --export-scores`` writes it: ``CLIP.tsv``
with ``onset``, ``offset`` and one column per class. A table of many clips has ``filename``, ``onset`` if it contains
times, and one column per class; ``.gz`` is decompressed.

- :func:`read_frame_tables`: a file or a folder -> :class:`FrameTables`
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sedpipe.errors import ListFormatError
from sedpipe.io.files.reading import opened, walk
from sedpipe.io.lists.cells import split_cells
from sedpipe.io.lists.text import MOST_BYTES_IN_A_LINE, MOST_BYTES_IN_A_LIST, complaint
from sedpipe.labels import LabelSet
from sedpipe.suggestions import did_you_mean

_FILE, _ONSET, _OFFSET = ("filename", "file", "clip", "audio_filename"), ("onset", "start"), ("offset", "end")
_DUST = 1e-4  # a probability may exceed 1 by rounding
_OF_MACOS = "._"  # prefix of the files that macOS writes beside each file on disks of other systems
_LATE_S = 0.0021  # times of frames are rounded to milliseconds, at both ends of a frame


@dataclass(frozen=True, eq=False)
class FrameTables:
    """Frame probabilities of clips.

    Parameters
    ----------
    labels : tuple of str
        Classes, in the order of the columns.
    probs : dict of str to ndarray [shape=(T, K)]
        Frame probabilities, by name of the clip.
    onsets : dict of str to ndarray [shape=(T,)]
        Onsets of frames in seconds, by name of the clip; empty without a column of onsets.
    ends : dict of str to float
        End of the last frame in seconds, by name of the clip; empty without a column of offsets.
    """

    labels: tuple[str, ...]
    probs: dict[str, np.ndarray]
    onsets: dict[str, np.ndarray]
    ends: dict[str, float]

    def frame_period(self, duration: float | None) -> float:
        """Return the seconds from one frame to the next, taken from the clip with the most frames.

        Raises
        ------
        ValueError
            If the columns do not determine the length of a frame and no ``duration`` of all clips is given, or frames
            are not evenly spaced.
        """
        longest = max(self.probs, key=lambda clip: len(self.probs[clip]))
        n_frames = len(self.probs[longest])
        if not self.onsets:
            if duration is None:
                raise ValueError("it has no column onset: give the length of the clips with --duration")
            return duration / n_frames
        if n_frames > 1:
            period = float(self.onsets[longest][-1]) / (n_frames - 1)
        elif (whole := self.ends.get(longest, duration)) is None:
            raise ValueError("its clips have a single frame: give their length with --duration")
        else:
            period = whole
        if not period > 0:
            raise ValueError(f"the frames of {longest!r} are not in order of time")
        for clip, own in self.onsets.items():
            off = np.abs(own - period * np.arange(len(own)))
            if off.max() > _LATE_S + period * 0.01:
                late = int(off.argmax())
                raise ValueError(
                    f"frame {late + 1} of {clip!r} begins at {own[late]:g} s, expected {period * late:g} s"
                )
        return period


def read_frame_tables(path: Path) -> FrameTables:
    """Read a table, or all tables of a folder.

    Raises
    ------
    ListFormatError
        If there is no table, or one cannot be read, has no header, has other columns than the rest or clips that
        another table has, too, or contains a cell that is not a probability or a time.
    """
    if not path.is_dir():
        return _together(path, [_read(path, None)])
    found = (Path(where, name) for where, _, names in walk(path) for name in names)
    files = sorted(file for file in found if file.suffix == ".tsv" and not file.name.startswith(_OF_MACOS))
    if not files:
        raise ListFormatError(f"{path} holds no .tsv", hint="sed_scores_eval and --export-scores write one per clip")
    return _together(path, [_read(file, file.relative_to(path).with_suffix("").as_posix()) for file in files])


def _together(path: Path, tables: list[FrameTables]) -> FrameTables:
    first = tables[0]
    probs: dict[str, np.ndarray] = {}
    for table in tables:
        if table.labels != first.labels or bool(table.onsets) != bool(first.onsets):
            raise ListFormatError(f"{path}: its tables have different columns")
        if twice := probs.keys() & table.probs.keys():
            raise ListFormatError(f"{path}: several of its tables have frames of {min(twice)!r}")
        probs.update(table.probs)
    onsets = {clip: times for table in tables for clip, times in table.onsets.items()}
    return FrameTables(first.labels, probs, onsets, {clip: end for table in tables for clip, end in table.ends.items()})


def _read(path: Path, clip: str | None) -> FrameTables:
    lines = _lines(path)
    header = next(lines, (1, ""))[1]
    mark = "\t" if "\t" in header else ";" if ";" in header else ","
    names = [name.strip() for name in _cells(path, 1, header, mark)]
    roles = [_role(name) for name in names]
    if any(_is_number(name) for name in names) or len(names) < 2:
        shown = header[:60]
        raise ListFormatError(
            f"{path} begins with {shown!r}, expected a header: filename, onset and one column per class",
            hint="the header must name the class of each column",
        )
    if clip is None and "file" not in roles:
        meant = did_you_mean(names[0], _FILE)
        raise ListFormatError(f"{path} has no column filename, so its frames cannot be assigned to clips{meant}")
    classes = [place for place, role in enumerate(roles) if role == "class"]
    try:
        LabelSet(tuple(names[place] for place in classes))
    except ValueError as error:
        raise ListFormatError(f"{path} has one column per class: {error}") from error
    rows: dict[str, list[list[float]]] = {}
    onsets: dict[str, list[float]] = {}
    ends: dict[str, float] = {}
    for number, line in lines:
        cells = _cells(path, number, line, mark)
        if len(cells) != len(names):
            raise complaint(path, number, f"{len(cells)} cells", f"{len(names)}, as in the header")
        whose = cells[roles.index("file")].strip() if "file" in roles else str(clip)
        rows.setdefault(whose, []).append([_number(path, number, cells[place], 1 + _DUST) for place in classes])
        if "onset" in roles:
            onsets.setdefault(whose, []).append(_number(path, number, cells[roles.index("onset")]))
        if "offset" in roles:
            ends[whose] = max(ends.get(whose, 0.0), _number(path, number, cells[roles.index("offset")]))
    if not rows:
        raise ListFormatError(f"{path} has no frames")
    return FrameTables(
        tuple(names[place] for place in classes),
        {whose: np.minimum(np.array(values), 1.0) for whose, values in rows.items()},
        {whose: np.array(times) for whose, times in onsets.items()},
        ends,
    )


def _cells(path: Path, number: int, line: str, mark: str) -> list[str]:
    cells = split_cells(line, mark)
    if cells is None:
        raise complaint(path, number, line, "a quote that ends where its cell ends")
    return cells


def _role(name: str) -> str:
    small = name.lower()
    return next(
        (role for role, known in (("file", _FILE), ("onset", _ONSET), ("offset", _OFFSET)) if small in known), "class"
    )


def _number(path: Path, number: int, cell: str, most: float = math.inf) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not 0 <= value <= most or math.isinf(value):
        expected = "seconds" if math.isinf(most) else "a probability from 0 to 1"
        raise complaint(path, number, cell, expected)
    return value


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers, within size limits, decompressed if needed."""
    size = 0
    try:
        with opened(path) as file, gzip.open(file) if path.suffix == ".gz" else file as reader:
            for number, raw in enumerate(iter(lambda: reader.readline(MOST_BYTES_IN_A_LINE + 1), b""), start=1):
                size += len(raw)
                if len(raw) > MOST_BYTES_IN_A_LINE or size > 4 * MOST_BYTES_IN_A_LIST:
                    raise ListFormatError(f"{path}:{number}: too long to be a table of frames")
                line = raw.decode("utf-8-sig").rstrip("\r\n")
                if line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ListFormatError(f"cannot read {path}: {error}") from error
