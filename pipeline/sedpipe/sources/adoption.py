"""Audio that the user already has: found by name in folders and archives, checked, and taken into the store.

A recording is recognised by its name: ``<id>_<start>_<end>`` is a finished clip; ``<id>`` alone is one, too, if it is
at most half a second longer than the clip (and no other clip of that video is listed), otherwise it is the whole video,
from which the clip is cut. Ids have 11 characters, may begin with ``-`` or ``Y`` and contain ``_``; an id may be
preceded by ``Y``. Any extension is accepted.

- :func:`adopt`: places and clips -> fates of the clips that were found
- :func:`name_of`: file name -> video id and times
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sedpipe.clips import DEFAULT_SAMPLE_RATE, Clip
from sedpipe.errors import SedpipeError
from sedpipe.failures import FailedClipError, Failure
from sedpipe.fates import Fate
from sedpipe.io.audio.cut import cut, outlasts
from sedpipe.io.audio.store import store_cut
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.files.archives import ArchiveError, Unpacker, read_members
from sedpipe.io.files.owners import temporary_name
from sedpipe.io.files.reading import walk
from sedpipe.io.parallel import in_parallel
from sedpipe.wording import counted

_NAME = re.compile(r"Y?(?P<id>[A-Za-z0-9_-]{11})(_(?P<start>\d+(\.\d+)?)(_(?P<end>\d+(\.\d+)?))?)?")
_READY_S = 0.5  # a recording that is no more than this longer than its clip is that clip
_FROM_ONE_ARCHIVE = 64  # at most this many unpacked members wait for being adopted, ...
_BYTES_FROM_ONE_ARCHIVE = 1 << 30  # ... fewer if they reach this size together

Key = tuple[str, str]  # split and clip_id

Name = tuple[str, float | None, float | None]
"""Video id, start and end (s), as far as a file name contains them."""


@dataclass(frozen=True)
class _Found:
    """A recording that may contain a clip."""

    path: Path
    member: str | None = None  # its name in the archive, if ``path`` is one
    is_ready: bool = False  # whether its name contains times
    is_only: bool = True  # whether no other clip of its video is listed
    origin: str = ""  # archive and member that it was unpacked from

    @property
    def title(self) -> str:
        if self.member is None:
            return self.origin or str(self.path)
        return f"{self.path}: {self.member if self.member.isprintable() else ascii(self.member)}"


_Task = tuple[Clip, list[_Found]]
_Adopting = Callable[[Sequence[_Task]], Iterator[Fate]]
_Wanted = dict[str, list[tuple[Clip, _Found]]]  # by member


def name_of(filename: str) -> Name | None:
    """Parse a file name; a ``Y`` before 11 more characters is not part of the id. Return None if it names no video.

    >>> name_of("Y-5QrBL6MzLg_60.000_70.000.wav")
    ('-5QrBL6MzLg', 60.0, 70.0)
    >>> name_of("YbCdEfGhIjK.flac")
    ('YbCdEfGhIjK', None, None)
    """
    match = _NAME.fullmatch(os.path.splitext(os.path.basename(filename))[0])
    if match is None:
        return None
    start, end = match["start"], match["end"]
    return match["id"], float(start) if start else None, float(end) if end else None


def adopt(
    places: Sequence[str],
    clips: Sequence[Clip],
    listed: Sequence[Clip],
    cache: Dataset,
    jobs: int,
    say: Callable[[str], None] = lambda _: None,
    *,
    sample_rate: int = DEFAULT_SAMPLE_RATE,
) -> Iterator[Fate]:
    """Take clips from the user's places into the store.

    Parameters
    ----------
    places : sequence of str
        Folders (searched recursively; symbolic links are followed), zip and tar archives.
    clips : sequence of Clip
        Clips that are wanted; ``source`` is the video's id.
    listed : sequence of Clip
        All clips of the dataset, with or without audio and of all shards: they decide whether a recording could be any
        of several clips.
    cache : Dataset
        Dataset in the cache that the clips go to.
    jobs : int
        Number of worker processes.
    say : callable
        Function that is called with a message for the user about a place that can be read only in part.
    sample_rate : int
        Sample rate of the store in Hz.

    Yields
    ------
    Fate
        Fate of each clip for which a recording was found: ``ok``, or ``pending`` with the reason ``damaged-copy`` if
        none of its recordings can be used, since it may still be fetched from the network.

    Raises
    ------
    SedpipeError
        If a place does not exist, or is neither a folder nor an archive that can be read.
    """
    found = _match(clips, listed, _recordings(places, say))
    complaints: dict[Key, list[str]] = {}
    done: set[Key] = set()

    def each(tasks: Sequence[_Task]) -> Iterator[Fate]:
        return in_parallel(partial(_adopt_one, cache, sample_rate), tasks, jobs)

    for fates in (_adopt_plain(clips, found, each), _adopt_packed(clips, found, done, cache.folder, each)):
        for fate in fates:
            key = (fate.split, fate.clip_id)
            if fate.state == "ok":
                done.add(key)
                yield fate
            else:
                complaints.setdefault(key, []).append(fate.message)
    for (split, clip_id), told in complaints.items():
        if (split, clip_id) not in done:
            yield Fate(split, clip_id, "pending", "damaged-copy", "; ".join(told))


def _adopt_plain(clips: Sequence[Clip], found: Mapping[Key, list[_Found]], each: _Adopting) -> Iterator[Fate]:
    tasks = []
    for clip in clips:
        plain = [one for one in found.get((clip.split, clip.clip_id), ()) if one.member is None]
        if plain:
            tasks.append((clip, plain))
    yield from each(tasks)


def _adopt_packed(
    clips: Sequence[Clip], found: Mapping[Key, list[_Found]], done: Collection[Key], folder: Path, each: _Adopting
) -> Iterator[Fate]:
    """Read each archive for the likeliest member of each clip, then others; the caller updates ``done`` meanwhile."""
    best: dict[Path, _Wanted] = {}
    others: dict[Path, _Wanted] = {}
    for clip in clips:
        seen: set[Path] = set()
        for one in found.get((clip.split, clip.clip_id), ()):
            if one.member is not None:
                wanted = (others if one.path in seen else best).setdefault(one.path, {})
                wanted.setdefault(one.member, []).append((clip, one))
                seen.add(one.path)
    for archive in best:
        yield from _adopt_members(archive, best[archive], done, folder, each)
        left = {
            member: due
            for member, due in others.get(archive, {}).items()
            if any((clip.split, clip.clip_id) not in done for clip, _ in due)
        }
        if left:
            yield from _adopt_members(archive, left, done, folder, each)


def _adopt_members(
    archive: Path, wanted: _Wanted, done: Collection[Key], folder: Path, each: _Adopting
) -> Iterator[Fate]:
    """Unpack and adopt members, a few at a time; no clip is ever made twice at the same time."""
    with _Unpacked(folder) as unpacked:
        for name, unpack in _readable_members(archive):
            if unpacked.is_full or unpacked.holds(clip for clip, _ in wanted.get(name, ())):
                yield from each(unpacked.tasks)
                unpacked.clear()
            due = [(clip, one) for clip, one in wanted.get(name, ()) if (clip.split, clip.clip_id) not in done]
            if not due:
                continue
            try:
                unpacked.add(Path(name).suffix, unpack, due)
            except ArchiveError as error:
                yield from (_damaged(clip, error.message) for clip, _ in due)
        yield from each(unpacked.tasks)


def _readable_members(archive: Path) -> Iterator[tuple[str, Unpacker]]:
    """Yield the members up to where an archive breaks off, which was reported when it was searched."""
    with suppress(ArchiveError):
        yield from read_members(archive)


class _Unpacked:
    """A temporary folder with unpacked members that wait for being adopted, named by sedpipe, not by the archive."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / temporary_name()
        self._n_bytes = 0
        self.tasks: list[_Task] = []

    def __enter__(self) -> _Unpacked:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    @property
    def is_full(self) -> bool:
        return len(self.tasks) >= _FROM_ONE_ARCHIVE or self._n_bytes >= _BYTES_FROM_ONE_ARCHIVE

    def holds(self, clips: Iterable[Clip]) -> bool:
        """Return whether a member for one of these clips waits already."""
        keys = {(clip.split, clip.clip_id) for clip in clips}
        return any((clip.split, clip.clip_id) in keys for clip, _ in self.tasks)

    def add(self, suffix: str, unpack: Unpacker, due: Sequence[tuple[Clip, _Found]]) -> None:
        """Unpack a member for the clips that it may contain."""
        target = self._folder / f"{len(self.tasks)}{suffix[:8]}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                unpack(file)
                self._n_bytes += file.tell()
        except ArchiveError:
            target.unlink()
            raise
        except OSError as error:
            raise SedpipeError(
                f"cannot write {target}: {error.strerror or error}",
                hint="free some space, or choose another folder with --cache",
            ) from error
        self.tasks += [(clip, [replace(one, path=target, member=None, origin=one.title)]) for clip, one in due]

    def clear(self) -> None:
        """Delete the members, which have been adopted."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self.tasks, self._n_bytes = [], 0


def _match(
    clips: Sequence[Clip], listed: Sequence[Clip], recordings: Iterable[tuple[Path, str | None]]
) -> dict[Key, list[_Found]]:
    """Return the recordings of each clip, the likeliest first: those with times in their name, then by path."""
    n_listed = Counter(clip.source for clip in listed)
    by_id: dict[str, list[Clip]] = {}
    for clip in clips:
        by_id.setdefault(clip.source, []).append(clip)
    found: dict[Key, list[_Found]] = {}
    for path, member in recordings:
        name = name_of(member or path.name)
        if name is None:
            continue
        video_id, start_s, end_s = name
        of_video = by_id.get(video_id, ())
        if not of_video or (member is None and not path.is_file()):  # reading a pipe might block forever
            continue
        for clip in of_video:
            if _is_of(clip, start_s, end_s):
                recording = _Found(path, member, start_s is not None, n_listed[video_id] == 1)
                found.setdefault((clip.split, clip.clip_id), []).append(recording)
    for candidates in found.values():
        candidates.sort(key=lambda one: (not one.is_ready, one.title))
    return found


def _is_of(clip: Clip, start_s: float | None, end_s: float | None) -> bool:
    return (start_s is None or abs(start_s - clip.start_s) < 1e-3) and (end_s is None or abs(end_s - clip.end_s) < 1e-3)


def _recordings(places: Sequence[str], say: Callable[[str], None]) -> Iterator[tuple[Path, str | None]]:
    """Yield files of folders, and archives with the name of each member."""
    for place in map(Path, places):
        if place.is_dir():
            yield from ((path, None) for path in _below(place))
        elif place.exists():
            yield from ((place, name) for name in _names_in(place, say))
        else:
            raise SedpipeError(f"--from {place}: there is no such folder or archive")


def _names_in(archive: Path, say: Callable[[str], None]) -> Iterator[str]:
    """Yield the members of an archive; if it breaks off after the first one, those up to there are used."""
    name, n_passed_over = None, 0

    def pass_over(_: str) -> None:
        nonlocal n_passed_over
        n_passed_over += 1

    try:
        for name, _ in read_members(archive, pass_over=pass_over):
            yield name
    except ArchiveError as error:
        if name is None:
            raise
        say(f"{error.message}; what comes before is used")
    if n_passed_over:
        say(f"{archive}: {counted(n_passed_over, 'member')} passed over (links, devices, names that lead out of it)")


def _below(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder and all below it; folders visited before are skipped, so that no link loops."""
    been: set[tuple[int, int]] = set()
    for root, folders, files in walk(folder, into_links=True):
        try:
            status = os.stat(root)
        except OSError:  # deleted in the meantime
            continue
        if (status.st_dev, status.st_ino) in been:
            folders.clear()
            continue
        been.add((status.st_dev, status.st_ino))
        folders.sort()
        yield from (Path(root, name) for name in sorted(files))


def _adopt_one(cache: Dataset, sample_rate: int, task: _Task) -> Fate:
    """Try the recordings of a clip one after the other, until one can be used."""
    clip, recordings = task
    complaints = []
    for recording in recordings:
        try:
            return _convert(clip, recording, cache, sample_rate)
        except FailedClipError as failed:
            complaints.append(failed.message.replace(str(recording.path), recording.title))
    return _damaged(clip, "; ".join(complaints))


def _convert(clip: Clip, recording: _Found, cache: Dataset, sample_rate: int) -> Fate:
    is_whole_video = not recording.is_ready and outlasts(recording.path, clip.duration + _READY_S)
    if not (recording.is_ready or is_whole_video or recording.is_only):
        raise FailedClipError(
            f"{recording.path} could be any of several clips of its video: name it with its times",
            Failure("retryable", "ambiguous"),
        )
    start_s = clip.start_s if is_whole_video else 0.0
    piece = cut(recording.path, start_s, start_s + clip.duration, sample_rate)
    return store_cut(piece, clip, cache.audio_path(clip), tool="adopted")


def _damaged(clip: Clip, message: str) -> Fate:
    return Fate(clip.split, clip.clip_id, "pending", "damaged-copy", message)
