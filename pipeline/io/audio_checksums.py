"""sha256 of audio files, remembered with size and time so that an unchanged file is never read twice.

- :class:`AudioChecksums`: the remembered ones of a split, as a small table beside its features
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pipeline.io.atomic import write_text
from pipeline.io.checksums import sha256_of


class AudioChecksums:
    """Checksums by ``clip_id``.

    Parameters
    ----------
    path : Path
        The table; one that cannot be read is treated as empty, since it only saves work.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, tuple[int, int, str]] = {}
        with suppress(OSError, ValueError):
            for line in path.read_text(encoding="utf-8").splitlines():
                clip_id, size, mtime_ns, sha256 = line.split("\t")
                self._known[clip_id] = (int(size), int(mtime_ns), sha256)

    def of(self, clip_id: str, audio: Path) -> str:
        """sha256 of the clip's audio file; read only if its size or time has changed."""
        status = audio.stat()
        known = self._known.get(clip_id)
        if known is not None and known[:2] == (status.st_size, status.st_mtime_ns):
            return known[2]
        sha256 = sha256_of(audio)
        self._known[clip_id] = (status.st_size, status.st_mtime_ns, sha256)
        return sha256

    def save(self) -> None:
        """Write the table, if it has changed."""
        lines = (
            f"{clip_id}\t{size}\t{mtime_ns}\t{sha256}\n" for clip_id, (size, mtime_ns, sha256) in self._known.items()
        )
        text = "".join(lines)
        with suppress(OSError, ValueError):
            if self._path.read_text(encoding="utf-8") == text:
                return
        write_text(self._path, text)
