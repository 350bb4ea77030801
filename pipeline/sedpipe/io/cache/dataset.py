"""Where everything that is made lies: one folder a dataset below the cache.

- :class:`Dataset`: an open dataset: rows and paths
- :func:`audio_name`: how a clip's audio is called
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
    """A dataset in a cache, open: its rows, and the paths of everything that is made of it.

    Parameters
    ----------
    root : Path
        The cache.
    name : str
        Name of the dataset, a safe folder name.
    address : str
        How a person called it, its TOML perhaps; its name where nobody did.
    """

    root: Path
    name: str
    address: str = field(default="", compare=False)

    def command(self, verb: str, *words: str) -> str:
        """A command about this dataset, which works as it stands; for a hint."""
        return command(verb, self.called, *words, cache=self.root)

    @property
    def called(self) -> str:
        """What commands call it."""
        return self.address or self.name

    @property
    def folder(self) -> Path:
        """Everything of the dataset."""
        return self.root / self.name

    @property
    def sources(self) -> Path:
        """Archives and lists fetched for any dataset."""
        return self.root / "sources"

    @property
    def clips_path(self) -> Path:
        """The only home of weak labels."""
        return self.folder / "clips.tsv"

    @property
    def record_path(self) -> Path:
        """What the manifest was resolved to."""
        return self.folder / "dataset.json"

    @property
    def runs(self) -> Path:
        """Trained systems."""
        return self.folder / "runs"

    def reference_path(self, split: str) -> Path:
        """Strong labels, where they are known."""
        return self.folder / f"reference-{split}.tsv"

    def audio_dir(self, split: str) -> Path:
        """Audio of a split."""
        return self.folder / "audio" / split

    def audio_path(self, clip: Clip) -> Path:
        """Audio of a clip."""
        return self.audio_dir(clip.split) / audio_name(clip.clip_id)

    def audio_names(self, split: str) -> set[str]:
        """Audio files of a split that are there, as :func:`audio_name` has them, unfinished ones not among them."""
        return set(_files_below(self.audio_dir(split), ""))

    def audio_files(self, split: str) -> dict[str, tuple[int, int]]:
        """Size and time of change (ns) of the audio files of a split, by name; links that lead nowhere are none."""
        found, folder = {}, os.fspath(self.audio_dir(split))
        for name in self.audio_names(split):
            with suppress(FileNotFoundError):
                status = os.stat(os.path.join(folder, name))
                found[name] = (status.st_size, status.st_mtime_ns)
        return found

    def features_dir(self, fingerprint: str) -> Path:
        """Features made with the parameters that have this fingerprint."""
        return self.folder / "features" / fingerprint

    def write_record(self, record: DatasetRecord) -> None:
        """Remember what was resolved."""
        write_record(self.record_path, record)

    def find_record(self) -> DatasetRecord | None:
        """What was resolved, or None before ``download``; ``SedpipeError`` where it cannot be read."""
        return find_record(self.record_path, DatasetRecord, self.remade)

    @property
    def remade(self) -> str:
        """How a record that is damaged comes back."""
        return f"delete it and run `{self.command('download')}`: existing audio is kept"

    def read_record(self) -> DatasetRecord:
        """What was resolved; :class:`MissingStageError` before ``download``."""
        record = self.find_record()
        if record is None or not is_there(self.clips_path):
            raise MissingStageError(
                f"{self.name} is not in {self.root} yet", hint=f"run `{self.command('download')}` first"
            )
        return record

    def read_clips(self) -> dict[str, list[Clip]]:
        """Clips by split, in the order of ``clips.tsv``; :class:`MissingStageError` before ``download``."""
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
    """Where a clip's audio lies below the folder of its split, with ``/``.

    No two clips share a place but for ``-x`` and ``Y-x``, of which ``download`` refuses the pair: the names are stored.
    A YouTube id gets its leading ``Y``, since no file name should start with ``-``. Of a path, percent signs, a dot at
    the beginning of a name (which would hide it) and ``.flac`` at the end of a folder's are written as in an address.

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
