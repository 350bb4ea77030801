"""Search for an encoder's file in the user's files, archives and folders; it is identified by its bytes, not its name.

- :class:`Search`: a search in one place after the other, which remembers what was there instead
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sedpipe.io.encoders.cards import MOST_BYTES, EncoderFile
from sedpipe.io.files.archives import ArchiveError, ArchiveLimits, begins_as_archive, read_members
from sedpipe.io.files.reading import opened, walk
from sedpipe.wording import counted

_SHOWN = 2  # findings in a message, which should fit on one line
_MOST_UNPACKED = 8 * MOST_BYTES


@dataclass
class Search:
    """A search for one file.

    Parameters
    ----------
    wanted : EncoderFile
    seen : list of str
        Reasons why similar files, and places that the user named, are not the wanted file or do not contain it.
    """

    wanted: EncoderFile
    seen: list[str] = field(default_factory=list)

    def look(self, place: Path) -> bytes | None:
        """Return the file's bytes if a place is the file, an archive with it, or a folder with either at any depth.

        Raises
        ------
        SedpipeError
            If a folder cannot be read.
        """
        if not place.is_dir():
            return self._in_file(place, is_named=True)
        files = [found for at, _, names in walk(place) for name in names if (found := Path(at, name)).is_file()]
        seen_before = len(self.seen)
        for path in sorted(files, key=self._rank):
            if (raw := self._in_file(path, is_named=False)) is not None:
                return raw
        if len(self.seen) == seen_before:
            one = f"{counted(len(files), 'file')} in it, none of which is it or an archive that holds it"
            self.seen.append(f"{place} is an empty folder" if not files else f"{place}: {one}")
        return None

    @property
    def findings(self) -> str:
        """What was found instead, as the end of a sentence."""
        more = len(self.seen) - _SHOWN
        return ", ".join([*self.seen[:_SHOWN], *([f"and {more:,} more like it"] if more > 0 else [])])

    def _rank(self, path: Path) -> tuple[bool, bool, int, Path]:
        """Return a sort key: files of the right size, then the archive known to contain the file, then by size."""
        n_bytes, archive = path.stat().st_size, self.wanted.archive
        return n_bytes != self.wanted.bytes, archive is None or archive.name != path.name, n_bytes, path

    def _in_file(self, path: Path, *, is_named: bool) -> bytes | None:
        try:
            with opened(path) as file:
                n_bytes = path.stat().st_size
                raw = file.read(self.wanted.bytes + 1) if n_bytes == self.wanted.bytes else b""
            if raw and self._is_it(raw):
                return raw
            if begins_as_archive(path):
                return self._in_archive(path, is_named=is_named)
        except OSError as error:
            self.seen.append(f"{path} cannot be read ({error.strerror or error})")
            return None
        if is_named or path.name == self.wanted.name or raw:
            self.seen.append(f"{path} {self._difference(n_bytes)} (and it is no archive)")
        return None

    def _in_archive(self, path: Path, *, is_named: bool) -> bytes | None:
        is_known = self.wanted.archive is not None and path.name == self.wanted.archive.name
        resembling: list[str] = []
        try:
            for name, raw in self._members(path, resembling):
                if self._is_it(raw):
                    return raw
                resembling.append(f"{name!a} in {path} {self._difference(len(raw))}")
        except ArchiveError as error:
            if is_named or is_known:
                resembling.append(f"{path} is a damaged archive, or none: {error.message}")
        if not resembling and (is_named or is_known):
            resembling.append(f"the archive {path} does not hold it")
        self.seen += resembling
        return None

    def _members(self, archive: Path, resembling: list[str]) -> Iterator[tuple[str, bytes]]:
        """Yield members of the right size; those of another size but the right name are noted in ``resembling``."""
        limits = ArchiveLimits(member_bytes=self.wanted.bytes, total_bytes=_MOST_UNPACKED)
        for name, unpack in read_members(archive, limits):
            if unpack.size == self.wanted.bytes:
                unpacked = io.BytesIO()
                try:
                    unpack(unpacked)
                except ArchiveError as error:  # the next member may be intact
                    resembling.append(error.message)
                else:
                    yield name, unpacked.getvalue()
            elif name.rsplit("/", 1)[-1] == self.wanted.name:
                resembling.append(f"{name!a} in {archive} {self._difference(unpack.size)}")

    def _is_it(self, raw: bytes) -> bool:
        return hashlib.sha256(raw).hexdigest() == self.wanted.sha256

    def _difference(self, n_bytes: int) -> str:
        if n_bytes == self.wanted.bytes:
            return "has the right size, but another sha256: damaged, or another version"
        if n_bytes < self.wanted.bytes:
            return f"has {n_bytes:,} of {self.wanted.bytes:,} bytes: cut short, or another file"
        return f"has {n_bytes:,} bytes instead of {self.wanted.bytes:,}: another file"
