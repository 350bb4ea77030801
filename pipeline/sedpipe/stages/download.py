"""``sedpipe download``: a manifest -> table of clips, reference events where they are known, and audio of each clip.

- :func:`download`: resolve the lists, write the table of clips, get missing audio
- :class:`DownloadOptions`: which clips to try, and how to use the network
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sedpipe.choices import SPLITS, TUNED_ON
from sedpipe.clips import Clip, ClipFormat
from sedpipe.errors import SedpipeError
from sedpipe.io.cache.dataset import Dataset, audio_name
from sedpipe.io.cache.ledger import Entry, Key, Ledger, is_due, read_ledgers
from sedpipe.io.files.atomic import remove_leftovers
from sedpipe.io.files.locks import wait_for
from sedpipe.io.files.one_place import sharing
from sedpipe.io.files.reading import is_there
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.lists.events import write_event_list
from sedpipe.io.manifests.form import Manifest
from sedpipe.io.records.dataset import DatasetRecord
from sedpipe.listener import Listener
from sedpipe.reports.data import DownloadReport
from sedpipe.shards import Shard
from sedpipe.sources.access import Access, FetchOptions
from sedpipe.sources.open import open_source
from sedpipe.sources.source import FetchStoppedError, Source, SplitRows
from sedpipe.steps.tally import Listed, tally
from sedpipe.wording import counted

_ROWS_LOCK = "rows.lock"


@dataclass(frozen=True)
class DownloadOptions:
    """The clips to try, and how to use the network.

    Parameters
    ----------
    retry : tuple of str
        Settled states, from ``RETRY``, whose clips are tried again all the same.
    limit : int, optional
        Maximum number of clips to fetch this time; clips that the user already has do not count.
    shard : Shard, optional
        Part of the clips that this process handles; by default all.
    network : FetchOptions
        How to use the network: cookies, proxy, pauses and others.
    """

    retry: tuple[str, ...] = ()
    limit: int | None = None
    shard: Shard | None = None
    network: FetchOptions = field(default_factory=FetchOptions)


def download(
    manifest: Manifest,
    cache_dir: Path,
    places: Sequence[str] = (),
    *,
    jobs: int = 1,
    dry_run: bool = False,
    options: DownloadOptions | None = None,
    listener: Listener | None = None,
) -> DownloadReport:
    """Bring the table of clips and the audio of a dataset into the cache; a second call only gets what is missing.

    Parameters
    ----------
    manifest : Manifest
        Manifest of the dataset.
    cache_dir : Path
        Folder of the cache.
    places : sequence of str
        Places to search first: folders, archives, URLs.
    jobs : int
        Number of worker processes.
    dry_run : bool
        Whether to count the listed clips only, without touching audio.
    options : DownloadOptions, optional
        Choice of the clips to try, and network options.
    listener : Listener, optional
        Receiver of progress and remarks.

    Raises
    ------
    SedpipeError
        If lists or archives cannot be obtained, the cache cannot be written, or another process downloads into it.
    """
    started, listener, options = time.monotonic(), listener or Listener(), options or DownloadOptions()
    cache = Dataset(cache_dir, manifest.name)
    network = replace(options.network, doubts=not {"gone", "all"} & set(options.retry))
    access = Access(tuple(places), jobs, network, listener)
    if dry_run:
        listed = open_source(manifest, cache, access).listed()
        splits = {split: Listed(n_clips) for split, n_clips in listed.items()}
        return DownloadReport(manifest.name, splits, time.monotonic() - started)
    if TUNED_ON not in manifest.split_names:
        listener.remark(
            f"{manifest.name} has no [splits.{TUNED_ON}], which early stopping and the choice of thresholds need: "
            "nothing can be trained on it"
        )
    source = open_source(manifest, cache, access)
    record = None if source.may_have_changed() else _complete(manifest, cache)
    missing: dict[str, list[str]] = {}
    stopped = None
    if record is None:
        with Ledger(cache.folder, options.shard) as ledger:
            resolved, record = _renew_rows(manifest, source, cache, ledger, listener)
            missing = {rows.split: list(rows.missing) for rows in resolved if rows.missing}
            stopped = _bring(source, cache, resolved, ledger, _policy(source, options), listener)
    return DownloadReport(manifest.name, tally(cache, record), time.monotonic() - started, stopped, missing)


def _policy(source: Source, options: DownloadOptions) -> DownloadOptions:
    """Retry everything if the source is on this machine: files may have been repaired, and retrying costs nothing."""
    return replace(options, retry=("all",)) if source.is_local else options


def _complete(manifest: Manifest, cache: Dataset) -> DatasetRecord | None:
    """Return the record if all listed clips have row, audio and ledger entry, made with exactly this manifest."""
    record = cache.find_record()
    if record is None or record.fingerprint != manifest.fingerprint or not record.listed:
        return None
    if not is_there(cache.clips_path):
        return None
    by_split, entries = cache.read_clips(), read_ledgers(cache.folder)
    for split, listed in record.listed.items():
        audio = cache.audio_names(split)
        clips = [clip for clip in by_split.get(split, []) if audio_name(clip.clip_id) in audio]
        if listed == 0 or sum(_is_accounted(entries, clip) for clip in clips) != listed:
            return None
        if manifest.has_truth(split) and not is_there(cache.reference_path(split)):
            return None
    return record


def _renew_rows(
    manifest: Manifest, source: Source, cache: Dataset, ledger: Ledger, listener: Listener
) -> tuple[list[SplitRows], DatasetRecord]:
    """Write the table of clips as listed now, and delete what was made from other lists: one process at a time.

    The second process finds what the first has recorded, and deletes nothing that was made since.
    """

    def waits() -> None:
        listener.say(f"another process is reading the lists of {cache.name}: waiting until it is done")

    source.prepare()
    with wait_for(cache.folder / _ROWS_LOCK, waits):
        source.recall()
        _forget_other_rules(manifest, source, cache, ledger, listener)
        resolved = _or_as_before(_resolve(manifest, source, cache, listener), cache, listener)
        record = _write_rows(manifest, cache, resolved, source.clip_format)
        _forget_unlisted(resolved, cache, ledger)
    return resolved, record


def _forget_other_rules(manifest: Manifest, source: Source, cache: Dataset, ledger: Ledger, listener: Listener) -> None:
    """Delete what was made with another manifest of this name, before anything is made with this one."""
    record = cache.find_record()
    if record is not None and record.fingerprint == manifest.fingerprint:
        return
    if record is not None and source.keeps_audio:
        listener.remark(f"{manifest.name} has changed: its lists are read again, audio that still fits is kept")
    elif record is not None:
        listener.remark(f"{manifest.name} has changed since its audio was made: making it again")
        _remove(cache.folder / "audio")
        ledger.keep_only(())
    if record is not None:
        cache.clips_path.unlink(missing_ok=True)
    cache.write_record(
        DatasetRecord(dataset=manifest.name, fingerprint=manifest.fingerprint, labels=manifest.labels, listed={})
    )


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise SedpipeError(f"cannot delete {folder}", hint="delete it yourself, or choose another folder with --cache")


def _resolve(manifest: Manifest, source: Source, cache: Dataset, listener: Listener) -> list[SplitRows]:
    resolved = []
    for rows in source.resolve():
        for note in rows.notes:
            listener.remark(note)
        resolved.append(rows)
    if not any(rows.clips for rows in resolved):
        notes = "; ".join(note for rows in resolved for note in rows.notes) or "its lists are empty"
        hint = "name a place that has it with --from" if manifest.takes_places else "list recordings in its splits"
        raise SedpipeError(f"{cache.name}: no clip can be made ({notes})", hint=hint)
    _check_names(cache, resolved)
    return resolved


def _or_as_before(resolved: Sequence[SplitRows], cache: Dataset, listener: Listener) -> list[SplitRows]:
    """Replace the rows of each split that is unavailable now by those in the cache, if it was available before."""
    if all(rows.is_available for rows in resolved):
        return list(resolved)
    record, known = cache.find_record(), read_ledgers(cache.folder)
    before = cache.read_clips() if record is not None and is_there(cache.clips_path) else {}
    found = []
    for rows in resolved:
        if not rows.is_available:
            clips = before.get(rows.split, [])
            clip_ids = {clip.clip_id for clip in clips} | {clip_id for split, clip_id in known if split == rows.split}
            n_listed = max(rows.listed, len(clip_ids), 0 if record is None else record.listed.get(rows.split, 0))
            rows = replace(rows, clips=clips, listed=n_listed)
            if clip_ids:
                listener.remark(f"{rows.split}: not available now, so it stays as it was ({counted(n_listed, 'clip')})")
        found.append(rows)
    return found


def _check_names(cache: Dataset, resolved: Iterable[SplitRows]) -> None:
    """Check that no two clips share a ``clip_id``, which joins rows, audio and events, or an audio file."""
    split_of: dict[str, str] = {}
    hint = "a clip is named after its path below the folder, without extension: rename one of them"
    for rows in resolved:
        for clip in rows.clips:
            other = split_of.setdefault(clip.clip_id, rows.split)
            if other != rows.split:
                raise SedpipeError(
                    f"{cache.name}: clip {clip.clip_id!r} is listed in {other} and in {rows.split}", hint=hint
                )
        clip_id, times = Counter(clip.clip_id for clip in rows.clips).most_common(1)[0] if rows.clips else ("", 0)
        if times > 1:
            raise SedpipeError(f"{cache.name}: {times} clips of {rows.split} would be named {clip_id!r}", hint=hint)
        files = {clip.clip_id: audio_name(clip.clip_id) for clip in rows.clips}
        if two := sharing(files, cache.folder):
            raise SedpipeError(
                f"{cache.name}: clips {two[0]!r} and {two[1]!r} of {rows.split} would share the audio file "
                f"{files[two[0]]} in {cache.folder}",
                hint="rename one of their recordings, then run the same command again",
            )


def _write_rows(
    manifest: Manifest, cache: Dataset, resolved: Sequence[SplitRows], clip_format: ClipFormat
) -> DatasetRecord:
    write_clips(cache.clips_path, [clip for rows in resolved for clip in rows.clips])
    for rows in resolved:
        if not rows.is_available and rows.clips:
            continue
        if rows.reference is not None:
            write_event_list(cache.reference_path(rows.split), rows.reference, [clip.clip_id for clip in rows.clips])
        else:
            cache.reference_path(rows.split).unlink(missing_ok=True)
    listed = {rows.split: rows.listed for rows in resolved}
    record = DatasetRecord(
        dataset=manifest.name,
        fingerprint=manifest.fingerprint,
        labels=manifest.labels,
        listed=listed,
        clip_s=clip_format.clip_s,
        sample_rate=clip_format.sample_rate,
        manifest=str(manifest.path.resolve()),
    )
    cache.write_record(record)
    return record


def _forget_unlisted(resolved: Sequence[SplitRows], cache: Dataset, ledger: Ledger) -> None:
    """Record why listed clips have no row; drop the ledger entries of clips that are no longer listed."""
    dropped = [fate for rows in resolved for fate in rows.dropped]
    clips = [clip for rows in resolved if rows.is_available for clip in rows.clips]
    listed = {(clip.split, clip.clip_id) for clip in clips} | {(fate.split, fate.clip_id) for fate in dropped}
    unavailable = {rows.split for rows in resolved if not rows.is_available}
    ledger.keep_only(listed | {key for key in read_ledgers(cache.folder) if key[0] in unavailable})
    ledger.record_all(dropped)


def _bring(
    source: Source,
    cache: Dataset,
    resolved: Sequence[SplitRows],
    ledger: Ledger,
    options: DownloadOptions,
    listener: Listener,
) -> str | None:
    """Take what the user has, then fetch what is due; return the reason if this stopped early, else None."""
    if ledger.is_alone:
        remove_leftovers(cache.folder, *(path for path in (cache.folder / "audio").rglob("*") if path.is_dir()))
    clips = [clip for rows in resolved for clip in rows.clips if rows.is_available]
    shard = options.shard
    own = [clip for clip in clips if shard is None or shard.holds(clip.clip_id)]
    try:
        for fate in source.account(_unaccounted(cache, own)):
            ledger.record(fate)
        adopted = source.adopt(_missing(cache, own), clips, listener.remark)
        for fate in listener.track(adopted, len(own), "searching for clips"):
            ledger.record(fate)
        entries = read_ledgers(cache.folder)
        due = [clip for clip in _missing(cache, own) if is_due(entries.get((clip.split, clip.clip_id)), options.retry)]
        due.sort(key=lambda clip: (clip.split, clip.clip_id) in entries)  # clips that were never tried come first
        due = due[: options.limit]
        if due and (expectation := source.expectation(due)):
            listener.say(expectation)
        for fate in listener.track(source.fetch(due), len(due), "clips"):
            if fate.state != "pending" or (fate.split, fate.clip_id) not in entries:  # else the entry stays
                ledger.record(fate)
    except FetchStoppedError as stop:
        return f"{stop.message}: {stop.hint}" if stop.hint else stop.message
    return None


def _unaccounted(cache: Dataset, clips: Iterable[Clip]) -> list[Clip]:
    """Return the clips whose audio exists, but that no ledger lists as ``ok``."""
    entries, missing = read_ledgers(cache.folder), set(_missing(cache, clips))
    return [clip for clip in clips if clip not in missing and not _is_accounted(entries, clip)]


def _is_accounted(entries: Mapping[Key, Entry], clip: Clip) -> bool:
    entry = entries.get((clip.split, clip.clip_id))
    return entry is not None and entry.fate.state == "ok"


def _missing(cache: Dataset, clips: Iterable[Clip]) -> list[Clip]:
    """Return the clips without audio."""
    there = {split: cache.audio_names(split) for split in SPLITS}
    return [clip for clip in clips if audio_name(clip.clip_id) not in there[clip.split]]
