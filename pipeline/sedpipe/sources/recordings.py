"""Recordings that mixtures are made of: found in folders and archives, each checked by its checksum.

- :func:`open_shelf`: from the places that the user names, or from the public archive
- :class:`RecordingShelf`: which recordings are there and whole
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
"""Most that is unpacked for one recording, whatever the archive claims."""


class RecordingShelf:
    """Recordings below some folders.

    Parameters
    ----------
    folders : sequence of Path
        Looked through in this order; a recording lies at its listed path below one of them.
    checksum_of : callable
        sha256 (hex) that a recording must have, by its listed path.
    """

    def __init__(self, folders: Sequence[Path], checksum_of: Callable[[str], str]) -> None:
        self._folders = folders
        self._checksum_of = checksum_of

    def usable(self, names: Iterable[str]) -> dict[str, Path]:
        """Where each recording lies that is there and has the right checksum."""
        paths = {}
        for name in names:
            path = next((path for path in self._candidates(name) if _is_whole(path, self._checksum_of(name))), None)
            if path is not None:
                paths[name] = path
        return paths

    def is_there(self, name: str) -> bool:
        """Whether there is a recording of that name, whole or not."""
        return bool(self._candidates(name))

    def complaints(self, names: Iterable[str], usable: dict[str, Path]) -> list[str]:
        """A line for each recording that is there and cannot be used, and then one for all that are missing."""
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
    """Recordings from ``places`` if there are any, else from the public archive.

    Parameters
    ----------
    names : sequence of str
        Listed paths of the recordings that are wanted; nothing else is unpacked.
    checksum_of : callable
        sha256 of each.
    archive_url : str
        The public archive.
    places : sequence of str
        Folders, archives (zip, tar) or addresses of archives, as the user names them.
    unpack_to : Path
        Folder of the cache for archives and what is taken from them.
    say : callable
        Takes a line for a person, before something is fetched.

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
    """An archive from the network; what is none (a page that says sorry, say) is not kept."""
    if not path.exists():
        say(f"fetching the recordings: {url}")
    fetch_file(url, path)
    if not is_archive(path):
        path.unlink()
        raise SedpipeError(f"{url} is not an archive", hint="name another address, or your own copy, with --from")
    return path


def _unpacked(archive: Path, names: Sequence[str], folder: Path, checksum_of: Callable[[str], str]) -> Path:
    """Take the listed recordings, and nothing else, out of an archive; members may lie below one folder of it."""
    left = {name for name in names if not _is_whole(folder / name, checksum_of(name))}
    if not left:
        return folder
    for member, unpack in read_members(archive, ArchiveLimits(member_bytes=MOST_BYTES_A_RECORDING)):
        for name in left & {member, member.split("/", 1)[-1]}:
            # the name is the manifest's, never the archive's
            with write_atomically(folder / name) as temporary, temporary.open("wb") as file:
                unpack(file)
            if _is_whole(folder / name, checksum_of(name)):  # a copy elsewhere in the archive may be another one
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
