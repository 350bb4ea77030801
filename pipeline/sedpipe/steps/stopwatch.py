"""How long a training takes, that of calls before this one included.

- :class:`Stopwatch`
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any


class Stopwatch:
    """Counts on from what was measured before.

    Parameters
    ----------
    before : mapping
        As :meth:`as_state` gives it; empty at the beginning.
    """

    def __init__(self, before: Mapping[str, Any]) -> None:
        self._begun = time.monotonic() - float(before.get("seconds", 0.0))
        # a state of an earlier edition tells of no processor time: then nobody can
        known = before.get("cpu_seconds", None if before else 0.0)
        self._cpu_begun = None if known is None else time.process_time() - float(known)

    @property
    def seconds(self) -> float:
        """By the clock on the wall."""
        return time.monotonic() - self._begun

    @property
    def cpu_seconds(self) -> float | None:
        """Of all threads of this process; None where earlier calls did not count them."""
        return None if self._cpu_begun is None else time.process_time() - self._cpu_begun

    def as_state(self) -> dict[str, float | None]:
        """What a later one counts on from."""
        return {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds}
