"""Where everything that is made lies: one folder a dataset below the cache.

- :class:`Dataset`: an open dataset: rows and paths
- :class:`DatasetRecord`: what was resolved, and from which manifest
- :func:`audio_name`: how a clip's audio is called
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sedpipe.choices import SPLITS
from sedpipe.clips import DEFAULT_CLIP_S, DEFAULT_SAMPLE_RATE, Clip, ClipFormat
from sedpipe.errors import MissingStageError, SedpipeError
from sedpipe.io.files.atomic import write_json
from sedpipe.io.lists.clips import read_clips
from sedpipe.labels import LabelSet


@dataclass(frozen=True)
class DatasetRecord:
    """What ``download`` resolved a manifest to.

    Parameters
    ----------
    dataset : str
        Name.
    fingerprint : str
        Of the manifest; another one means that rows and audio were made by other rules.
    labels : tuple of str
        The classes, in the order of their indices.
    listed : dict
        Clips that the manifest lists, by split.
    clip_s : float
        Longest clip in seconds.
    sample_rate : int
        Hz, of all its audio.
    """

    dataset: str
    fingerprint: str
    labels: tuple[str, ...]
    listed: dict[str, int]
    clip_s: float = DEFAULT_CLIP_S
    sample_rate: int = DEFAULT_SAMPLE_RATE

    @property
    def clip_format(self) -> ClipFormat:
        """Length and rate as one value."""
        return ClipFormat(self.clip_s, self.sample_rate)


@dataclass(frozen=True)
class Dataset:
    """A dataset in a cache, open: its rows, and the paths of everything that is made of it.

    Parameters
    ----------
    root : Path
        The cache.
    name : str
        Name of the dataset, a safe folder name.
    """

    root: Path
    name: str

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
        """Names of the audio files of a split that are there, unfinished ones not among them."""
        try:
            return {entry.name for entry in os.scandir(self.audio_dir(split)) if entry.name[0] != "."}
        except FileNotFoundError:
            return set()

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
        write_json(self.record_path, asdict(record))

    def find_record(self) -> DatasetRecord | None:
        """What was resolved, or None before ``download``."""
        try:
            raw: dict[str, Any] = json.loads(self.record_path.read_text(encoding="utf-8"))
            return DatasetRecord(
                raw["dataset"],
                raw["fingerprint"],
                tuple(raw["labels"]),
                dict(raw["listed"]),
                # a dataset.json of the first edition says neither: its clips are of the default length and rate
                float(raw.get("clip_s", DEFAULT_CLIP_S)),
                int(raw.get("sample_rate", DEFAULT_SAMPLE_RATE)),
            )
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SedpipeError(
                f"cannot read {self.record_path}: {error}", hint=f"delete it and run `sedpipe download {self.name}`"
            ) from error

    def read_record(self) -> DatasetRecord:
        """What was resolved; :class:`MissingStageError` before ``download``."""
        record = self.find_record()
        if record is None or not self.clips_path.exists():
            raise MissingStageError(
                f"{self.name} is not in {self.root} yet", hint=f"run `sedpipe download {self.name}` first"
            )
        return record

    def read_clips(self) -> dict[str, list[Clip]]:
        """Clips by split, in the order of ``clips.tsv``; :class:`MissingStageError` before ``download``."""
        labels = LabelSet(self.read_record().labels)
        by_split: dict[str, list[Clip]] = {split: [] for split in SPLITS}
        for clip in read_clips(self.clips_path, labels):
            by_split[clip.split].append(clip)
        return {split: clips for split, clips in by_split.items() if clips}


def audio_name(clip_id: str) -> str:
    """File name of a clip's audio; a YouTube id gets its leading ``Y``, since no file name should start with ``-``.

    >>> audio_name("-5QrBL6MzLg_60.000_70.000")
    'Y-5QrBL6MzLg_60.000_70.000.flac'
    """
    prefix = "Y" if clip_id.startswith("-") else ""
    return f"{prefix}{clip_id}.flac"
