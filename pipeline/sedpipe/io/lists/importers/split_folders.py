"""Folders named ``train``, ``val``, ``test`` and the like: the splits of whoever sorted the recordings.

- :func:`split_of_folders`: names of recordings -> :class:`FolderSplits`
- :class:`FolderSplits`: the split of each recording, those outside the folders, and remarks
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from sedpipe.wording import counted, of_some

_SPLITS = {
    "train": "training", "training": "training", "tr": "training",
    "val": "testing", "valid": "testing", "validation": "testing", "dev": "testing", "development": "testing",
    "test": "evaluation", "testing": "evaluation", "eval": "evaluation", "evaluation": "evaluation",
}  # fmt: skip
_DEVELOPMENT = ("dev", "development")


@dataclass(frozen=True)
class FolderSplits:
    """Splits according to the folders at the top.

    Parameters
    ----------
    of : mapping of str to str
        Split by recording; an empty string if all folders are for training and ``testing`` is still to be drawn. No
        entries if the folders are not splits.
    left_out : tuple of str
        Recordings outside the folders, whose split is unknown.
    remarks : tuple of str
        What was guessed or left out, in sentences.
    """

    of: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def split_of_folders(filenames: Iterable[str]) -> FolderSplits:
    """Return the splits of recordings, most of which are in folders named train, val, test and the like.

    If there is no validation folder, the test folder is ``testing``, on which thresholds are chosen; if there is no
    training folder, the development set is ``training``, as in DCASE's challenges.

    >>> split_of_folders(["train/a.wav", "Test/b.wav", "demo.wav"]).of
    {'train/a.wav': 'training', 'Test/b.wav': 'testing'}
    >>> split_of_folders(["train/a.wav", "b.wav"]).of
    {}
    """
    names = list(filenames)
    top = {name: PurePosixPath(name).parts[0] for name in names if "/" in name}
    folders = {name: folder for name, folder in top.items() if folder.lower() in _SPLITS}
    if not folders:
        return FolderSplits()
    counts, split_of = Counter(folders.values()), _splits(set(folders.values()))
    kinds, left_out = set(split_of.values()), tuple(name for name in names if name not in folders)
    if "training" not in kinds:
        return _unused("none is for training", counts)
    if kinds == {"training"} and left_out:  # perhaps a class: the sound of trains
        return _unused("all are for training", counts)
    if 2 * len(folders) <= len(names):
        return _unused(f"they hold {len(folders):,} of {counted(len(names), 'recording')}", counts)
    told = ", ".join(f"{folder!r} as {split_of[folder]} ({count:,})" for folder, count in counts.items())
    remarks = [f"folders taken as splits: {told}"]
    if left_out:
        n_left = counted(len(left_out), "recording")
        remarks.append(f"{n_left} outside the folders of splits left out: {of_some(left_out)}")
    is_split = len(kinds) > 1
    splits = {name: split_of[folder] if is_split else "" for name, folder in folders.items()}
    return FolderSplits(splits, left_out, tuple(remarks))


def _splits(folders: Collection[str]) -> dict[str, str]:
    split_of = {folder: _SPLITS[folder.lower()] for folder in folders}
    if "training" not in split_of.values():
        split_of |= {folder: "training" for folder in folders if folder.lower() in _DEVELOPMENT}
    if "testing" not in split_of.values():
        split_of = {folder: "testing" if split == "evaluation" else split for folder, split in split_of.items()}
    return split_of


def _unused(why: str, counts: Mapping[str, int]) -> FolderSplits:
    told = ", ".join(f"{folder!r} ({count:,})" for folder, count in counts.items())
    return FolderSplits(remarks=(f"folders not taken as splits, since {why}: {told}",))
