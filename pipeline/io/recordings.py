"""Recordings that mixtures are made of: found in folders and archives, each checked by its checksum.

- :func:`open_shelf`: from the places that the user names, or from the public archive
- :class:`RecordingShelf`: which recordings are there and whole
"""

from __future__ import annotations

import hashlib
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pipeline.errors import SedpipeError
from pipeline.io.atomic import write_atomically
from pipeline.io.checksums import sha256_of
from pipeline.io.fetch import fetch_file

MOST_BYTES_A_RECORDING = 64 * 1024 * 1024
"""Most that is unpacked for one recording, whatever the archive claims."""

_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, RuntimeError, ValueError)
"""What zipfile raises when an archive is damaged, locked, or packed in a way that it does not know."""


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
            path = next((path for path in self._candidates(name) if self._is_whole(name, path)), None)
            if path is not None:
                paths[name] = path
        return paths

    def complaints(self, names: Iterable[str], usable: dict[str, Path]) -> list[str]:
        """A line for each damaged recording, and one for all that are missing."""
        unusable = [name for name in names if name not in usable]
        damaged = [name for name in unusable if self._candidates(name)]
        lines = [f"{self._candidates(name)[0]} is damaged (its sha256 is not the listed one)" for name in damaged]
        missing = [name for name in unusable if name not in damaged]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            lines.append(f"recording {missing[0]!r}{more} was not found")
        return lines

    def _candidates(self, name: str) -> list[Path]:
        return [folder / name for folder in self._folders if (folder / name).is_file()]

    def _is_whole(self, name: str, path: Path) -> bool:
        try:
            return sha256_of(path) == self._checksum_of(name)
        except OSError:
            return False


def open_shelf(
    names: Sequence[str],
    checksum_of: Callable[[str], str],
    archive_url: str,
    places: Sequence[str],
    unpack_to: Path,
    *,
    show_progress: bool = False,
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
        Folders, zip archives or addresses of zip archives, as the user names them.
    unpack_to : Path
        Folder of the cache for archives and what is taken from them.
    show_progress : bool
        Show a bar while something is fetched.

    Raises
    ------
    SedpipeError
        If a place does not exist, or the archive cannot be fetched or read.
    """
    folders: list[Path] = []
    for place in places or [archive_url]:
        if place.startswith(("https://", "http://")):
            name = f"{hashlib.sha256(place.encode()).hexdigest()[:16]}.zip"
            place = str(_fetched_zip(place, unpack_to / name, show_progress=show_progress))
        path = Path(place)
        if path.is_dir():
            folders += [path, *sorted(child for child in path.iterdir() if child.is_dir())]
        elif path.is_file() and zipfile.is_zipfile(path):
            folders.append(_unpacked(path, names, unpack_to / "recordings"))
        elif path.exists():
            raise SedpipeError(f"{path} is neither a folder nor a zip archive", hint="unpack it and name the folder")
        else:
            raise SedpipeError(f"--from {path}: there is no such folder or archive")
    return RecordingShelf(folders, checksum_of)


def _fetched_zip(url: str, path: Path, *, show_progress: bool) -> Path:
    """An archive from the network; what is none (a page that says sorry, say) is not kept."""
    fetch_file(url, path, show_progress=show_progress)
    if not zipfile.is_zipfile(path):
        path.unlink()
        raise SedpipeError(f"{url} is not a zip archive", hint="name another address, or a copy of yours, with --from")
    return path


def _unpacked(archive: Path, names: Sequence[str], folder: Path) -> Path:
    """Take the listed recordings, and nothing else, out of a zip; members may lie below one folder of it."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = {member.filename: member for member in opened.infolist()}
            by_tail = {name.split("/", 1)[-1]: member for name, member in members.items()}
            for name in names:
                member = members.get(name) or by_tail.get(name)
                target = folder / name  # the name is the manifest's, never the archive's
                if member is None or (target.is_file() and target.stat().st_size == member.file_size):
                    continue
                if member.file_size > MOST_BYTES_A_RECORDING:
                    raise SedpipeError(f"{archive}: {name} claims {member.file_size} bytes, which no recording has")
                with opened.open(member) as packed, write_atomically(target) as temporary:
                    temporary.write_bytes(packed.read(MOST_BYTES_A_RECORDING))
    except _DAMAGED as error:
        raise SedpipeError(
            f"cannot read the archive {archive}: {error}", hint="delete it, or name another copy"
        ) from error
    return folder
