"""Reports of the commands that check the machine and manage the cache -> lines of text, without line ends.

- :func:`doctor_lines`
- :func:`cache_lines`, :func:`prune_lines`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sedpipe.views.terminal.quantities import size

if TYPE_CHECKING:
    from sedpipe.io.cache.disk_usage import CacheItem
    from sedpipe.reports.machine import CacheReport, DoctorReport, PruneReport


def doctor_lines(report: DoctorReport) -> list[str]:
    """Return a line for each check, and advice where something is missing."""
    lines = []
    for check in report.checks:
        mark = "ok     " if check.ok else "MISSING" if check.required else "note   "
        lines += [f"{mark}  {check.name}: {check.found}", *([f"           {check.advice}"] if check.advice else [])]
    return lines


def cache_lines(report: CacheReport) -> list[str]:
    """Return a line for each item: size, last use, name, and, for features, their parameters."""
    lines = [f"{size(item.bytes):>9}  {item.last_use[:10]}  {item.name}{_told(item)}" for item in report.items]
    return [*lines, f"{size(report.bytes):>9}  in all"]


def prune_lines(report: PruneReport) -> list[str]:
    """Return what was deleted, and what was kept and why."""
    return [
        *(f"freed {item.name}" for item in report.freed),
        *(f"kept {name}: {why}" for name, why in report.kept.items()),
        f"{size(report.bytes)} freed",
    ]


def _told(item: CacheItem) -> str:
    if item.link:
        return f" -> {item.link}"
    if item.unreadable:
        return f"  {item.unreadable}"
    parameters = ", ".join(f"{name} {value}" for name, value in item.parameters.items())
    return f"  {parameters}" if parameters else ""
