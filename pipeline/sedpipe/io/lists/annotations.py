"""What a list says of recordings, row by row, before it is held against classes and clips.

- :class:`Annotation`: one row
- :class:`Annotations`: a whole list, and what had to be guessed to read it
- :data:`Asked`: what a list is asked for
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from sedpipe.io.lists.remarks import Remark

Asked: TypeAlias = Literal["events", "tags", "either"]
"""Events need times; tags are labels of whole recordings; either takes what is there."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One row of a list.

    Parameters
    ----------
    path : Path
        The list.
    line : int
        Where in it, for complaints.
    filename : str
        The recording, as the list calls it; where it names none, as the list itself is called.
    times : tuple of float, optional
        Onset and offset in seconds, ``0 <= onset <= offset``; None where the row has none.
    label : str
        As it is written, several joined in one cell among them; empty where the row only names a recording.
    """

    path: Path
    line: int
    filename: str
    times: tuple[float, float] | None
    label: str


@dataclass(frozen=True)
class Annotations:
    """A list, or the lists of a folder.

    Parameters
    ----------
    path : Path
        The file or folder.
    rows : list of Annotation
        In their order.
    names_recordings : bool
        Whether the list says which recording a row is about. Else it is about one, called as the list is.
    has_times : bool
        Whether it says when things sound.
    remarks : tuple of Remark
        What was guessed or left out.
    """

    path: Path
    rows: list[Annotation]
    names_recordings: bool
    has_times: bool
    remarks: tuple[Remark, ...] = ()
