"""Listed recordings of a split, found and examined: where each is, what it contains, and whether it has changed.

- :func:`look_at_splits`: splits -> :class:`SplitLooked`
- :class:`Looked`: one recording
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sedpipe.clips import clip_id_of_path
from sedpipe.io.audio.survey import Survey, survey
from sedpipe.io.cache.recordings import KnownRecording, KnownRecordings
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.lists.known_names import KnownNames
from sedpipe.io.lists.recordings import Recording
from sedpipe.io.manifests.folder import FolderManifest
from sedpipe.io.manifests.listed import ListedSplit
from sedpipe.io.parallel import in_parallel
from sedpipe.sources.access import Access
from sedpipe.sources.finding import Found, find_listed

_LOOKED_AT_AGAIN = frozenset({"unreadable", "silent"})
"""Faults that may be gone although the file is the same; silence was a fault in an earlier version."""


@dataclass(frozen=True)
class Looked:
    """A recording.

    Parameters
    ----------
    listed : Recording
        Content of the lists for this recording.
    place : str
        Folder as named in the manifest, and path of the file below it.
    path : Path
        Path of the file, or the path at which it is expected.
    clip_id : str
        ``clip_id`` of the recording as a whole.
    seen : Survey or None
        Survey of the recording, an earlier one if the file no longer exists; None if it does not and never did.
    is_there : bool
        Whether the file exists.
    is_as_it_was : bool
        Whether audio made from it earlier is still valid, also that of a recording that no longer exists.
    was_other : bool
        Whether its content was different before.
    suggestion : str
        `` (did you mean ...?)`` if the file does not exist.
    """

    listed: Recording
    place: str
    path: Path
    clip_id: str
    seen: Survey | None
    is_there: bool
    is_as_it_was: bool
    was_other: bool = False
    suggestion: str = ""

    @property
    def seconds(self) -> float | None:
        """Duration in seconds; None if it is unknown or the recording cannot be used."""
        return self.seen.seconds if self.seen is not None and self.seen.n_samples and not self.seen.fault else None


@dataclass(frozen=True)
class SplitLooked:
    """A split: its recordings, and files that are not listed."""

    listed: ListedSplit
    folder: str
    recordings: list[Looked]
    found: Found


def look_at_splits(
    manifest: FolderManifest, splits: Iterable[ListedSplit], known: KnownRecordings, access: Access
) -> list[SplitLooked]:
    """Find the recordings of all splits and examine those that are new or have changed.

    Parameters
    ----------
    manifest : FolderManifest
        Manifest of the dataset.
    splits : iterable of ListedSplit
        Content of its lists.
    known : KnownRecordings
        Recordings that were examined before.
    access : Access
        Number of processes, and the listener.
    """
    located = [(split, *_located(manifest, split, known)) for split in splits]
    paths = {one.place: one.path for _, recordings, _ in located for one in recordings if one.is_there}
    tasks = [(path, known.rows[place].seen if place in known.rows else None) for place, path in paths.items()]
    looks = access.listener.track(in_parallel(_look, tasks, access.jobs), len(tasks), "checking recordings")
    seen = dict(zip(paths, looks, strict=True))
    return [
        SplitLooked(split, manifest.listed(split.split).audio, [_with(one, seen, known) for one in recordings], found)
        for split, recordings, found in located
    ]


def _located(manifest: FolderManifest, split: ListedSplit, known: KnownRecordings) -> tuple[list[Looked], Found]:
    audio, folder = manifest.listed(split.split).audio, manifest.audio_dir(split.split)
    found = find_listed(folder, [recording.filename for recording in split.recordings])
    there = set(found.files.values())
    before = KnownNames(
        file for place in known.rows if (file := place.removeprefix(f"{audio}/")) != place and file not in there
    )
    files = found.files | before.find_all(one.filename for one in split.recordings if one.filename not in found.files)
    return [
        _looked(one, files.get(one.filename, one.filename), audio, folder, found, known.rows)
        for one in split.recordings
    ], found


def _looked(
    listed: Recording, file: str, audio: str, folder: Path, found: Found, rows: Mapping[str, KnownRecording]
) -> Looked:
    name = listed.filename
    place = f"{audio}/{file}"
    row = rows.get(place)
    clip_id = row.clip_id if row is not None else unicodedata.normalize("NFC", clip_id_of_path(file))
    is_there = name in found.files
    kept = row.seen if row is not None and not is_there else None
    suggestion = found.suggestions.get(name, "")
    return Looked(listed, place, folder / file, clip_id, kept, is_there, kept is not None, suggestion=suggestion)


def _with(one: Looked, seen: Mapping[str, Survey], known: KnownRecordings) -> Looked:
    if not one.is_there:
        return one
    now, row = seen[one.place], known.rows.get(one.place)
    is_same = row is not None and _is_same(row.seen, now)
    return replace(one, seen=now, is_as_it_was=is_same, was_other=row is not None and not is_same)


def _is_same(before: Survey, now: Survey) -> bool:
    """Return whether a file is the same: by its checksum or, if that is unknown, by size and time of change."""
    return before.sha256 == now.sha256 if before.sha256 else before.stamp == now.stamp


def _look(task: tuple[Path, Survey | None]) -> Survey:
    """Survey a recording; read it only if its size or time has changed, and decode it only if its content has."""
    path, before = task
    if before is None or not before.sha256 or before.fault in _LOOKED_AT_AGAIN:
        return survey(path)
    try:
        status = path.stat()
        now = replace(before, size=status.st_size, mtime_ns=status.st_mtime_ns)
        if now.stamp == before.stamp or sha256_of(path) == before.sha256:
            return now
    except OSError:
        pass
    return survey(path)
