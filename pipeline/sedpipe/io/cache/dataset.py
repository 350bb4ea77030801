"""Where everything that is made is stored: one folder per dataset below the cache.

- :class:`Dataset`: an open dataset: rows and paths
- :func:`audio_name`: the file name of a clip's audio
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sedpipe.choices import SPLITS
from sedpipe.clips import Clip
from sedpipe.commands import command
from sedpipe.errors import MissingStageError
from sedpipe.io.files.reading import is_there, unreadable
from sedpipe.io.lists.clips import read_clips
from sedpipe.io.records.dataset import DatasetRecord
from sedpipe.io.records.reading import find_record, write_record
from sedpipe.labels import LabelSet

_LIKE_A_FILE = re.compile(r"\.(flac)$", re.IGNORECASE)


@dataclass(frozen=True)
class Dataset:
    """An open dataset in a cache: its rows, and the paths of everything that is made from it.

    Parameters
    ----------
    root : Path
        The cache.
    name : str
        Name of the dataset, a safe folder name.
    address : str
        Name or TOML file that the user gave for it; empty for ``name``.
    """

    root: Path
    name: str
    address: str = field(default="", compare=False)

    def command(self, verb: str, *words: str) -> str:
        """Return a command about this dataset that can be copied and run; for a hint."""
        return command(verb, self.called, *words, cache=self.root)

    @property
    def called(self) -> str:
        """Name or TOML file of the dataset in commands."""
        return self.address or self.name

    @property
    def folder(self) -> Path:
        """Folder of the dataset, with everything that belongs to it."""
        return self.root / self.name

    @property
    def sources(self) -> Path:
        """Folder of archives and lists fetched for any dataset."""
        return self.root / "sources"

    @property
    def clips_path(self) -> Path:
        """List of the clips, the only place where weak labels are stored."""
        return self.folder / "clips.tsv"

    @property
    def record_path(self) -> Path:
        """Record of what the manifest was resolved to."""
        return self.folder / "dataset.json"

    @property
    def runs(self) -> Path:
        """Folder of trained systems."""
        return self.folder / "runs"

    def reference_path(self, split: str) -> Path:
        """Return the path of the strong labels of a split, which exists if they are known."""
        return self.folder / f"reference-{split}.tsv"

    def audio_dir(self, split: str) -> Path:
        """Return the folder of the audio of a split."""
        return self.folder / "audio" / split

    def audio_path(self, clip: Clip) -> Path:
        """Return the path of the audio of a clip."""
        return self.audio_dir(clip.split) / audio_name(clip.clip_id)

    def audio_names(self, split: str) -> set[str]:
        """Return the existing audio files of a split, named as by :func:`audio_name`, without unfinished ones."""
        return set(_files_below(self.audio_dir(split), ""))

    def audio_files(self, split: str) -> dict[str, tuple[int, int]]:
        """Return size and time of change (ns) of the audio files of a split, by name, without dangling links."""
        found, folder = {}, os.fspath(self.audio_dir(split))
        for name in self.audio_names(split):
            with suppress(FileNotFoundError):
                status = os.stat(os.path.join(folder, name))
                found[name] = (status.st_size, status.st_mtime_ns)
        return found

    def features_dir(self, fingerprint: str) -> Path:
        """Return the folder of the features whose parameters have this fingerprint."""
        return self.folder / "features" / fingerprint

    def write_record(self, record: DatasetRecord) -> None:
        """Write the record of what the manifest was resolved to."""
        write_record(self.record_path, record)

    def find_record(self) -> DatasetRecord | None:
        """Read what the manifest was resolved to; None before ``download``. ``SedpipeError`` if it cannot be read."""
        return find_record(self.record_path, DatasetRecord, self.remade)

    @property
    def remade(self) -> str:
        """How to restore a damaged record."""
        return f"delete it and run `{self.command('download')}`: existing audio is kept"

    def read_record(self) -> DatasetRecord:
        """Read what the manifest was resolved to; :class:`MissingStageError` before ``download``."""
        record = self.find_record()
        if record is None or not is_there(self.clips_path):
            raise MissingStageError(
                f"{self.name} is not in {self.root} yet", hint=f"run `{self.command('download')}` first"
            )
        return record

    def read_clips(self) -> dict[str, list[Clip]]:
        """Read the clips by split, in the order of ``clips.tsv``; :class:`MissingStageError` before ``download``."""
        labels = LabelSet(self.read_record().labels)
        by_split: dict[str, list[Clip]] = {split: [] for split in SPLITS}
        for clip in read_clips(self.clips_path, labels):
            by_split[clip.split].append(clip)
        return {split: clips for split, clips in by_split.items() if clips}


def _files_below(folder: Path, below: str) -> Iterator[str]:
    try:
        found = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise unreadable(folder, error) from error
    for entry in found:
        if entry.name[0] == ".":
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(folder / entry.name, f"{below}{entry.name}/")
        else:
            yield below + entry.name


def audio_name(clip_id: str) -> str:
    """Return the path of a clip's audio below the folder of its split, with ``/``.

    No two clips share a path, except ``-x`` and ``Y-x``: ``download`` rejects a dataset with both, and the names cannot
    change, since they are stored. A YouTube id gets its leading ``Y``, since no file name should start with ``-``. In a
    path, percent signs, a dot at the beginning of a name (which would hide it) and ``.flac`` at the end of a folder's
    name are percent-encoded.

    >>> audio_name("-5QrBL6MzLg_60.000_70.000"), audio_name("site 1/.monday")
    ('Y-5QrBL6MzLg_60.000_70.000.flac', 'site 1/%2Emonday.flac')
    """
    prefix = "Y" if clip_id.startswith("-") else ""
    *folders, name = clip_id.split("/")
    if not folders:
        return f"%2E/{_visible(name)}.flac" if name.startswith(".") else f"{prefix}{name}.flac"
    escaped = [_LIKE_A_FILE.sub(r"%2E\1", _visible(folder)) for folder in folders]
    return prefix + "/".join([*escaped, f"{_visible(name)}.flac"])


def _visible(name: str) -> str:
    escaped = name.replace("%", "%25")
    return f"%2E{escaped[1:]}" if escaped.startswith(".") else escaped
