"""sha256 of audio files, stored with size and time of change, so that an unchanged file is never read twice.

- :class:`AudioStamp`: size, time of change and sha256 of a file
- :class:`AudioChecksums`: the stamps of a split, as a small table beside its features
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sedpipe.io.files.atomic import write_text
from sedpipe.io.files.checksums import sha256_of


class AudioStamp(NamedTuple):
    """Size in bytes, time of the last change in ns, and sha256 (hex) of an audio file."""

    size: int
    mtime_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> AudioStamp:
        """Read a file; size and time are noted first, so that a file that changes meanwhile is read again later."""
        status = os.stat(path)
        return cls(status.st_size, status.st_mtime_ns, sha256_of(path))


class AudioChecksums:
    """Stamps of audio files by ``clip_id``.

    Parameters
    ----------
    path : Path
        File of the table; one that cannot be read is treated as empty, since it only saves work.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, AudioStamp] = {}
        self._is_saved = False
        with suppress(OSError, ValueError):
            for line in path.read_text(encoding="utf-8").splitlines():
                clip_id, size, mtime_ns, sha256 = line.split("\t")
                self._known[clip_id] = AudioStamp(int(size), int(mtime_ns), sha256)
            self._is_saved = True

    def find(self, clip_id: str, size: int, mtime_ns: int) -> str | None:
        """Return the sha256 of the clip's audio file, if the file had this size and time when it was read."""
        known = self._known.get(clip_id)
        return known.sha256 if known is not None and known[:2] == (size, mtime_ns) else None

    def note(self, clip_id: str, stamp: AudioStamp) -> None:
        """Add the stamp of a file that was read."""
        if self._known.get(clip_id) != stamp:
            self._known[clip_id], self._is_saved = stamp, False

    def sizes(self) -> set[int]:
        """Return the sizes of all known files: a file of another size cannot be one of them under a new name."""
        return {stamp.size for stamp in self._known.values()}

    def save(self, clip_ids: Iterable[str]) -> None:
        """Write the table, reduced to these clips, if it has changed."""
        clip_ids = dict.fromkeys(clip_ids)
        if self._is_saved and self._known.keys() <= clip_ids.keys():
            return
        self._known = {clip_id: self._known[clip_id] for clip_id in clip_ids if clip_id in self._known}
        lines = ("\t".join(map(str, (clip_id, *stamp))) for clip_id, stamp in self._known.items())
        write_text(self._path, "".join(f"{line}\n" for line in lines))
        self._is_saved = True
