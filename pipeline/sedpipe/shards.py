"""One of several processes that share the work on a dataset.

- :class:`Shard`: decides which clips a process handles
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_WRITTEN = re.compile(r"(\d{1,6})/(\d{1,6})")


@dataclass(frozen=True)
class Shard:
    """Part ``index`` of ``count``, counted from 1.

    Parameters
    ----------
    index, count : int
        ``1 <= index <= count``.

    Raises
    ------
    ValueError
        If there is no such part.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.index <= self.count:
            most = max(1, self.count)
            raise ValueError(f"expected a part from 1/{most} to {most}/{most}, got {self.index}/{self.count}")

    @classmethod
    def parse(cls, written: str) -> Shard:
        """Read ``2/8``.

        >>> Shard.parse("2/8")
        Shard(index=2, count=8)
        """
        match = _WRITTEN.fullmatch(written)
        if match is None:
            raise ValueError(f"expected a part like 2/8, got {written!r}")
        return cls(int(match[1]), int(match[2]))

    def holds(self, clip_id: str) -> bool:
        """Whether a clip belongs to this part; only its name decides, so lists may grow or change their order."""
        # file names are bytes, which need not be valid UTF-8
        digest = hashlib.sha256(clip_id.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index - 1

    @property
    def suffix(self) -> str:
        """Suffix for file names: ``2-of-8``."""
        return f"{self.index}-of-{self.count}"
