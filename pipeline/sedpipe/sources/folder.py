"""Datasets of a user's own recordings.

- :class:`FolderSource`: rows from the weak and strong lists, audio converted into the store
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from sedpipe.clips import Clip, ClipFormat, clip_id_of_filename
from sedpipe.errors import AudioError, ListFormatError
from sedpipe.events import EventLists
from sedpipe.fates import Fate
from sedpipe.io.audio.store import write_flac
from sedpipe.io.audio.waveforms import read_waveform
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.lists.events import read_event_list
from sedpipe.io.lists.weak import read_weak_list
from sedpipe.io.manifests.folder import FolderManifest
from sedpipe.io.parallel import in_parallel
from sedpipe.sources.access import Access
from sedpipe.sources.source import Source, SplitRows

_FORMAT = ClipFormat()


class FolderSource(Source):
    """Clips of a folder.

    Parameters
    ----------
    manifest : FolderManifest
    cache : Dataset
    access : Access
    """

    def __init__(self, manifest: FolderManifest, cache: Dataset, access: Access) -> None:
        self._manifest = manifest
        self._cache = cache
        self._jobs = access.jobs

    def resolve(self) -> Iterator[SplitRows]:
        """Read the lists of each split."""
        for split in self._manifest.split_names:
            weak = read_weak_list(self._manifest.weak_path(split), self._manifest.label_set)
            clips = [
                Clip(clip_id_of_filename(filename), split, filename, 0.0, _FORMAT.clip_s, labels)
                for filename, labels in weak.items()
            ]
            yield SplitRows(split, len(clips), clips, self._reference(split, clips))

    def fetch(self, clips: Sequence[Clip]) -> Iterator[Fate]:
        """Convert each recording; what is longer than 10 s is cut, with a word about it."""
        convert = partial(_convert, {split: self._manifest.audio_dir(split) for split in self._manifest.split_names})
        tasks = [(clip, self._cache.audio_path(clip)) for clip in clips]
        yield from in_parallel(convert, tasks, self._jobs)

    def _reference(self, split: str, clips: Sequence[Clip]) -> EventLists | None:
        path = self._manifest.strong_path(split)
        if path is None:
            return None
        events = read_event_list(path, self._manifest.label_set)
        self._check_every_clip_has_rows(path, clips, events)
        known = {clip.clip_id for clip in clips}
        for clip_id in events:
            if clip_id not in known:
                weak = self._manifest.weak_path(split)
                raise ListFormatError(f"{path}: {clip_id!r} has events but is not listed in {weak}")
        return {clip.clip_id: events.get(clip.clip_id, []) for clip in clips}

    def _check_every_clip_has_rows(self, path: Path, clips: Sequence[Clip], events: EventLists) -> None:
        """Absent is not negative: only a clip in which nothing sounds may go without a row."""
        for clip in clips:
            if clip.labels and clip.clip_id not in events:
                raise ListFormatError(
                    f"{path}: {clip.source!r} has the weak label {clip.labels[0]!r} but no event",
                    hint="add its events, or onset and offset 0 where they are not known",
                )


def _convert(audio_dirs: dict[str, Path], task: tuple[Clip, Path]) -> Fate:
    clip, target = task
    try:
        waveform = read_waveform(audio_dirs[clip.split] / clip.source, _FORMAT.sample_rate)
    except AudioError as error:
        return Fate(clip.split, clip.clip_id, "gone", "unusable", error.message)
    write_flac(target, waveform[: _FORMAT.n_samples], _FORMAT.sample_rate)
    too_long = len(waveform) > _FORMAT.n_samples
    message = (
        f"{len(waveform) / _FORMAT.sample_rate:.1f} s long: only the first {_FORMAT.clip_s:g} s are used"
        if too_long
        else ""
    )
    return Fate(clip.split, clip.clip_id, "ok", "cut" if too_long else "", message)
