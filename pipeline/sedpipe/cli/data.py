"""Commands that get data, ``download`` and ``features``, and that report what there is, ``status`` and ``doctor``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import rich_click as click

from sedpipe.choices import COMPRESSIONS, RETRY
from sedpipe.cli.applies import refuse
from sedpipe.cli.help import EXAMPLES
from sedpipe.cli.options import (
    DEFAULT_DATASET,
    EXIT_RETRYABLE,
    FILE,
    asked_features,
    cluster_options,
    common,
    dataset_argument,
    front_end_options,
    given,
    init_option,
    jobs_option,
    model_to_begin_with,
)
from sedpipe.cli.terminal import Terminal, print_report
from sedpipe.cli.types import BytesType, Quantity, ShardType
from sedpipe.commands import command
from sedpipe.listener import clock
from sedpipe.shards import Shard
from sedpipe.views.terminal.data import download_lines, explain_lines, features_lines, status_lines
from sedpipe.views.terminal.machine import doctor_lines
from sedpipe.views.terminal.overview import overview_parts
from sedpipe.views.terminal.quantities import size
from sedpipe.wording import counted


@click.command(epilog=EXAMPLES["download"])
@click.argument("dataset", required=False, metavar="[DATASET]")
@click.option("--from", "places", multiple=True, metavar="PLACE",
              help="Use audio from here first: a folder, an archive, or a URL; repeatable.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Count the listed clips; download no audio.")
@click.option("--yes", is_flag=True, help="Do not ask before a download that takes days.")
@click.option("--retry", multiple=True, type=click.Choice(RETRY),
              help="Also try these clips again; repeatable.")  # fmt: skip
@click.option("--limit", type=click.IntRange(0), metavar="N",
              help="Download at most N clips this time; 0 uses only what --from has.")  # fmt: skip
@click.option(
    "--shard", type=ShardType(), help="Only this part of the clips, such as 2/8; each part has its own ledger."
)
@click.option("--workers", type=click.IntRange(1, 32), default=2, show_default=True, help="Parallel downloads.")
@click.option("--sleep", "spacing_s", type=Quantity(0), default=8.0, show_default=True, metavar="SECONDS",
              help="Pause between videos, varied at random by up to 30 %.")  # fmt: skip
@click.option("--cookies", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
              help="Cookies of an account, in Netscape format.")  # fmt: skip
@click.option("--cookies-from-browser", metavar="NAME", help="firefox, chrome, chrome:PROFILE, ...")
@click.option("--proxy", metavar="URL", help="Such as socks5://127.0.0.1:1080.")
@click.option("--rate-limit", type=BytesType(), help="Maximum bytes per second, such as 500K or 2M.")
@jobs_option
@common
def download(
    dataset: str | None, places: tuple[str, ...], dry_run: bool, yes: bool, retry: tuple[str, ...],
    limit: int | None, shard: Shard | None, jobs: int, cache_dir: Path, as_json: bool, quiet: bool, **network: Any,
) -> None:  # fmt: skip
    """Get the clip lists and the audio of a dataset."""
    from sedpipe.io.manifests.load import load_manifest
    from sedpipe.sources.access import FetchOptions
    from sedpipe.stages.download import DownloadOptions
    from sedpipe.stages.download import download as run_stage

    if dataset is None and not dry_run and limit is None:
        _ask_before_days(DEFAULT_DATASET, cache_dir, yes=yes)
    dataset = dataset or DEFAULT_DATASET
    manifest = load_manifest(dataset)
    if not manifest.takes_places:
        refuse(("places",), dataset, "datasets whose recordings are fetched")
    if not manifest.is_crawled:
        refuse(tuple(network), dataset, "datasets from YouTube")
    if dry_run:
        refuse(("limit", "shard"), "--dry-run, which counts all clips")
    options = DownloadOptions(retry, limit, shard, FetchOptions(**network))
    report = run_stage(manifest, cache_dir, places, jobs=jobs, dry_run=dry_run, options=options,
                       listener=Terminal(quiet=quiet))  # fmt: skip
    print_report(report, partial(download_lines, address=dataset, cache=cache_dir), as_json)
    if report.stopped or report.missing or any(getattr(counts, "retryable", 0) for counts in report.splits.values()):
        sys.exit(EXIT_RETRYABLE)


def _ask_before_days(dataset: str, cache_dir: Path, *, yes: bool) -> None:
    """Print time and size of the default dataset's download; ask for confirmation if a person can be asked."""
    from sedpipe.io.cache.open import open_dataset
    from sedpipe.steps.expectation import expectation

    left = expectation(open_dataset(dataset, cache_dir), dataset)
    if not left.clips:
        return
    how_long = f"{left.hours / 24:.0f} days" if left.hours >= 48 else clock(3600 * left.hours)
    click.echo(
        f"{dataset}: {counted(left.clips, 'clip')} from YouTube, about {how_long} as a guest and "
        f"{size(left.n_bytes)}; `sedpipe download DATASET` names another one",
        err=True,
    )
    if not yes and sys.stdin.isatty() and not click.confirm("Begin?", err=True):
        sys.exit(0)


