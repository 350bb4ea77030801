"""Rows of a list as they were read, before they are checked against classes and clips.

- :class:`Annotation`: one row
- :class:`Annotations`: a whole list, with remarks on what had to be guessed to read it
- :data:`Asked`: the kind of content that a list is read for
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from sedpipe.io.lists.remarks import Remark

Asked: TypeAlias = Literal["events", "tags", "either"]
"""Kind of content: ``events`` need times; ``tags`` are labels of whole recordings; ``either`` takes what is there."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One row of a list.

    Parameters
    ----------
    path : Path
        The list.
    line : int
        Line number, for error messages.
    filename : str
        The recording, as the list names it; if the list names none, the name derived from that of the list.
    times : tuple of float, optional
        Onset and offset in seconds, ``0 <= onset <= offset``; None if the row has no times.
    label : str
        Label as written, possibly several joined in one cell; empty if the row only names a recording.
    """

    path: Path
    line: int
    filename: str
    times: tuple[float, float] | None
    label: str


@dataclass(frozen=True)
class Annotations:
    """Rows of a list, or of all lists in a folder.

    Parameters
    ----------
    path : Path
        The file or folder.
    rows : list of Annotation
        Rows, in the order of the list.
    names_recordings : bool
        Whether rows name their recording. Otherwise all are about one recording, with the same name as the list.
    has_times : bool
        Whether the list has times of events.
    remarks : tuple of Remark
        What was guessed or left out.
    """

    path: Path
    rows: list[Annotation]
    names_recordings: bool
    has_times: bool
    remarks: tuple[Remark, ...] = ()
