"""Datasets of pieces of YouTube videos: rows from the public lists, audio from what the user has.

- :class:`YoutubeSource`: lists looked for in the user's places first, then fetched
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.clips import Clip, clip_id_of_filename
from pipeline.errors import AudioError, SedpipeError
from pipeline.fates import Fate
from pipeline.io.audio import read_waveform, write_flac
from pipeline.io.cache import DatasetCache
from pipeline.io.checksums import sha256_of
from pipeline.io.fetch import fetch_file
from pipeline.io.lists.dcase import read_clip_list, read_dcase_weak_list
from pipeline.io.lists.events import read_event_list
from pipeline.io.manifests.youtube import RemoteList, YoutubeManifest
from pipeline.io.parallel import in_parallel
from pipeline.soundscapes.mixer import N_SAMPLES, SAMPLE_RATE
from pipeline.sources.source import SplitRows

SHORTEST_S = 1.0
"""Less than this of a clip is not worth keeping."""


class YoutubeSource:
    """Clips of videos.

    Parameters
    ----------
    manifest : YoutubeManifest
    cache : DatasetCache
    places : sequence of str
        Folders with lists or audio that the user has.
    jobs : int
        Worker processes.
    """

    def __init__(self, manifest: YoutubeManifest, cache: DatasetCache, places: Sequence[str], jobs: int) -> None:
        self._manifest = manifest
        self._cache = cache
        self._jobs = jobs
        for place in places:
            if not Path(place).is_dir():
                raise SedpipeError(f"--from {place}: there is no such folder")
        self._files = [path for place in places for path in sorted(Path(place).rglob("*")) if path.is_file()]

    def resolve(self) -> Iterator[SplitRows]:
        """Read the official lists of each split; one that cannot be had makes its split unavailable."""
        for split in self._manifest.split_names:
            try:
                lists = {remote.role: self._list_path(remote) for remote in self._manifest.lists_of(split)}
            except SedpipeError as error:
                yield SplitRows(split, 0, (), notes=(f"{split} is unavailable: {error.message}",))
                continue
            clips = self._clips(split, lists)
            reference = None
            if "strong" in lists:
                events = read_event_list(lists["strong"], self._manifest.label_set)
                reference = {clip.clip_id: events.get(clip.clip_id, []) for clip in clips}
            yield SplitRows(split, len(clips), clips, reference)

    def fetch(self, clips: Sequence[Clip]) -> Iterator[Fate]:
        """Adopt the audio that the user has; the rest stays pending."""
        recordings = {clip_id_of_filename(path.name): path for path in self._files}
        found = [clip for clip in clips if clip.clip_id in recordings]
        tasks = [(clip, recordings[clip.clip_id], self._cache.audio_path(clip)) for clip in found]
        yield from in_parallel(_adopt, tasks, self._jobs)
        for clip in clips:
            if clip.clip_id not in recordings:
                yield Fate(clip.split, clip.clip_id, "pending", "no audio of it was found in the places of --from")

    def _clips(self, split: str, lists: dict[str, Path]) -> list[Clip]:
        if "clips" in lists:
            return read_clip_list(lists["clips"], split, self._manifest.label_of_mid)
        return read_dcase_weak_list(lists["weak"], split, self._manifest.label_set)

    def _list_path(self, remote: RemoteList) -> Path:
        """The list where the user has it (recognised by name and checksum), else fetched."""
        for path in self._files:
            if path.name == remote.file_name and sha256_of(path) == remote.sha256:
                return path
        return fetch_file(remote.url, self._cache.sources / self._manifest.name / remote.file_name, remote.sha256)


def _adopt(task: tuple[Clip, Path, Path]) -> Fate:
    clip, recording, target = task
    try:
        waveform = read_waveform(recording, SAMPLE_RATE)
    except AudioError as error:
        return Fate(clip.split, clip.clip_id, "gone", error.message)
    if len(waveform) < SHORTEST_S * SAMPLE_RATE:
        return Fate(clip.split, clip.clip_id, "gone", f"{recording}: shorter than {SHORTEST_S:g} s")
    write_flac(target, waveform[:N_SAMPLES], SAMPLE_RATE)
    return Fate(clip.split, clip.clip_id, "ok")
