"""The lists of DCASE 2017 Task 4, as the organisers wrote them.

- :func:`read_clip_list`: ``id,start,end,labels,Audio Set ids``; labels may contain commas, with or without quotes
- :func:`read_dcase_weak_list`: ``<id>_<start>_<end>.wav start end label``, one row per label
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sedpipe.clips import Clip, clip_id_of_filename, youtube_clip_id
from sedpipe.io.lists.text import as_label, as_seconds, complaint, numbered_lines
from sedpipe.labels import LabelSet, UnknownLabelError

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_CLIP_ID = re.compile(r"(?P<video>[A-Za-z0-9_-]{11})_(?P<start>\d{1,6}\.\d{3})_(?P<end>\d{1,6}\.\d{3})")


def read_clip_list(path: Path, split: str, label_of_mid: Mapping[str, str]) -> list[Clip]:
    """Read clips, in the order of the list.

    The Audio Set ids at the end of a line decide which classes sound. The label text must agree with them; it is not
    used by itself, since "Train horn,Air horn, truck horn,Train" is in quotes in some lines and without in others.

    Parameters
    ----------
    path : Path
        The list, without header.
    split : str
        Split that its clips belong to.
    label_of_mid : mapping of str to str
        Labels by Audio Set id.

    Raises
    ------
    ListFormatError
        If a line is malformed, a clip is listed twice, or its labels and ids disagree.
    """
    clips: list[Clip] = []
    first_line: dict[str, int] = {}
    for number, line in numbered_lines(path):
        clip = _clip(path, number, line, split, label_of_mid)
        if first_line.setdefault(clip.clip_id, number) != number:
            raise complaint(path, number, clip.clip_id, f"every clip once; line {first_line[clip.clip_id]} has it too")
        clips.append(clip)
    return clips


def read_dcase_weak_list(path: Path, split: str, labels: LabelSet) -> list[Clip]:
    """Read clips, in the order of the list, and join the rows of one clip.

    The file name tells which piece of which video a clip is.

    Raises
    ------
    ListFormatError
        If a line is malformed, or its label is unknown.
    """
    found: dict[str, list[str]] = {}
    for number, line in numbered_lines(path):
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != 4:
            raise complaint(path, number, line, "4 columns separated by tabs: file name, start, end, label")
        clip_id = _checked_clip_id(path, number, cells[0])
        of_clip = found.setdefault(clip_id, [])
        if as_label(path, number, cells[3], labels) not in of_clip:
            of_clip.append(cells[3])
    return [_clip_of(clip_id, split, tuple(of_clip)) for clip_id, of_clip in found.items()]


def _clip(path: Path, number: int, line: str, split: str, label_of_mid: Mapping[str, str]) -> Clip:
    cells = line.split(",", 3)
    if len(cells) != 4:
        raise complaint(path, number, line, "id,start,end,labels,Audio Set ids")
    video_id, start_s, end_s = cells[0], as_seconds(path, number, cells[1]), as_seconds(path, number, cells[2])
    if not _VIDEO_ID.fullmatch(video_id):
        raise complaint(path, number, video_id, "a YouTube id of 11 characters")
    if not 0 <= start_s < end_s:
        raise complaint(path, number, f"start {cells[1]}, end {cells[2]}", "0 <= start < end in seconds")
    text, mids = _text_and_mids(cells[3])
    labels = tuple(dict.fromkeys(_label(path, number, mid, label_of_mid) for mid in mids))
    if not labels:
        raise complaint(path, number, line, "Audio Set ids like /m/07jdr at the end of the line")
    if text != ",".join(labels) and not _same_labels(text, labels, label_of_mid):
        raise complaint(path, number, text, f"the labels that the line's Audio Set ids stand for, {', '.join(labels)}")
    return Clip(youtube_clip_id(video_id, start_s, end_s), split, video_id, start_s, end_s, labels)


def _text_and_mids(cells: str) -> tuple[str, list[str]]:
    """Split ``labels,ids``, each with or without quotes: ids are the pieces at the end that begin with ``/``."""
    pieces = cells.split(",")
    n_text = len(pieces)
    while n_text and pieces[n_text - 1].strip().lstrip('"').startswith("/"):
        n_text -= 1
    return ",".join(pieces[:n_text]).strip().strip('"'), [piece.strip().strip('"') for piece in pieces[n_text:]]


def _label(path: Path, number: int, mid: str, label_of_mid: Mapping[str, str]) -> str:
    label = label_of_mid.get(mid)
    if label is None:
        raise complaint(path, number, mid, f"one of the {len(label_of_mid)} Audio Set ids of the manifest")
    return label


def _same_labels(text: str, labels: tuple[str, ...], label_of_mid: Mapping[str, str]) -> bool:
    try:
        return set(LabelSet(tuple(label_of_mid.values())).split(text)) == set(labels)
    except UnknownLabelError:
        return False


def _checked_clip_id(path: Path, number: int, filename: str) -> str:
    clip_id = clip_id_of_filename(filename)
    match = _CLIP_ID.fullmatch(clip_id)
    if match is None or "/" in filename or "\\" in filename or float(match["start"]) >= float(match["end"]):
        raise complaint(path, number, filename, "<YouTube id>_<start>_<end>.wav with three decimals, start < end")
    return clip_id


def _clip_of(clip_id: str, split: str, labels: tuple[str, ...]) -> Clip:
    match = _CLIP_ID.fullmatch(clip_id)
    assert match is not None  # _checked_clip_id has checked it
    return Clip(clip_id, split, match["video"], float(match["start"]), float(match["end"]), labels)
