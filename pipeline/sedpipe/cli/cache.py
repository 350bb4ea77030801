"""``cache``: list the contents of the cache, and free space."""

from __future__ import annotations

import sys
from pathlib import Path

import rich_click as click

from sedpipe.cli.options import common
from sedpipe.cli.terminal import print_line, print_report
from sedpipe.cli.types import Quantity
from sedpipe.views.terminal.machine import cache_lines, prune_lines


@click.group()
def cache() -> None:
    """List what is in the cache, and free space."""


@cache.command("list")
@click.argument("dataset", required=False)
@common
def cache_list(dataset: str | None, cache_dir: Path, as_json: bool, quiet: bool) -> None:
    """List features by their parameters, audio and runs, with sizes and last use."""
    from sedpipe.io.cache.open import open_dataset
    from sedpipe.stages.cache import list_cache

    name = None if dataset is None else open_dataset(dataset, cache_dir).name
    print_report(list_cache(cache_dir, name), cache_lines, as_json)


@cache.command("prune")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(["features", "audio", "run", "leftover"]),
              help="Only items of this kind; repeatable.")  # fmt: skip
@click.option("--unused-days", type=Quantity(0), metavar="N", help="Only what was not used for N days.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def cache_prune(
    names: tuple[str, ...], kinds: tuple[str, ...], unused_days: float | None, yes: bool,
    cache_dir: Path, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Delete items that are named as in `cache list`, or chosen by kind and age; asks first.

    Links are not followed; items that a process is writing to are kept.
    """
    from sedpipe.reports.machine import CacheReport
    from sedpipe.stages.cache import choose, list_cache, prune

    chosen = choose(list_cache(cache_dir).items, names, kinds, unused_days)
    if chosen and not yes:
        shown = CacheReport(chosen, sum(item.bytes for item in chosen))
        for line in cache_lines(shown):
            print_line(line, err=True)
        if not click.confirm("Free all of these?", err=True):
            chosen = []
    report = prune(cache_dir, chosen)
    print_report(report, prune_lines, as_json)
    if report.kept:
        sys.exit(1)


COMMANDS = (cache,)
