"""Recordings sorted into folders that are named after the classes that sound in them.

- :func:`from_class_folders`: a folder -> recordings with labels
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from sedpipe.io.lists.importers.findings import Findings, Folder
from sedpipe.io.lists.importers.split_folders import split_of_folders
from sedpipe.io.lists.recordings import Recording
from sedpipe.labels import one_spelling
from sedpipe.wording import counted, of_some

BACKGROUND = frozenset({"background", "_background_noise_", "negative", "negatives", "no event", "none", "nothing"})
"""Names of folders with recordings in which none of the classes sounds."""

_QUIET = frozenset(name.replace("_", " ").strip() for name in BACKGROUND)
_NUMBERED = re.compile(r"\d+\s*[-_. ]\s*(?=\D)")


def from_class_folders(folder: Folder) -> Findings | None:
    """Return each recording with the name of its folder as label; None if there are fewer than two such folders."""
    splits = split_of_folders(folder.recordings)
    level = 1 if splits.of else 0
    inside = {name: PurePosixPath(name).parts[level:-1] for name in splits.of or folder.recordings}
    loose = [name for name, folders in inside.items() if not folders]
    named = {name: folders[0] for name, folders in inside.items() if folders}
    if len(set(named.values())) < 2:
        return None
    labels = _labels(set(named.values()))
    recordings = [
        Recording(name, () if above in _quiet(named) else (labels[above],), split=splits.of.get(name, ""))
        for name, above in named.items()
    ]
    remarks = [*splits.remarks, *_remarks(loose, named, labels)]
    if folder.lists:
        remarks.append(f"{counted(len(folder.lists), 'text file')} not understood as a list of labels, and ignored")
    return Findings("recordings in folders named after their classes", tuple(recordings), tuple(remarks))


def _labels(folders: set[str]) -> dict[str, str]:
    """Return labels by folder: ``001 - Dog bark`` becomes ``Dog bark`` if all are numbered and stay different."""
    bare = {folder: _NUMBERED.sub("", folder, count=1) for folder in folders}
    is_numbered = all(_NUMBERED.match(folder) for folder in folders) and len(set(bare.values())) == len(folders)
    names = bare if is_numbered else {folder: folder for folder in folders}
    return {folder: one_spelling(name).strip().replace(";", ",") for folder, name in names.items()}


def _quiet(named: dict[str, str]) -> set[str]:
    return {folder for folder in set(named.values()) if folder.lower().replace("_", " ").strip() in _QUIET}


def _remarks(loose: list[str], named: dict[str, str], labels: dict[str, str]) -> list[str]:
    remarks = []
    if loose:
        remarks.append(f"{counted(len(loose), 'recording')} outside the folders of classes left out: {of_some(loose)}")
    for folder in sorted(_quiet(named)):
        remarks.append(f"recordings in {folder!r} are taken as recordings without any class")
    if any(labels[folder] != one_spelling(folder) for folder in labels):
        remarks.append("numbers in front of folder names are not part of the labels")
    return remarks
