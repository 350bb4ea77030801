"""``sedpipe download``: a manifest -> rows, truth where it is known, and the audio of each clip.

- :func:`download`: resolve, write the rows, get what is missing
- :func:`open_source`: the source of a manifest
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.clips import Clip
from pipeline.errors import SedpipeError
from pipeline.fates import STATES, Fate
from pipeline.io.atomic import remove_leftovers, write_text
from pipeline.io.cache import DatasetCache, DatasetRecord
from pipeline.io.lists.clips import write_clips
from pipeline.io.lists.events import write_event_list
from pipeline.io.manifests.folder import FolderManifest
from pipeline.io.manifests.load import AnyManifest
from pipeline.io.manifests.mixtures import MixtureManifest
from pipeline.io.manifests.youtube import YoutubeManifest
from pipeline.io.recordings import RecordingShelf, open_shelf
from pipeline.sources.folder import FolderSource
from pipeline.sources.mixtures import MixtureSource
from pipeline.sources.source import Source, SplitRows
from pipeline.sources.youtube import YoutubeSource
from pipeline.stages.progress import Listener


@dataclass(frozen=True)
class DownloadReport:
    """What ``--json`` prints of a download; ``splits`` counts clips by state."""

    dataset: str
    splits: dict[str, dict[str, int]]
    seconds: float
    stage: str = field(default="download")


def download(
    manifest: AnyManifest,
    cache_dir: Path,
    places: Sequence[str] = (),
    *,
    jobs: int = 1,
    dry_run: bool = False,
    listener: Listener | None = None,
) -> DownloadReport:
    """Bring rows and audio of a dataset into the cache; run again, only what is missing is made.

    Parameters
    ----------
    manifest : AnyManifest
        The dataset.
    cache_dir : Path
        The cache.
    places : sequence of str
        Where to look first: folders, archives, addresses.
    jobs : int
        Worker processes.
    dry_run : bool
        Count what is listed and touch no audio.
    listener : Listener, optional
        Hears of progress.

    Raises
    ------
    SedpipeError
        If lists or archives cannot be had, or the cache cannot be written.
    """
    started, listener = time.monotonic(), listener or Listener()
    cache = DatasetCache(cache_dir, manifest.name)
    if dry_run:
        return DownloadReport(manifest.name, _listed_only(manifest, cache, places), time.monotonic() - started)
    done = _already_there(manifest, cache)
    if done is not None:
        return DownloadReport(manifest.name, done, time.monotonic() - started)
    source = open_source(manifest, cache, places, jobs)
    _forget_other_rules(manifest, cache, listener)
    resolved = _resolve(source, cache, listener)
    _write_rows(manifest, cache, resolved)
    fates = _fetch(source, cache, resolved, listener)
    _write_problems(cache, fates)
    return DownloadReport(manifest.name, _counts(resolved, fates), time.monotonic() - started)


def open_source(manifest: AnyManifest, cache: DatasetCache, places: Sequence[str], jobs: int) -> Source:
    """The source that knows this kind of dataset."""
    if isinstance(manifest, FolderManifest):
        return FolderSource(manifest, cache, jobs)
    if isinstance(manifest, MixtureManifest):
        return MixtureSource(manifest, cache, _shelf(manifest, cache, places), jobs)
    return YoutubeSource(manifest, cache, places, jobs)


def _shelf(manifest: MixtureManifest, cache: DatasetCache, places: Sequence[str]) -> RecordingShelf | None:
    if manifest.recordings is None:
        return None
    names = [name for split in manifest.split_names for of_class in manifest.recordings_of(split) for name in of_class]
    return open_shelf(names, manifest.checksum_of, manifest.recordings.archive, places, cache.sources)


def _listed_only(manifest: AnyManifest, cache: DatasetCache, places: Sequence[str]) -> dict[str, dict[str, int]]:
    if isinstance(manifest, MixtureManifest):  # its splits say how many clips they hold; nothing need be read
        return {split: {"listed": manifest.splits[split].clips} for split in manifest.split_names}
    rows = open_source(manifest, cache, places, jobs=1).resolve()
    return {resolved.split: {"listed": resolved.listed} for resolved in rows}


def _already_there(manifest: AnyManifest, cache: DatasetCache) -> dict[str, dict[str, int]] | None:
    """Counts if every listed clip has its row and its audio, by the rules of this very manifest."""
    record = cache.find_record()
    if record is None or record.fingerprint != manifest.fingerprint or not record.listed:
        return None
    if not (cache.clips_path.exists() and cache.problems_path.exists()):
        return None
    by_split = cache.read_clips()
    for split, listed in record.listed.items():
        there = [clip for clip in by_split.get(split, []) if cache.audio_path(clip).exists()]
        if listed == 0 or len(there) != listed:
            return None
        if manifest.has_truth(split) and not cache.reference_path(split).exists():
            return None
    return {split: _row(listed, Counter(ok=listed)) for split, listed in record.listed.items()}


def _forget_other_rules(manifest: AnyManifest, cache: DatasetCache, listener: Listener) -> None:
    """Drop what was made by another manifest of this name, before any of this one is made."""
    record = cache.find_record()
    if record is not None and record.fingerprint == manifest.fingerprint:
        return
    if record is not None and isinstance(manifest, YoutubeManifest):  # a video's piece is what its name says
        listener.say(f"{manifest.name} has changed: its lists are read anew, its audio is kept")
    elif record is not None:
        listener.say(f"{manifest.name} has changed since its audio was made: making it anew")
        _remove(cache.folder / "audio")
    if record is not None:
        cache.clips_path.unlink(missing_ok=True)
        cache.problems_path.unlink(missing_ok=True)
    cache.write_record(DatasetRecord(manifest.name, manifest.fingerprint, manifest.labels, {}))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise SedpipeError(f"cannot delete {folder}", hint="delete it yourself, or name another place with --cache")


def _resolve(source: Source, cache: DatasetCache, listener: Listener) -> list[SplitRows]:
    resolved = []
    for rows in source.resolve():
        for note in rows.notes:
            listener.say(note)
        resolved.append(rows)
    if not any(rows.clips for rows in resolved):
        notes = "; ".join(note for rows in resolved for note in rows.notes) or "its lists are empty"
        raise SedpipeError(
            f"{cache.dataset}: no clip can be made ({notes})", hint="name a place that has it with --from"
        )
    _check_names(cache, resolved)
    return resolved


def _check_names(cache: DatasetCache, resolved: Iterable[SplitRows]) -> None:
    """Rows, audio and events are joined by ``clip_id``, so no two splits may share one."""
    split_of: dict[str, str] = {}
    for rows in resolved:
        for clip in rows.clips:
            if split_of.setdefault(clip.clip_id, rows.split) != rows.split:
                raise SedpipeError(
                    f"{cache.dataset}: clip {clip.clip_id!r} is listed in {split_of[clip.clip_id]} and in {rows.split}",
                    hint="a clip is called as its file, without folder and extension; give one of them another name",
                )


def _write_rows(manifest: AnyManifest, cache: DatasetCache, resolved: Iterable[SplitRows]) -> None:
    resolved = list(resolved)
    write_clips(cache.clips_path, [clip for rows in resolved for clip in rows.clips])
    for rows in resolved:
        if rows.reference is not None:
            write_event_list(cache.reference_path(rows.split), rows.reference, [clip.clip_id for clip in rows.clips])
        else:
            cache.reference_path(rows.split).unlink(missing_ok=True)
    listed = {rows.split: rows.listed for rows in resolved}
    cache.write_record(DatasetRecord(manifest.name, manifest.fingerprint, manifest.labels, listed))


def _fetch(source: Source, cache: DatasetCache, resolved: Iterable[SplitRows], listener: Listener) -> list[Fate]:
    """Fates of all clips: those with audio already, those dropped, those that are fetched now."""
    fates: list[Fate] = []
    missing: list[Clip] = []
    remarks = _remarks(cache)
    remove_leftovers(cache.folder, *(cache.folder / "audio").glob("*"))
    for rows in resolved:
        fates += rows.dropped
        for clip in rows.clips:
            if cache.audio_path(clip).exists():
                fates.append(Fate(clip.split, clip.clip_id, "ok", remarks.get((clip.split, clip.clip_id), "")))
            else:
                missing.append(clip)
    fates += listener.track(source.fetch(missing), len(missing), "clips")
    return fates


def _remarks(cache: DatasetCache) -> dict[tuple[str, str], str]:
    """What was said, when it was made, about audio that is there."""
    if not cache.problems_path.exists():
        return {}
    rows = [line.split("\t", 3) for line in cache.problems_path.read_text(encoding="utf-8").split("\n") if line]
    return {(row[0], row[1]): row[3] for row in rows if len(row) == 4 and row[2] == "ok"}


def _write_problems(cache: DatasetCache, fates: Iterable[Fate]) -> None:
    """A row for each clip about which there is something to say."""
    problems = sorted((fate for fate in fates if fate.reason), key=lambda fate: (fate.split, fate.clip_id))
    lines = ["split\tclip_id\tstate\treason\n"]
    lines += [f"{fate.split}\t{fate.clip_id}\t{fate.state}\t{' '.join(fate.reason.split())}\n" for fate in problems]
    write_text(cache.problems_path, "".join(lines))


def _counts(resolved: Iterable[SplitRows], fates: Iterable[Fate]) -> dict[str, dict[str, int]]:
    states: dict[str, Counter[str]] = {}
    for fate in fates:
        states.setdefault(fate.split, Counter())[fate.state] += 1
    return {rows.split: _row(rows.listed, states.get(rows.split, Counter())) for rows in resolved}


def _row(listed: int, states: Counter[str]) -> dict[str, int]:
    counts = {"listed": listed, **{state: states[state] for state in STATES}}
    counts["pending"] = listed - sum(states[state] for state in STATES if state != "pending")
    return counts
