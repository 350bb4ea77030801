"""Listed recordings of a split, found and looked at: where each lies, what it is, and what it was before.

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
"""Faults that may have gone although the file is as it was; silence was one in an earlier edition."""


@dataclass(frozen=True)
class Looked:
    """A recording.

    Parameters
    ----------
    listed : Recording
        What the lists say of it.
    place : str
        The folder as the manifest has it, and the file below.
    path : Path
        Where it lies, or should.
    clip_id : str
        Of the whole of it.
    seen : Survey or None
        What it is; None where it is not there, and was not before.
    is_there : bool
    is_as_it_was : bool
        Whether audio that was made of it still is of it. So is that of a recording which is not there any longer.
    was_other : bool
        Whether its content was another one before.
    suggestion : str
        `` (did you mean ...?)`` where it is not there.
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
        """How long it is; None where that is not known or it is of no use."""
        return self.seen.seconds if self.seen is not None and self.seen.n_samples and not self.seen.fault else None


@dataclass(frozen=True)
class SplitLooked:
    """A split: its recordings, and what no list has."""

    listed: ListedSplit
    folder: str
    recordings: list[Looked]
    found: Found


def look_at_splits(
    manifest: FolderManifest, splits: Iterable[ListedSplit], known: KnownRecordings, access: Access
) -> list[SplitLooked]:
    """Find the recordings of all splits and look at those that are new or have changed.

    Parameters
    ----------
    manifest : FolderManifest
        Of the dataset.
    splits : iterable of ListedSplit
        What its lists say.
    known : KnownRecordings
        What was looked at before.
    access : Access
        How the user's files are reached.
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
    """By content; where that was not remembered, by size and time of change."""
    return before.sha256 == now.sha256 if before.sha256 else before.stamp == now.stamp


def _look(task: tuple[Path, Survey | None]) -> Survey:
    """What a recording is; read only if its size or time have changed, decoded only if its content has."""
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
