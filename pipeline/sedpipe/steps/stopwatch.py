"""Time that a training takes, including the earlier calls that this one continues.

- :class:`Stopwatch`
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any


class Stopwatch:
    """A stopwatch that continues from an earlier measurement.

    Parameters
    ----------
    before : mapping
        Earlier measurement, as :meth:`as_state` returns it; empty at the beginning.
    """

    def __init__(self, before: Mapping[str, Any]) -> None:
        self._begun = time.monotonic() - float(before.get("seconds", 0.0))
        # states of earlier versions contain no CPU time: then it stays unknown
        known = before.get("cpu_seconds", None if before else 0.0)
        self._cpu_begun = None if known is None else time.process_time() - float(known)

    @property
    def seconds(self) -> float:
        """Wall-clock time."""
        return time.monotonic() - self._begun

    @property
    def cpu_seconds(self) -> float | None:
        """CPU time of all threads of this process; None if earlier calls did not measure it."""
        return None if self._cpu_begun is None else time.process_time() - self._cpu_begun

    def as_state(self) -> dict[str, float | None]:
        """Return the state from which a later stopwatch continues."""
        return {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds}
