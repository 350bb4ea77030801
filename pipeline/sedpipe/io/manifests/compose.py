"""A folder dataset as text: the TOML that a person can read and change, and the lists it names.

- :func:`composed`: findings about recordings -> :class:`Composed`
- :class:`Composed`: a TOML and its lists, not yet written
- :class:`Shape`: what clips are like, and how they are split
- :func:`safe_name`: any text -> the name of a dataset
- :func:`dataset_of_list`: a list that is called as here -> the name of its dataset
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sedpipe.choices import SPLITS
from sedpipe.io.lists.cells import tab_row
from sedpipe.io.lists.recordings import Recording

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LINE_LENGTH = 120
_LIST = re.compile(rf"(.+)-({'|'.join(SPLITS)})-(weak|strong)\.tsv")


@dataclass(frozen=True)
class Shape:
    """What clips of a dataset are like, and how it is split.

    Parameters
    ----------
    clip_s : float
        Longest clip in seconds.
    sample_rate : int
        Hz.
    long : str
        What becomes of longer recordings: ``windows``, ``inherit`` or ``refuse``.
    share : float
        Of the training recordings for ``testing``, where nobody has split them.
    group : str
        What recordings belong together: as the manifest says it; empty for none.
    """

    clip_s: float
    sample_rate: int
    long: str
    share: float
    group: str = ""


@dataclass(frozen=True)
class Composed:
    """Files of a dataset.

    Parameters
    ----------
    name : str
        Of the dataset.
    toml : str
        The manifest.
    lists : dict of str to str
        Text of each list, by file name.
    """

    name: str
    toml: str
    lists: dict[str, str]


def composed(
    name: str, audio: str, labels: Sequence[str], recordings: Sequence[Recording], shape: Shape, story: str
) -> Composed:
    """The text of a dataset.

    Parameters
    ----------
    name : str
        A safe name.
    audio : str
        The folder of the recordings, as seen from the TOML.
    labels : sequence of str
        The classes.
    recordings : sequence of Recording
        Those with a word about them.
    shape : Shape
        Clips and splits.
    story : str
        How it came about, for people.
    """
    lists: dict[str, str] = {}
    is_split = any(recording.split for recording in recordings)
    tables = []
    group = [f"group = {_quoted(shape.group)}"] if shape.group else []
    for split in SPLITS if is_split else SPLITS[:1]:
        of_split = [recording for recording in recordings if recording.split == split or not is_split]
        if not of_split:
            continue
        lines = [f"[splits.{split}]", f"audio = {_quoted(audio)}"]
        for key, text in (("weak", _weak(of_split)), ("strong", _strong(of_split))):
            if text:
                file = f"{name}-{split}-{key}.tsv"
                lists[file] = text
                lines.append(f"{key} = {_quoted(file)}")
        tables.append("\n".join([*lines, *(group if is_split else [])]))
    if not is_split:
        note = ["# recordings of the same group stay together"] if shape.group else []
        tables.append("\n".join([*note, "[splits.testing]", 'from = "training"', f"share = {shape.share:g}", *group]))
    head = [
        f"name = {_quoted(name)}",
        'kind = "folder"',
        f"description = {_quoted(story)}",
        _array("labels", labels),
        "",
        "# longest clip in seconds, and rate in Hz, in which recordings are stored",
        f"clip_s = {shape.clip_s:g}",
        f"sample_rate = {shape.sample_rate}",
        "# what to do with longer recordings: windows (with events), inherit (each piece keeps the labels) or refuse",
        f"long = {_quoted(shape.long)}",
    ]
    return Composed(name, "\n\n".join(["\n".join(head), *tables]) + "\n", lists)


def safe_name(text: str) -> str:
    """As the name of a dataset may be.

    >>> safe_name("My birds, 2024/"), safe_name("...")
    ('My-birds-2024', 'recordings')
    """
    return _UNSAFE.sub("-", text).strip("-.")[:60] or "recordings"


def dataset_of_list(file: str) -> str:
    """The dataset of a list, by its name; empty where no dataset calls a list so.

    >>> dataset_of_list("birds-training-weak.tsv"), dataset_of_list("labels.tsv")
    ('birds', '')
    """
    match = _LIST.fullmatch(file)
    return match[1] if match else ""


def _weak(recordings: Sequence[Recording]) -> str:
    rows = ["filename\tevent_label"]
    for recording in recordings:
        rows += [tab_row(recording.filename, label) for label in recording.labels or [""]]
    return "\n".join(rows) + "\n"


def _strong(recordings: Sequence[Recording]) -> str:
    """Events with times; what is known to sound at a time that nobody wrote down has the times 0 and 0."""
    if not any(recording.events for recording in recordings):
        return ""
    rows = ["filename\tonset\toffset\tevent_label"]
    for recording in recordings:
        name = recording.filename
        if recording.events is None:
            rows += [tab_row(name, "0", "0", label) for label in recording.labels]
        else:
            events = [(_time(e.onset), _time(e.offset), e.label) for e in recording.events]
            rows += [tab_row(name, *cells) for cells in events or [("", "", "")]]
    return "\n".join(rows) + "\n"


def _time(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    """A basic string of TOML, which JSON's are, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _array(key: str, items: Sequence[str]) -> str:
    quoted = [_quoted(item) for item in items]
    line = f"{key} = [{', '.join(quoted)}]"
    return line if len(line) <= _LINE_LENGTH else f"{key} = [\n" + "".join(f"    {item},\n" for item in quoted) + "]"
