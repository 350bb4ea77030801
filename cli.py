"""The door: options in, one stage call, one report out.

Only this file imports click, prints, or draws a bar. Stages are imported inside the commands, so that
``sedpipe --help`` never waits for torch. Reports go to stdout, everything else to stderr.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pipeline import __version__
from pipeline.errors import SedpipeError, SettingsError
from pipeline.fates import Fate
from pipeline.report.lines import (
    demo_lines,
    doctor_lines,
    download_lines,
    dry_run_lines,
    features_lines,
    score_lines,
    status_lines,
    train_lines,
)
from pipeline.shards import Shard
from pipeline.stages.progress import Listener

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from pipeline.nn.crnn import PoolingConfig
    from pipeline.stages.run_record import TrainSettings

Item = TypeVar("Item")
Command = TypeVar("Command", bound=Callable[..., Any])

EXIT_RETRYABLE = 3
"""Finished, but some clips can still be retried."""


class Door(click.Group):
    """The one error boundary: what a user can mend is a sentence, not a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a :class:`SedpipeError` ends with exit code 1."""
        try:
            return super().invoke(ctx)
        except SedpipeError as error:
            _complain(error, as_json=ctx.meta.get("as_json", False))
            ctx.exit(1)


def _complain(error: SedpipeError, *, as_json: bool) -> None:
    if as_json:
        kind = type(error).__name__
        click.echo(json.dumps({"error": {"type": kind, "message": error.message, "hint": error.hint}}))
    click.echo(f"Error: {error.message}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)


class Terminal(Listener):
    """Listens to a stage: lines and, on a terminal, bars; all on stderr."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def say(self, line: str) -> None:
        """A line for a person."""
        if not self._quiet:
            click.echo(line, err=True)

    def track(self, items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
        """Pass ``items`` on, with a bar where there is a terminal."""
        from tqdm import tqdm

        hidden = True if self._quiet or total == 0 else None  # None: hidden unless stderr is a terminal
        bar = tqdm(items, total=total, desc=what, disable=hidden, leave=False, file=sys.stderr)
        states: Counter[str] = Counter()
        for item in bar:
            if isinstance(item, Fate):
                states[item.state] += 1
                bar.set_postfix(states, refresh=False)
            yield item


def _remember_json(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
    ctx.meta["as_json"] = value
    return value


def common(command: Command) -> Command:
    """Options of every verb."""
    options = [
        click.option("--cache", "cache_dir", type=click.Path(path_type=Path, file_okay=False), default=Path("cache"),
                     show_default=True, help="Where everything that is made lies."),
        click.option("--json", "as_json", is_flag=True, callback=_remember_json, is_eager=True,
                     help="Print one JSON object on stdout, nothing else."),
        click.option("--quiet", is_flag=True, help="No progress."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def dataset_argument(command: Command) -> Command:
    """The dataset a verb works on."""
    return click.argument("dataset", default="dcase2017-task4", metavar="[DATASET]")(command)


def jobs_option(command: Command) -> Command:
    """How many processes a verb may use."""
    return click.option(
        "--jobs", type=click.IntRange(1), default=_processors, show_default="all processors", help="Worker processes."
    )(command)


def seed_option(command: Command) -> Command:
    """What decides chance."""
    return click.option(
        "--seed", type=click.IntRange(0), default=0, show_default=True, help="Decides weights, order and dropout."
    )(command)


def device_option(command: Command) -> Command:
    """Where the network runs."""
    return click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, ...")(command)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@click.group(cls=Door, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sedpipe")
def main() -> None:
    """Weakly labelled sound event detection: download -> features -> train -> score.

    DATASET is demo, esc10-fold4, esc10, dcase2017-task4, or the path of a TOML of your own. Every verb can be
    killed and run again: it goes on where it was. `sedpipe demo` shows all of it in a few minutes.
    """


class ShardType(click.ParamType[Shard]):
    """A part like 2/8."""

    name = "I/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Shard:
        """Read it."""
        try:
            return value if isinstance(value, Shard) else Shard.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class BytesType(click.ParamType[int]):
    """A number of bytes like 500K or 2M."""

    name = "RATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMG]?)", str(value).upper())
        if match is None or float(match[1]) == 0:
            self.fail(f"expected bytes a second like 500K or 2M, got {value!r}", param, ctx)
        return max(1, round(float(match[1]) * 1024.0 ** " KMG".index(match[2] or " ")))


@main.command()
@dataset_argument
@click.option("--from", "places", multiple=True, metavar="PLACE",
              help="Look here first: a folder, an archive, an address; repeatable.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Count what is listed; touch no audio.")
@click.option("--retry", multiple=True, type=click.Choice(["gone", "blocked", "all"]),
              help="Try these again, too; repeatable.")  # fmt: skip
@click.option("--limit", type=click.IntRange(0), metavar="N",
              help="Fetch at most N clips this time; 0 takes only what --from has.")  # fmt: skip
@click.option("--shard", type=ShardType(), help="Only this part of the clips, such as 2/8; each has a ledger.")
@click.option("--workers", type=click.IntRange(1, 32), default=2, show_default=True, help="Videos at the same time.")
@click.option("--sleep", "spacing_s", type=click.FloatRange(0), default=8.0, show_default=True, metavar="SECONDS",
              help="From one video to the next, a little longer or shorter at random.")  # fmt: skip
@click.option("--cookies", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
              help="Cookies of an account, in Netscape's form.")  # fmt: skip
@click.option("--cookies-from-browser", metavar="NAME", help="firefox, chrome, chrome:PROFILE, ...")
@click.option("--proxy", metavar="URL", help="Such as socks5://127.0.0.1:1080.")
@click.option("--rate-limit", type=BytesType(), help="Most bytes a second, such as 500K or 2M.")
@jobs_option
@common
def download(
    dataset: str, places: tuple[str, ...], dry_run: bool, retry: tuple[str, ...], limit: int | None,
    shard: Shard | None, jobs: int, cache_dir: Path, as_json: bool, quiet: bool, **network: Any,
) -> None:  # fmt: skip
    """Get the rows and the audio of a dataset."""
    from pipeline.io.manifests.load import load_manifest
    from pipeline.sources.youtube import FetchOptions
    from pipeline.stages.download import DownloadOptions
    from pipeline.stages.download import download as run_stage

    manifest = load_manifest(dataset)
    options = DownloadOptions(retry, limit, shard, FetchOptions(**network))
    report = run_stage(manifest, cache_dir, places, jobs=jobs, dry_run=dry_run, options=options,
                       listener=Terminal(quiet=quiet))  # fmt: skip
    _print(report, partial(download_lines, address=dataset), as_json)
    if report.stopped or any(counts.get("retryable") for counts in report.splits.values()):
        sys.exit(EXIT_RETRYABLE)


@main.command()
@dataset_argument
@click.option("--dtype", type=click.Choice(["float16", "float32"]), default="float16", show_default=True,
              help="How values are stored.")  # fmt: skip
@jobs_option
@common
def features(dataset: str, dtype: str, jobs: int, cache_dir: Path, as_json: bool, quiet: bool) -> None:
    """Make log-mel spectrograms, in parallel, into HDF5."""
    from pipeline.logmel import LogMelConfig
    from pipeline.stages.features import extract_features

    name = _name_of(dataset, cache_dir)
    listener = Terminal(quiet=quiet)
    report = extract_features(name, cache_dir, LogMelConfig(), dtype=dtype, jobs=jobs, listener=listener)
    _print(report, features_lines, as_json)


@main.command()
@dataset_argument
@click.option("--pooling", type=click.Choice(["max", "average", "linear", "exponential", "attention", "auto"]),
              help="Pooling function.  [default: the preset's, linear]")  # fmt: skip
@click.option("--hierarchy", metavar="N,N|none",
              help="Frames pooled in each stage before the last; none is single pooling.  [default: 5,5]")  # fmt: skip
@click.option("--segment-weights", type=click.Choice(["corrected", "original", "learned"]),
              help="Weights of a stage's segments: Eq. 4 of the erratum, Eq. A-1, or a dense layer.  "
                   "[default: corrected]")  # fmt: skip
@click.option("--preset", default="paper", show_default=True, help="paper, small, or the path of a TOML.")
@click.option("--run", help="Name of the run.  [default: made from the settings]")
@seed_option
@click.option("--epochs", type=click.IntRange(0), help="At most; 0 leaves the network untrained.")
@click.option("--batch-size", type=click.IntRange(1), help="Clips a step.")
@click.option("--threads", type=click.IntRange(1), default=_processors, show_default="all processors",
              help="CPU threads; part of what decides the last digits.")  # fmt: skip
@click.option("--dtype", type=click.Choice(["float16", "float32"]), default="float16", show_default=True,
              help="Which features.")  # fmt: skip
@click.option("--save-every", type=click.FloatRange(0), default=60.0, show_default=True, metavar="SECONDS",
              help="How often what is done of an epoch is stored; changes no result.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Tell layers, parameters, memory and time; train nothing.")
@device_option
@common
def train(
    dataset: str, dtype: str, run: str | None, save_every: float, dry_run: bool,
    cache_dir: Path, as_json: bool, quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Train a network, or go on with one; ends by choosing thresholds on `testing`."""
    from pipeline.logmel import LogMelConfig
    from pipeline.stages.train import train as run_stage

    name, settings = _name_of(dataset, cache_dir), _settings(**options)
    if dry_run:
        from pipeline.stages.dry_run import dry_run as tell

        _print(tell(name, cache_dir, settings, LogMelConfig(), feature_dtype=dtype), dry_run_lines, as_json)
        return
    report = run_stage(
        name, cache_dir, settings, LogMelConfig(), feature_dtype=dtype, run_name=run, save_every_s=save_every,
        listener=Terminal(quiet=quiet),
    )  # fmt: skip
    _print(report, partial(train_lines, address=dataset), as_json)


def _settings(
    *, preset: str, pooling: str | None, hierarchy: str | None, segment_weights: str | None, seed: int, device: str,
    threads: int, epochs: int | None, batch_size: int | None,
) -> TrainSettings:  # fmt: skip
    """A preset with what the command line changes."""
    from pipeline.io.presets import load_preset
    from pipeline.stages.run_record import TrainSettings
    from pipeline.stages.train import choose_device

    chosen = load_preset(preset)
    changes = _given(function=pooling, hierarchy=_groups(hierarchy), segment_weights=segment_weights)
    pool = _changed(chosen.pooling, changes)
    training = replace(chosen.training, **_given(epochs=epochs, batch_size=batch_size))
    return TrainSettings(chosen.name, chosen.network, pool, training, seed, choose_device(device), threads)


def _changed(config: PoolingConfig, changes: dict[str, Any]) -> PoolingConfig:
    try:
        return replace(config, **changes)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _groups(hierarchy: str | None) -> tuple[int, ...] | None:
    if hierarchy is None:
        return None
    if hierarchy == "none":
        return ()
    try:
        return tuple(int(group) for group in hierarchy.split(","))
    except ValueError:
        raise click.BadParameter(
            f"expected groups like 5,5 or none, got {hierarchy!r}", param_hint="--hierarchy"
        ) from None


@main.command()
@dataset_argument
@click.option("--run", help="Name or path of a run.  [default: the newest]")
@click.option("--split", type=click.Choice(["training", "testing", "evaluation"]), default="evaluation",
              show_default=True, help="What to score; nothing is ever tuned on it here.")  # fmt: skip
@click.option("--operating-point", type=click.Choice(["min_er", "max_f1"]), default="min_er", show_default=True,
              help="Which thresholds the event list is made with.")  # fmt: skip
@device_option
@common
def score(
    dataset: str, run: str | None, split: str, operating_point: str, device: str,
    cache_dir: Path, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Events and scores (sed_eval's) of a run on a split; thresholds are never tuned here."""
    from pipeline.stages.score import score as run_stage
    from pipeline.stages.train import choose_device

    report = run_stage(
        _name_of(dataset, cache_dir), cache_dir, run=run, split=split, operating_point=operating_point,
        device=choose_device(device), listener=Terminal(quiet=quiet),
    )  # fmt: skip
    _print(report, score_lines, as_json)


@main.command()
@dataset_argument
@click.option("--export", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write what is known of each clip to a TSV.")  # fmt: skip
@click.option("--classes", is_flag=True, help="Count clips by class, too.")
@common
def status(dataset: str, export: Path | None, classes: bool, cache_dir: Path, as_json: bool, quiet: bool) -> None:
    """What each stage has and lacks, and the command to run next."""
    from pipeline.stages.status import export_clips
    from pipeline.stages.status import status as run_stage

    name = _name_of(dataset, cache_dir)
    report = run_stage(name, cache_dir, address=dataset, classes=classes)
    if export is not None:
        rows = export_clips(name, cache_dir, export)
        Terminal(quiet=quiet).say(f"{export}: {rows:,} clips")
    _print(report, status_lines, as_json)


@main.command()
@dataset_argument
@common
def doctor(dataset: str, cache_dir: Path, as_json: bool, quiet: bool) -> None:
    """What this machine has and lacks, and what to do about it."""
    from pipeline.stages.doctor import doctor as run_stage

    report = run_stage(cache_dir, _name_of(dataset, cache_dir), address=dataset)
    _print(report, doctor_lines, as_json)
    if not report.is_healthy:
        sys.exit(1)


@main.command()
@click.option("--preset", default="demo", show_default=True, help="demo, small, paper, or the path of a TOML.")
@click.option("--epochs", type=click.IntRange(0), help="At most.")
@seed_option
@jobs_option
@device_option
@common
def demo(
    preset: str, epochs: int | None, seed: int, jobs: int, device: str, cache_dir: Path, as_json: bool, quiet: bool
) -> None:
    """All stages on a small built-in dataset; no network needed."""
    from pipeline.stages.demo import demo as run_stage

    settings = _settings(preset=preset, pooling=None, hierarchy=None, segment_weights=None, seed=seed, device=device,
                         threads=_processors(), epochs=epochs, batch_size=None)  # fmt: skip
    report = run_stage(cache_dir, settings, jobs=jobs, listener=Terminal(quiet=quiet))
    _print(report, demo_lines, as_json)


def _name_of(dataset: str, cache_dir: Path) -> str:
    """Name of a dataset that is in the cache, comes with sedpipe, or is a TOML."""
    if "/" not in dataset and not dataset.startswith(".") and (cache_dir / dataset / "dataset.json").exists():
        return dataset
    from pipeline.io.manifests.load import load_manifest

    return load_manifest(dataset).name


def _print(report: DataclassInstance, lines: Callable[[dict[str, Any]], list[str]], as_json: bool) -> None:
    """A report on stdout: the JSON object, or what a person reads of it."""
    content = asdict(report)
    click.echo(json.dumps(content, ensure_ascii=False) if as_json else "\n".join(lines(content)))


if __name__ == "__main__":
    main()
