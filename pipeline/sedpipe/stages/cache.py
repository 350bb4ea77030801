"""``sedpipe cache``: what lies in the cache, how large it is and when it was used; and freeing it.

- :func:`list_cache`: everything that can be freed
- :func:`choose`: by name, by kind, by age
- :func:`prune`: free it
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

_LONGEST_DAYS = 365 * 100  # nothing was used longer ago, and dates do not reach back as far as numbers


def list_cache(cache_dir: Path, dataset: str | None = None) -> CacheReport:
    """Everything that can be freed, of one dataset or of all."""
    items = cache_items(cache_dir, dataset)
    return CacheReport(items, sum(item.bytes for item in items))


def choose(
    items: Iterable[CacheItem], names: Sequence[str], kinds: Sequence[str] = (), unused_days: float | None = None
) -> list[CacheItem]:
    """Those that have one of the names (all, where none is given), one of the kinds, and were not used for so long.

    A folder that may not be read may hold any kind: it is chosen, so that :func:`prune` tells of it, and keeps it.

    Parameters
    ----------
    items : iterable of CacheItem
        All that there are.
    names : sequence of str
        As ``sedpipe cache list`` has them; empty for all.
    kinds : sequence of str
        ``features``, ``audio``, ``run``, ``leftover``; empty for all.
    unused_days : float, optional
        Least number of days since the last use.

    Raises
    ------
    SettingsError
        If a name is none of theirs, or nothing narrows the choice.
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
    """Free these; what is a link, or what a process is writing, stays and is reported.

    What an earlier one was deleting when it was killed goes with them.
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
