"""Headers of untrusted tar archives.

- :class:`StrictInfo`: tarfile's class of headers, for which a damaged or malicious header is an error
"""

from __future__ import annotations

import re
import tarfile
from typing import Self

_RECORD = re.compile(rb"(\d{1,7}) ")
_DIGITS = re.compile(rb"\d{100}")


class StrictInfo(tarfile.TarInfo):
    """Tar header for which damage is an error; tarfile takes a damaged header for the end of the archive."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        """Return the next header."""
        try:
            return super().fromtarfile(tarfile_)
        except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
            raise tarfile.ReadError(str(error)) from error

    def _proc_pax(self, tarfile_: tarfile.TarFile) -> tarfile.TarInfo:
        """Raise for malformed records before Python reads them, which takes time quadratic in their number.

        This concerns Python before 3.11.10 and 3.12.6 (CVE-2024-6232).
        """
        content: bytes = tarfile_.fileobj.read(self._block(self.size))  # type: ignore[attr-defined]
        _check_records(content)
        tarfile_.fileobj = _Once(content, tarfile_)  # type: ignore[assignment]
        return super()._proc_pax(tarfile_)  # type: ignore[misc, no-any-return]


class _Once:
    """File that returns to an archive what was already read from it, and then restores the archive's own file."""

    def __init__(self, content: bytes, archive: tarfile.TarFile) -> None:
        self._content, self._archive, self._file = content, archive, archive.fileobj

    def read(self, _: int) -> bytes:
        self._archive.fileobj = self._file
        return self._content


def _check_records(content: bytes) -> None:
    """Raise ``tarfile.ReadError`` if records of an extended header (``LENGTH KEY=VALUE``) are malformed.

    Their lengths must be right, and they must contain a name and a value.
    """
    at = 0
    while content[at : at + 1] not in (b"", b"\0"):
        begin = _RECORD.match(content, at)
        end = at + int(begin[1]) if begin else 0
        if begin is None or not begin.end() < end <= len(content) or content[end - 1 : end] != b"\n":
            raise tarfile.ReadError("an extended header whose lengths are wrong")
        if b"=" not in content[begin.end() : end] or _DIGITS.search(content, begin.end(), end):
            raise tarfile.ReadError("an extended header that holds no names and values")
        at = end
