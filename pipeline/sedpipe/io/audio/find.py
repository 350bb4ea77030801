"""Find the recordings in files and folders that the user names.

A file that is named is taken, whatever its name. A folder is searched with everything below it, in the order of the
names: files with the suffix of an audio or video file are taken, and so are links to them. Hidden files and folders,
links to folders (which could form a cycle) and other files are left out, and counted.

- :func:`find_audio`: files and folders -> :class:`FoundAudio`
- :class:`AudioFile`: one recording, and its name in results
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sedpipe.clips import AUDIO_SUFFIXES
from sedpipe.errors import SettingsError
from sedpipe.io.files.reading import names_in, walk

_Walk = Iterator[tuple[str, list[str], list[str]]]


@dataclass(frozen=True)
class AudioFile:
    """A recording.

    Parameters
    ----------
    path : Path
        Path of the file.
    name : str
        Relative path with ``/`` below the folder that was named, or the name of a file that was named itself. With
        several places, a folder's own name comes first. If named files would share a name, all of them get their paths
        below the folder that contains them all. No two recordings of a search share a name.
    """

    path: Path
    name: str


@dataclass(frozen=True)
class FoundAudio:
    """Recordings, and how many entries of which kind were left out."""

    files: list[AudioFile]
    left_out: dict[str, int] = field(default_factory=dict)


def find_audio(places: Sequence[Path], *, all_of_it: bool = False) -> FoundAudio:
    """Return the recordings in files and folders.

    Parameters
    ----------
    places : sequence of Path
        Files and folders; a file that does not exist is part of the result, so that reading it reports the error.
    all_of_it : bool
        Whether a subfolder that may not be read is an error; otherwise it is counted as left out.

    Raises
    ------
    SettingsError
        If a folder contains no audio, or two recordings would get the same name.
    SedpipeError
        If a folder that was named may not be read.
    """
    left_out: Counter[str] = Counter()
    found: dict[str, AudioFile] = {}
    named = _names_of([place for place in places if not place.is_dir()])
    for place in places:
        before = left_out.copy()
        if place.is_dir():
            names_in(place)  # raises if the folder may not be read
            below = _walked(place, left_out) if not all_of_it else walk(place)
            files = list(_below(place, below, len(places) > 1, left_out))
        else:
            files = [AudioFile(place, named[place])]
        if not files:
            raise SettingsError(f"{place} contains no audio file", hint=_no_audio(left_out - before))
        for file in files:
            other = found.setdefault(file.name, file)
            if os.path.realpath(other.path) != os.path.realpath(file.path):
                raise SettingsError(
                    f"{other.path} and {file.path} would both be named {file.name}",
                    hint="name the folder above both",
                )
    return FoundAudio(list(found.values()), dict(sorted(left_out.items())))


def _no_audio(left_out: Counter[str]) -> str:
    """Return a hint: what a folder contains instead of audio, and what to do."""
    there = ", ".join(f"{count} {what}" for what, count in sorted(left_out.items()))
    what = f"all that is in it was left out ({there})" if there else "there is no file in it"
    return f"{what}: name the folder that has your recordings"


def _names_of(files: Sequence[Path]) -> dict[Path, str]:
    """Return the names of files that were named one by one: their own or, if two would share one, their paths."""
    called = {(file.name, os.path.realpath(file)) for file in files}
    if len({name for name, _ in called}) == len(called):
        return {file: file.name for file in files}
    full = {file: os.path.abspath(file) for file in files}
    above = os.path.commonpath([os.path.dirname(path) for path in full.values()])
    return {file: Path(os.path.relpath(path, above)).as_posix() for file, path in full.items()}


def _walked(folder: Path, left_out: Counter[str]) -> _Walk:
    def cannot_enter(_: OSError) -> None:
        left_out["folders that cannot be read"] += 1

    return os.walk(folder, onerror=cannot_enter)


def _below(folder: Path, walked: _Walk, has_company: bool, left_out: Counter[str]) -> Iterator[AudioFile]:
    above = PurePosixPath(folder.resolve().name) if has_company else PurePosixPath()
    for where, folders, names in walked:
        folders.sort()
        for name in [name for name in folders if _is_left_out(Path(where, name), left_out)]:
            folders.remove(name)
        for name in sorted(names):
            path = Path(where, name)
            if not _is_left_out(path, left_out):
                yield AudioFile(path, str(above / path.relative_to(folder).as_posix()))


def _is_left_out(path: Path, left_out: Counter[str]) -> bool:
    """Return whether a path is left out, and count the reason."""
    if path.name.startswith("."):
        why = "hidden"
    elif path.is_dir():
        why = "links to folders" if path.is_symlink() else ""
    elif path.suffix.lower() not in AUDIO_SUFFIXES:
        why = f"no audio ({path.suffix.lower() or 'no suffix'})"
    else:
        why = "" if path.is_file() or path.is_symlink() else "no file"
    left_out.update([why] if why else [])
    return bool(why)
