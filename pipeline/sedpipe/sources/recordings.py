"""Recordings that mixtures are made from: found in folders and archives, each verified by its checksum.

- :func:`open_shelf`: find them in the places that the user names, or in the public archive
- :class:`RecordingShelf`: the recordings that exist and are intact
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from sedpipe.errors import SedpipeError
from sedpipe.io.files.archives import ArchiveLimits, is_archive, read_members
from sedpipe.io.files.atomic import write_atomically
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.web.fetch import fetch_file

MOST_BYTES_A_RECORDING = 64 * 1024 * 1024
"""Most bytes that are unpacked for one recording, whatever size the archive claims."""


class RecordingShelf:
    """Recordings below some folders.

    Parameters
    ----------
    folders : sequence of Path
        Folders, searched in this order; a recording is at its listed path below one of them.
    checksum_of : callable
        Listed path of a recording -> sha256 (hex) that it must have.
    """

    def __init__(self, folders: Sequence[Path], checksum_of: Callable[[str], str]) -> None:
        self._folders = folders
        self._checksum_of = checksum_of

    def usable(self, names: Iterable[str]) -> dict[str, Path]:
        """Return the paths of those recordings that exist and have the right checksum."""
        paths = {}
        for name in names:
            path = next((path for path in self._candidates(name) if _is_whole(path, self._checksum_of(name))), None)
            if path is not None:
                paths[name] = path
        return paths

    def is_there(self, name: str) -> bool:
        """Return whether there is a recording of that name, intact or not."""
        return bool(self._candidates(name))

    def complaints(self, names: Iterable[str], usable: dict[str, Path]) -> list[str]:
        """Return a line for each recording that exists but cannot be used, and then one for all that are missing."""
        lines, missing = [], []
        for name in names:
            candidates = [] if name in usable else self._candidates(name)
            if candidates:
                lines.append(f"{candidates[0]} {_why_not(candidates[0])}")
            elif name not in usable:
                missing.append(name)
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            lines.append(f"recording {missing[0]!r}{more} was not found")
        return lines

    def _candidates(self, name: str) -> list[Path]:
        return [folder / name for folder in self._folders if (folder / name).is_file()]


def open_shelf(
    names: Sequence[str],
    checksum_of: Callable[[str], str],
    archive_url: str,
    places: Sequence[str],
    unpack_to: Path,
    *,
    say: Callable[[str], object] = lambda _: None,
) -> RecordingShelf:
    """Open the recordings in ``places`` or, if none are named, in the public archive.

    Parameters
    ----------
    names : sequence of str
        Listed paths of the recordings that are needed; nothing else is unpacked.
    checksum_of : callable
        Listed path of a recording -> its sha256 (hex).
    archive_url : str
        Address of the public archive.
    places : sequence of str
        Folders, archives (zip, tar) or addresses of archives, as the user names them.
    unpack_to : Path
        Folder in the cache for archives and the recordings unpacked from them.
    say : callable
        Function that is called with a message for the user before something is fetched.

    Raises
    ------
    SedpipeError
        If a place does not exist, or the archive cannot be fetched or read.
    """
    folders: list[Path] = []
    for place in places or [archive_url]:
        if place.startswith(("https://", "http://")):
            name = f"{hashlib.sha256(place.encode()).hexdigest()[:16]}.archive"
            place = str(_fetched(place, unpack_to / name, say))
        path = Path(place)
        if path.is_dir():
            folders += [path, *sorted(child for child in path.iterdir() if child.is_dir())]
        elif path.is_file() and is_archive(path):
            folders.append(_unpacked(path, names, unpack_to / "recordings", checksum_of))
        elif path.exists():
            raise SedpipeError(
                f"{path} is neither a folder nor a zip or tar archive", hint="unpack it and name the folder"
            )
        else:
            raise SedpipeError(f"--from {path}: there is no such folder or archive")
    return RecordingShelf(folders, checksum_of)


def _fetched(url: str, path: Path, say: Callable[[str], object]) -> Path:
    """Fetch an archive; a file that is not one (an error page, say) is not kept."""
    if not path.exists():
        say(f"fetching the recordings: {url}")
    fetch_file(url, path)
    if not is_archive(path):
        path.unlink()
        raise SedpipeError(f"{url} is not an archive", hint="name another address, or your own copy, with --from")
    return path


def _unpacked(archive: Path, names: Sequence[str], folder: Path, checksum_of: Callable[[str], str]) -> Path:
    """Unpack the listed recordings, and nothing else, from an archive; they may be below one top-level folder in it."""
    left = {name for name in names if not _is_whole(folder / name, checksum_of(name))}
    if not left:
        return folder
    for member, unpack in read_members(archive, ArchiveLimits(member_bytes=MOST_BYTES_A_RECORDING)):
        for name in left & {member, member.split("/", 1)[-1]}:
            # the path is made from the manifest's name, never from the archive's
            with write_atomically(folder / name) as temporary, temporary.open("wb") as file:
                unpack(file)
            if _is_whole(folder / name, checksum_of(name)):  # if not, another member of this name may be intact
                left.remove(name)
    return folder


def _is_whole(path: Path, checksum: str) -> bool:
    try:
        return sha256_of(path) == checksum
    except OSError:
        return False


def _why_not(path: Path) -> str:
    try:
        sha256_of(path)
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    return "is damaged (its sha256 is not the listed one)"
