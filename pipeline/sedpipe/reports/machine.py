"""What the verbs that look after the machine say: ``doctor``, ``cache``.

- :class:`DoctorReport`, of :class:`Check`
- :class:`CacheReport`, :class:`PruneReport`
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sedpipe.io.cache.disk_usage import CacheItem


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Parameters
    ----------
    name : str
        What.
    ok : bool
        Whether it is as it should be.
    found : str
        What was found.
    advice : str
        What to do, where it is not.
    required : bool
        Whether nothing works without it; else it is only good to know.
    """

    name: str
    ok: bool
    found: str
    advice: str = ""
    required: bool = True


@dataclass(frozen=True)
class DoctorReport:
    """All checks, in the order in which one would mend them."""

    dataset: str
    checks: list[Check]
    is_healthy: bool
    stage: str = field(default="doctor")


@dataclass(frozen=True)
class CacheReport:
    """What lies in the cache."""

    items: list[CacheItem]
    bytes: int
    stage: str = field(default="cache")


@dataclass(frozen=True)
class PruneReport:
    """What was freed; ``kept`` says why some chosen items are still there."""

    freed: list[CacheItem]
    kept: dict[str, str]
    bytes: int
    stage: str = field(default="cache")
