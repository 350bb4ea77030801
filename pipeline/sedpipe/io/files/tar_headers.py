"""Headers of tar archives that nobody vouches for.

- :class:`StrictInfo`: what tarfile makes of a header, where a damaged one, or one made to do damage, is an error
"""

from __future__ import annotations

import re
import tarfile
from typing import Self

_RECORD = re.compile(rb"(\d{1,7}) ")
_DIGITS = re.compile(rb"\d{100}")


class StrictInfo(tarfile.TarInfo):
    """Headers, of which a damaged one is an error; to tarfile it is the archive's end."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        """The next one."""
        try:
            return super().fromtarfile(tarfile_)
        except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
            raise tarfile.ReadError(str(error)) from error

    def _proc_pax(self, tarfile_: tarfile.TarFile) -> tarfile.TarInfo:
        """Records that are none are an error before Python reads them, which takes the square of their number.

        That is so before 3.11.10 and 3.12.6 (CVE-2024-6232).
        """
        content: bytes = tarfile_.fileobj.read(self._block(self.size))  # type: ignore[attr-defined]
        _check_records(content)
        tarfile_.fileobj = _Once(content, tarfile_)  # type: ignore[assignment]
        return super()._proc_pax(tarfile_)  # type: ignore[misc, no-any-return]


class _Once:
    """Gives an archive what was read of it already, and then the archive's own file back."""

    def __init__(self, content: bytes, archive: tarfile.TarFile) -> None:
        self._content, self._archive, self._file = content, archive, archive.fileobj

    def read(self, _: int) -> bytes:
        self._archive.fileobj = self._file
        return self._content


def _check_records(content: bytes) -> None:
    """``tarfile.ReadError`` if the records of an extended header (``LENGTH KEY=VALUE``) are not as long as they say."""
    at = 0
    while content[at : at + 1] not in (b"", b"\0"):
        begin = _RECORD.match(content, at)
        end = at + int(begin[1]) if begin else 0
        if begin is None or not begin.end() < end <= len(content) or content[end - 1 : end] != b"\n":
            raise tarfile.ReadError("an extended header whose lengths are wrong")
        if b"=" not in content[begin.end() : end] or _DIGITS.search(content, begin.end(), end):
            raise tarfile.ReadError("an extended header that holds no names and values")
        at = end
