"""``sedpipe cache``: list the contents of the cache, with sizes and last use, and free space.

- :func:`list_cache`: everything that can be freed
- :func:`choose`: choose items by name, by kind, by age
- :func:`prune`: free the chosen items
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sedpipe.errors import SedpipeError, SettingsError
from sedpipe.io.cache.disk_usage import UNKNOWN, CacheItem, cache_items, free, places
from sedpipe.io.files.atomic import remove_leftovers
from sedpipe.reports.machine import CacheReport, PruneReport
from sedpipe.suggestions import did_you_mean

_LONGEST_DAYS = 365 * 100  # nothing in a cache is older, and a larger number would lead to a date out of range


def list_cache(cache_dir: Path, dataset: str | None = None) -> CacheReport:
    """List everything that can be freed, of one dataset or of all."""
    items = cache_items(cache_dir, dataset)
    return CacheReport(items, sum(item.bytes for item in items))


def choose(
    items: Iterable[CacheItem], names: Sequence[str], kinds: Sequence[str] = (), unused_days: float | None = None
) -> list[CacheItem]:
    """Choose items by name, by kind and by the time since their last use; each criterion is optional.

    A folder without read permission may contain items of any kind: it is chosen for every kind, so that :func:`prune`
    reports it, and keeps it.

    Parameters
    ----------
    items : iterable of CacheItem
        All items of the cache.
    names : sequence of str
        Names of items, as ``sedpipe cache list`` prints them; empty for all.
    kinds : sequence of str
        Kinds of items: ``features``, ``audio``, ``run``, ``leftover``; empty for all.
    unused_days : float, optional
        Minimum number of days since the last use.

    Raises
    ------
    SettingsError
        If no item has one of the names, or no criterion is given.
    """
    items = list(items)
    if not names and not kinds and unused_days is None:
        raise SettingsError(
            "nothing was named to delete",
            hint="name items as `sedpipe cache list` shows them, or use --kind or --unused-days",
        )
    known = [item.name for item in items]
    for name in names:
        if name not in known:
            raise SettingsError(
                f"{name!r} is not in the cache{did_you_mean(name, known)}",
                hint="`sedpipe cache list` shows what is there",
            )
    latest = datetime.now(UTC) - timedelta(days=min(unused_days or 0, _LONGEST_DAYS))
    return [
        item
        for item in items
        if (not names or item.name in names)
        and (not kinds or item.kind in (*kinds, UNKNOWN))
        and (unused_days is None or datetime.fromisoformat(item.last_use) < latest)
    ]


def prune(cache_dir: Path, items: Iterable[CacheItem]) -> PruneReport:
    """Free items; links, and items that a process is writing, are kept and reported.

    Leftovers of an earlier call that was killed while deleting are deleted as well.
    """
    freed, kept = [], {}
    for item in items:
        try:
            free(cache_dir, item)
        except SedpipeError as error:
            kept[item.name] = f"{error.message}; {error.hint}" if error.hint else error.message
        else:
            freed.append(item)
    remove_leftovers(*places(cache_dir))
    return PruneReport(freed, kept, sum(item.bytes for item in freed))
