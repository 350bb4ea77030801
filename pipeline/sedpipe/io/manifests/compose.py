"""A folder dataset as text: the TOML, which a person can read and edit, and the lists that it names.

- :func:`composed`: labelled recordings -> :class:`Composed`
- :class:`Composed`: a TOML and its lists, not yet written
- :class:`Shape`: length and sample rate of clips, and how recordings are split
- :func:`safe_name`: any text -> a valid name of a dataset
- :func:`dataset_of_list`: file name of a list, as chosen here -> the name of its dataset
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
    """Length and sample rate of a dataset's clips, and how its recordings are split.

    Parameters
    ----------
    clip_s : float
        Longest clip in seconds.
    sample_rate : int
        Sample rate in Hz.
    long : str
        What to do with longer recordings: ``windows``, ``inherit`` or ``refuse``.
    share : float
        Share of the training recordings to draw for ``testing``, if the recordings are not split yet.
    group : str
        Rule for which recordings belong together, in the manifest's notation; empty for none.
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
        Name of the dataset.
    toml : str
        Text of the manifest.
    lists : dict of str to str
        Text of each list, by file name.
    """

    name: str
    toml: str
    lists: dict[str, str]


def composed(
    name: str, audio: str, labels: Sequence[str], recordings: Sequence[Recording], shape: Shape, story: str
) -> Composed:
    """Compose the files of a dataset.

    Parameters
    ----------
    name : str
        Name of the dataset, safe as a file name.
    audio : str
        Folder of the recordings, relative to the TOML.
    labels : sequence of str
        The classes.
    recordings : sequence of Recording
        The annotated recordings.
    shape : Shape
        Clips and splits.
    story : str
        Description of where the dataset comes from, for people.
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
    """Turn any text into a valid name of a dataset.

    >>> safe_name("My birds, 2024/"), safe_name("...")
    ('My-birds-2024', 'recordings')
    """
    return _UNSAFE.sub("-", text).strip("-.")[:60] or "recordings"


def dataset_of_list(file: str) -> str:
    """Return the dataset that a list belongs to, by the list's file name; empty if it is not named after one.

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
    """Return the list of events with times; a class known to sound at an unknown time has onset and offset 0."""
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
    """Return a basic string of TOML: the same as in JSON, except that DEL must be escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _array(key: str, items: Sequence[str]) -> str:
    quoted = [_quoted(item) for item in items]
    line = f"{key} = [{', '.join(quoted)}]"
    return line if len(line) <= _LINE_LENGTH else f"{key} = [\n" + "".join(f"    {item},\n" for item in quoted) + "]"