@click.command(epilog=EXAMPLES["features"])
@dataset_argument
@front_end_options
@init_option
@click.option("--compress", "compression", type=click.Choice(COMPRESSIONS),
              help="Compress with HDF5's filters; values stay the same.",
              show_default="as the store is; none for a new one")  # fmt: skip
@click.option("--explain", is_flag=True, help="Say which features would be computed and why; compute nothing.")
@click.option("--shard", type=ShardType(), help="Only this part of the clips, such as 2/8; the last part merges all.")
@cluster_options
@jobs_option
@common
def features(
    dataset: str, compression: str | None, explain: bool, shard: Shard | None, scheduler: str | None,
    jobs: int, cache_dir: Path, as_json: bool, quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Compute features (log-mel, or embeddings of pretrained encoders) in parallel, stored as HDF5."""
    from sedpipe.io.cache.open import open_dataset
    from sedpipe.io.settings.front_ends import feature_spec
    from sedpipe.stages.features import explain_features, extract_features
    from sedpipe.steps.next_steps import after_features

    if explain:
        refuse(("compression", "shard", "scheduler"), "--explain, which computes nothing")
    opened, asked = open_dataset(dataset, cache_dir), asked_features(options)
    begin = model_to_begin_with(options, opened)
    spec = feature_spec(opened.read_record().clip_format, asked, like=begin.spec if begin else None)
    if explain:
        print_report(explain_features(opened, spec, jobs=jobs), explain_lines, as_json)
        return
    report = extract_features(
        opened, spec, compression=compression, jobs=jobs, scheduler=scheduler, shard=shard,
        listener=Terminal(quiet=quiet),
    )  # fmt: skip
    following = command(*after_features(opened, dataset, given(*options)), cache=cache_dir)
    print_report(report, partial(features_lines, following=following), as_json)
    if not report.waiting and not report.holds_any:
        sys.exit(1)
    if any(counts.failed for counts in report.splits.values()):
        sys.exit(EXIT_RETRYABLE)


@click.command(epilog=EXAMPLES["status"])
@click.argument("dataset", required=False, metavar="[DATASET]")
@click.option("--export", type=FILE, metavar="FILE",
              help="Write the state of each clip to a TSV file.")  # fmt: skip
@click.option("--classes", is_flag=True, help="Also count clips by class.")
@common
def status(
    dataset: str | None, export: Path | None, classes: bool, cache_dir: Path, as_json: bool, quiet: bool
) -> None:
    """Show what each stage has and lacks, and the next command; without DATASET, for all datasets of the cache."""
    from sedpipe.io.cache.open import open_dataset
    from sedpipe.stages.status import export_clips, overview
    from sedpipe.stages.status import status as run_stage

    if dataset is None:
        if export is not None or classes:
            raise click.UsageError("--export and --classes need the name of a dataset")
        return print_report(overview(cache_dir), overview_parts, as_json)
    opened = open_dataset(dataset, cache_dir)
    report = run_stage(opened, address=dataset, classes=classes)
    if export is not None:
        rows = export_clips(opened, export)
        Terminal(quiet=quiet).say(f"{export}: {counted(rows, 'clip')}")
    print_report(report, status_lines, as_json)


@click.command(epilog=EXAMPLES["doctor"])
@dataset_argument
@common
def doctor(dataset: str, cache_dir: Path, as_json: bool, quiet: bool) -> None:
    """Check this machine: what it has, what it lacks, and what to do about it."""
    from sedpipe.io.cache.open import open_dataset
    from sedpipe.stages.doctor import doctor as run_stage

    report = run_stage(cache_dir, open_dataset(dataset, cache_dir).name, address=dataset)
    print_report(report, doctor_lines, as_json)
    if not report.is_healthy:
        sys.exit(1)


COMMANDS = (
    download,
    features,
    status,
    doctor,
)
