"""Reports of ``doctor`` and ``cache``.

- :class:`DoctorReport`, with every :class:`Check`
- :class:`CacheReport`, :class:`PruneReport`
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sedpipe.io.cache.disk_usage import CacheItem


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Parameters
    ----------
    name : str
        What was checked.
    ok : bool
        Whether it is in order.
    found : str
        What was found.
    advice : str
        What to do if it is not in order.
    required : bool
        Whether sedpipe needs it; if not, it is only recommended.
    """

    name: str
    ok: bool
    found: str
    advice: str = ""
    required: bool = True


@dataclass(frozen=True)
class DoctorReport:
    """All checks, in the order in which problems should be fixed."""

    dataset: str
    checks: list[Check]
    is_healthy: bool
    stage: str = field(default="doctor")


@dataclass(frozen=True)
class CacheReport:
    """What is in the cache."""

    items: list[CacheItem]
    bytes: int
    stage: str = field(default="cache")


@dataclass(frozen=True)
class PruneReport:
    """What was freed; ``kept`` gives the reasons why some chosen items are still there."""

    freed: list[CacheItem]
    kept: dict[str, str]
    bytes: int
    stage: str = field(default="cache")
