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

from sedpipe import __version__
from sedpipe.errors import SedpipeError, SettingsError
from sedpipe.fates import Fate
from sedpipe.listener import Listener
from sedpipe.shards import Shard
from sedpipe.views.terminal import lines

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from sedpipe.features.spec import FeatureSpec
    from sedpipe.io.cache.dataset import Dataset
    from sedpipe.labels import LabelSet
    from sedpipe.nn.networks.crnn import PoolingConfig
    from sedpipe.steps.run_record import TrainSettings

Item = TypeVar("Item")
Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_DATASET = "dcase2017-task4"
LIST = click.Path(path_type=Path, exists=True, dir_okay=False)

EXIT_RETRYABLE = 3
"""Finished, but some clips, or cells of a table, can still be retried."""


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
    return click.argument("dataset", default=DEFAULT_DATASET, metavar="[DATASET]")(command)


def jobs_option(command: Command) -> Command:
    """How many processes a verb may use."""
    return click.option(
        "--jobs", type=click.IntRange(1), default=_processors, show_default="all processors", help="Worker processes."
    )(command)


def front_end_options(command: Command) -> Command:
    """Which log-mel parameters: `train` finds the features that `features` made with the same ones."""
    options = [
        click.option("--front-end", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                     help="A TOML with other log-mel parameters: sample_rate, window_length, hop_length, n_fft, "
                     "n_frames, n_mels, floor."),
        click.option("--n-mels", type=click.IntRange(1), help="Mel bands.  [default: 80]"),
        click.option("--dtype", type=click.Choice(["float16", "float32"]), default="float16", show_default=True,
                     help="How feature values are stored."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def seed_option(command: Command) -> Command:
    """What decides chance."""
    return click.option(
        "--seed", type=click.IntRange(0), default=0, show_default=True, help="Decides weights, order and dropout."
    )(command)


def device_option(command: Command) -> Command:
    """Where the network runs."""
    return click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, ...")(command)


def operating_point_option(command: Command) -> Command:
    """Which of a run's post-processings."""
    return click.option(
        "--operating-point", type=click.Choice(["min_er", "max_f1"]), default="min_er", show_default=True,
        help="Which thresholds the event list is made with.",
    )(command)  # fmt: skip


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


class SeedsType(click.ParamType[tuple[int, ...]]):
    """Seeds like 0,1,2."""

    name = "N,N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Read them."""
        if isinstance(value, tuple):
            return value
        if not re.fullmatch(r"\d{1,9}(,\d{1,9})*", str(value)):
            self.fail(f"expected seeds like 0,1,2, got {value!r}", param, ctx)
        return tuple(dict.fromkeys(int(seed) for seed in str(value).split(",")))


class PoolingType(click.ParamType[str]):
    """The name of a pooling function: those of sedpipe, and what a script of one's own has added."""

    name = "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check it."""
        from sedpipe.nn.pooling import POOLING_FUNCTIONS

        if value not in POOLING_FUNCTIONS:
            self.fail(f"expected one of {', '.join(POOLING_FUNCTIONS)}, got {value!r}", param, ctx)
        return str(value)


class PoolingsType(click.ParamType[tuple[str, ...]]):
    """Names of pooling functions like linear,attention."""

    name = "NAME,NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Read them."""
        if isinstance(value, tuple):
            return value
        names = dict.fromkeys(str(value).split(","))
        return tuple(PoolingType().convert(name, param, ctx) for name in names)


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
    from sedpipe.io.manifests.load import load_manifest
    from sedpipe.sources.youtube import FetchOptions
    from sedpipe.stages.download import DownloadOptions
    from sedpipe.stages.download import download as run_stage

    manifest = load_manifest(dataset)
    options = DownloadOptions(retry, limit, shard, FetchOptions(**network))
    report = run_stage(manifest, cache_dir, places, jobs=jobs, dry_run=dry_run, options=options,
                       listener=Terminal(quiet=quiet))  # fmt: skip
    _print(report, partial(lines.download_lines, address=dataset), as_json)
    if report.stopped or any(counts.get("retryable") for counts in report.splits.values()):
        sys.exit(EXIT_RETRYABLE)


@main.command()
@dataset_argument
@front_end_options
@click.option("--compress", "compression", type=click.Choice(["none", "gzip", "lzf"]),
              help="HDF5's own filters; values stay the same.  [default: as the store is, none at first]")  # fmt: skip
@click.option("--explain", is_flag=True, help="Say which features would be made and why; make nothing.")
@click.option("--shard", type=ShardType(), help="Only this part of the clips, such as 2/8; the last part merges.")
@click.option("--backend", type=click.Choice(["loky", "dask"]), default="loky", show_default=True,
              help="Where workers are: processes of this machine, or of a Dask cluster.")  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS", help="Of the Dask cluster, such as tcp://10.0.0.1:8786.")
@jobs_option
@common
def features(
    dataset: str, front_end: Path | None, n_mels: int | None, dtype: str, compression: str | None, explain: bool,
    shard: Shard | None, backend: str, scheduler: str | None, jobs: int, cache_dir: Path, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Make log-mel spectrograms, in parallel, into HDF5."""
    from sedpipe.stages.features import explain_features, extract_features

    if (backend == "dask") != (scheduler is not None):
        raise click.UsageError("--backend dask and --scheduler ADDRESS go together")
    opened, spec = _opened(dataset, cache_dir), _features(front_end, n_mels, dtype)
    if explain:
        _print(explain_features(opened, spec, jobs=jobs), lines.explain_lines, as_json)
        return
    report = extract_features(
        opened, spec, compression=compression, jobs=jobs, scheduler=scheduler, shard=shard,
        listener=Terminal(quiet=quiet),
    )  # fmt: skip
    _print(report, lines.features_lines, as_json)


def _features(path: Path | None, n_mels: int | None, dtype: str) -> FeatureSpec:
    """The front end of a file, with what the command line changes."""
    from sedpipe.features.logmel import LogMelConfig
    from sedpipe.features.spec import FeatureSpec
    from sedpipe.io.settings.front_ends import load_front_end

    chosen = LogMelConfig() if path is None else load_front_end(path)
    return FeatureSpec(replace(chosen, **_given(n_mels=n_mels)), dtype)


@main.command()
@dataset_argument
@click.option("--pooling", type=PoolingType(),
              help="Pooling function: max, average, linear, exponential, attention, auto.  "
                   "[default: the preset's, linear]")  # fmt: skip
@click.option("--hierarchy", metavar="N,N|none",
              help="Frames pooled in each stage before the last; none is single pooling.  [default: 5,5]")  # fmt: skip
@click.option("--segment-weights", type=click.Choice(["corrected", "original", "learned"]),
              help="Weights of a stage's segments: Eq. 4 of the erratum, Eq. A-1, or a dense layer.  "
                   "[default: corrected]")  # fmt: skip
@click.option("--preset", default="paper", show_default=True,
              help="paper, small, cdur, or the path of a TOML.")  # fmt: skip
@click.option("--recipe", default="paper", show_default=True,
              help="How it is trained: paper, strong, or the path of a TOML.")  # fmt: skip
@click.option("--run", help="Name of the run.  [default: made from the settings]")
@seed_option
@click.option("--epochs", type=click.IntRange(0), help="At most; 0 leaves the network untrained.")
@click.option("--batch-size", type=click.IntRange(1), help="Clips a step.")
@click.option("--threads", type=click.IntRange(1), default=_processors, show_default="all processors",
              help="CPU threads; part of what decides the last digits.")  # fmt: skip
@click.option("--precision", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto", show_default=True,
              help="Of convolutions and GRU; auto is bfloat16 on a GPU.")  # fmt: skip
@click.option("--compile", "compiled", is_flag=True,
              help="Have torch.compile fuse the network's operations; needs a C++ compiler.")  # fmt: skip
@front_end_options
@click.option("--save-every", type=click.FloatRange(0), default=60.0, show_default=True, metavar="SECONDS",
              help="How often what is done of an epoch is stored; changes no result.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Tell layers, parameters, memory and time; train nothing.")
@device_option
@click.option("--devices", type=click.IntRange(1), default=1, show_default=True,
              help="Processes that share each batch: on GPUs one each, else on the processor.")  # fmt: skip
@common
def train(
    dataset: str, front_end: Path | None, n_mels: int | None, dtype: str, run: str | None, save_every: float,
    dry_run: bool,
    cache_dir: Path, as_json: bool, quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Train a network, or go on with one; ends by choosing thresholds on `testing`."""
    from sedpipe.stages.train import train as run_stage

    opened, settings = _opened(dataset, cache_dir), _settings(**options)
    spec = _features(front_end, n_mels, dtype)
    if dry_run:
        from sedpipe.stages.dry_run import dry_run as tell

        _print(tell(opened, settings, spec), lines.dry_run_lines, as_json)
        return
    report = run_stage(
        opened, settings, spec, run_name=run, save_every_s=save_every,
        listener=Terminal(quiet=quiet),
    )  # fmt: skip
    _print(report, partial(lines.train_lines, address=dataset), as_json)


def _settings(
    *, preset: str, pooling: str | None, hierarchy: str | None, segment_weights: str | None, seed: int, device: str,
    threads: int, epochs: int | None, batch_size: int | None, precision: str = "auto", compiled: bool = False,
    recipe: str = "paper", devices: int = 1,
) -> TrainSettings:  # fmt: skip
    """A preset with what the command line changes."""
    from sedpipe.io.settings.presets import load_preset
    from sedpipe.io.settings.recipes import load_recipe
    from sedpipe.nn.device import choose_device
    from sedpipe.steps.run_record import TrainSettings

    chosen = load_preset(preset)
    changes = _given(function=pooling, hierarchy=_groups(hierarchy), segment_weights=segment_weights)
    pool = _changed(chosen.pooling, changes)
    used = load_recipe(recipe)
    training = replace(used.applied_to(chosen.training), **_given(epochs=epochs, batch_size=batch_size))
    return TrainSettings(
        chosen.name, chosen.network, pool, training, seed, choose_device(device), threads, precision, compiled,
        used.name, devices,
    )  # fmt: skip


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
@click.argument("dataset", required=False, metavar="[DATASET]")
@click.option("--run", "runs", multiple=True, metavar="RUN",
              help="Name or path of a run; several are scored as their mean.  [default: the newest]")  # fmt: skip
@click.option("--split", type=click.Choice(["training", "testing", "evaluation"]), default="evaluation",
              show_default=True, help="What to score; nothing is ever tuned on it here.")  # fmt: skip
@click.option("--estimated", type=LIST, metavar="LIST", help="Score this event list, of any system, ...")
@click.option("--reference", type=LIST, metavar="LIST", help="... against this one; DATASET then only names classes.")
@click.option("--duration", type=click.FloatRange(0, min_open=True), metavar="SECONDS",
              help="Of every clip of the lists.  [default: by its name, or its last event]")  # fmt: skip
@click.option("--durations", type=LIST, metavar="LIST", help="Of each clip: filename, duration.")
@click.option("--time-resolution", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True,
              metavar="SECONDS", help="Length of a segment, for lists.")  # fmt: skip
@click.option("--against", metavar="RUN|LIST", help="What to compare with, on the same clips.")
@operating_point_option
@click.option("--explain", is_flag=True, help="Show what each step of tuning gained, there and cross-validated.")
@click.option("--export-scores", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Write frame probabilities as sed_scores_eval reads them.")  # fmt: skip
@device_option
@common
def score(
    dataset: str | None, estimated: Path | None, reference: Path | None, duration: float | None,
    durations: Path | None, time_resolution: float, against: str | None,
    explain: bool, cache_dir: Path, as_json: bool, quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Events and scores (checked by sed_eval) of a run on a split, or of any event list."""
    if estimated is not None and reference is not None:
        from sedpipe.stages.score_lists import score_lists

        listed = score_lists(
            reference, estimated, labels=_labels_of(dataset, cache_dir), duration=duration, durations=durations,
            against=Path(against) if against else None, time_resolution=time_resolution,
        )  # fmt: skip
        return _print(listed, lines.list_score_lines, as_json)
    if estimated is not None or reference is not None:
        raise click.UsageError("--reference and --estimated go together")
    from sedpipe.stages.score import score as run_stage

    report = run_stage(
        _opened(dataset or DEFAULT_DATASET, cache_dir), run=options.pop("runs"), against=against,
        listener=Terminal(quiet=quiet), **options,
    )  # fmt: skip
    _print(report, partial(lines.score_lines, explain=explain), as_json)


def _labels_of(dataset: str | None, cache_dir: Path) -> LabelSet | None:
    """Classes of a dataset that is in the cache, comes with sedpipe, or is a TOML."""
    from sedpipe.io.cache.dataset import Dataset
    from sedpipe.io.manifests.load import load_manifest
    from sedpipe.labels import LabelSet

    if dataset is None:
        return None
    record = Dataset(cache_dir, dataset).find_record() if _is_cached(dataset, cache_dir) else None
    return LabelSet(record.labels if record else load_manifest(dataset).labels)


@main.command()
@click.argument("places", nargs=-1, required=True, metavar="FILE_OR_DIR...", type=click.Path(path_type=Path))
@click.option("--model", metavar="RUN", help="Folder of a run or an export; esc10, sedpipe's own; or a dataset's run.")
@click.option("--dataset", help="Whose run it is; without --model, its newest.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Write a file a recording here, in the folders' own layout; what is finished is kept.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["tsv", "csv", "json", "audacity"]), default="tsv",
              show_default=True, help="DCASE's event list, with probabilities, or Audacity's labels.")  # fmt: skip
@operating_point_option
@click.option("--threshold", type=click.FloatRange(0, 1), help="Probability from which on a class sounds, instead.")
@device_option
@common
def predict(
    places: tuple[Path, ...], model: str | None, dataset: str | None, out: Path | None, form: str,
    operating_point: str, threshold: float | None, device: str, cache_dir: Path, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Events in any recordings, of any length and format, by a trained run."""
    from sedpipe.nn.device import choose_device
    from sedpipe.stages.predict import predict as run_stage

    listener = Terminal(quiet=quiet)
    report = run_stage(
        places, model, cache=_cache_of(dataset, cache_dir), out=out, form=form, operating_point=operating_point,
        threshold=threshold, device=choose_device(device), listener=listener,
    )  # fmt: skip
    if as_json or out is not None:
        _print(report, partial(lines.predict_lines, out=str(out)), as_json)
    else:
        from sedpipe.io.predictions import rendered

        click.echo(rendered(report.files, form), nl=False)
    for line in lines.predict_remarks(asdict(report)):
        click.echo(line, err=True)
    if report.n_failed:
        sys.exit(EXIT_RETRYABLE if report.n_failed < len(report.files) else 1)


@main.command()
@click.argument("run")
@click.option("--dataset", help="Whose run it is, where RUN is a name.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Where to write.  [default: export/ in the run's folder]")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["safetensors", "onnx"]), default="safetensors", show_default=True,
              help="Weights, which `predict --model` reads too, or the network as ONNX.")  # fmt: skip
@common
def export(
    run: str, dataset: str | None, out: Path | None, form: str, cache_dir: Path, as_json: bool, quiet: bool
) -> None:
    """A trained run as files for other programs: safetensors or ONNX, and config.json."""
    from sedpipe.stages.export import export as run_stage

    report = run_stage(run, cache=_cache_of(dataset, cache_dir), out=out, form=form)
    _print(report, lines.export_lines, as_json)


@main.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--split", type=click.Choice(["training", "testing", "evaluation"]),
              help="Which scores.  [default: those there are, evaluation first]")  # fmt: skip
@click.option("--clips", "n_clips", type=click.IntRange(0), default=12, show_default=True, metavar="N",
              help="How many clips to show; each adds about 0.1 MB.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Decides which clips are random.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="The page.  [default: report-SPLIT.html in the run's folder]")  # fmt: skip
@common
def report(
    runs: tuple[str, ...], split: str | None, n_clips: int, seed: int, output: Path | None,
    cache_dir: Path, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """One HTML file about a scored run, or about several side by side.

    RUN is a name within any dataset of the cache, or the path of a run's folder.
    """
    from sedpipe.stages.report import report as run_stage

    written = run_stage(runs, cache_dir, split=split, n_clips=n_clips, seed=seed, path=output,
                        listener=Terminal(quiet=quiet))  # fmt: skip
    _print(written, lines.report_lines, as_json)


@main.command()
@click.argument("table", type=click.Choice(["table2", "figure5"]))
@dataset_argument
@click.option("--preset", default="paper", show_default=True, help="paper, small, cdur, or the path of a TOML.")
@click.option("--recipe", default="paper", show_default=True, help="paper, strong, or the path of a TOML.")
@click.option("--epochs", type=click.IntRange(1), help="At most, in every cell.")
@click.option("--seeds", type=SeedsType(), default="0,1,2,3,4", show_default=True, help="As many cells a system.")
@click.option("--poolings", type=PoolingsType(), default="linear,exponential,attention", show_default=True,
              help="Which rows; each single and hierarchical.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Where cells and table lie.  [default: tables/ in the dataset's folder]")  # fmt: skip
@click.option("--shard", type=ShardType(), help="Make only this part of the cells, such as 2/8.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, metavar="N",
              help="Cells made at the same time, each in a process of its own.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1), default=_processors, show_default="all processors",
              help="CPU threads, shared by the cells made at the same time.")  # fmt: skip
@click.option("--clip", metavar="CLIP_ID", help="What figure5 shows.")
@click.option("--split", type=click.Choice(["training", "testing", "evaluation"]), default="testing",
              show_default=True, help="Whose clip it is.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the systems in figure5.")
@device_option
@common
def reproduce(
    table: str, dataset: str, seeds: tuple[int, ...], poolings: tuple[str, ...], out: Path | None,
    shard: Shard | None, jobs: int, clip: str | None, split: str, seed: int, cache_dir: Path, as_json: bool,
    quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """The paper's Table 2 on a dataset: six systems, several seeds, intervals; only what is missing is made.

    figure5 draws what the six systems of one seed say of a clip; the table's runs must be there.
    """
    if (table == "figure5") != (clip is not None):
        raise click.UsageError("figure5 and --clip go together")
    from sedpipe.stages.reproduce.table2 import reproduce_table2

    settings = _settings(**options, seed=0, pooling=None, hierarchy=None, segment_weights=None, batch_size=None)
    if clip is not None:
        from sedpipe.stages.reproduce.figure5 import reproduce_figure5

        drawn = reproduce_figure5(_opened(dataset, cache_dir), settings, clip, seed, split=split,
                                  poolings=poolings, folder=out, listener=Terminal(quiet=quiet))  # fmt: skip
        return _print(drawn, lines.figure5_lines, as_json)
    report = reproduce_table2(_opened(dataset, cache_dir), settings, _features(None, None, "float16"), seeds,
                              poolings=poolings, folder=out, shard=shard, jobs=jobs, listener=Terminal(quiet=quiet),
                              )  # fmt: skip
    _print(report, lines.reproduce_lines, as_json)
    if report.failed:
        sys.exit(EXIT_RETRYABLE)


@main.command()
@dataset_argument
@click.option("--export", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write what is known of each clip to a TSV.")  # fmt: skip
@click.option("--classes", is_flag=True, help="Count clips by class, too.")
@common
def status(dataset: str, export: Path | None, classes: bool, cache_dir: Path, as_json: bool, quiet: bool) -> None:
    """What each stage has and lacks, and the command to run next."""
    from sedpipe.stages.status import export_clips
    from sedpipe.stages.status import status as run_stage

    opened = _opened(dataset, cache_dir)
    report = run_stage(opened, address=dataset, classes=classes)
    if export is not None:
        rows = export_clips(opened, export)
        Terminal(quiet=quiet).say(f"{export}: {rows:,} clips")
    _print(report, lines.status_lines, as_json)


@main.command()
@dataset_argument
@common
def doctor(dataset: str, cache_dir: Path, as_json: bool, quiet: bool) -> None:
    """What this machine has and lacks, and what to do about it."""
    from sedpipe.stages.doctor import doctor as run_stage

    report = run_stage(cache_dir, _name_of(dataset, cache_dir), address=dataset)
    _print(report, lines.doctor_lines, as_json)
    if not report.is_healthy:
        sys.exit(1)


@main.group()
def cache() -> None:
    """What lies in the cache, and freeing it."""


@cache.command("list")
@click.argument("dataset", required=False)
@common
def cache_list(dataset: str | None, cache_dir: Path, as_json: bool, quiet: bool) -> None:
    """Features by their parameters, audio and runs: sizes and last use."""
    from sedpipe.stages.cache import list_cache

    _print(list_cache(cache_dir, dataset), lines.cache_lines, as_json)


@cache.command("prune")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(["features", "audio", "run", "leftover"]),
              help="Only these; repeatable.")  # fmt: skip
@click.option("--unused-days", type=click.FloatRange(0), metavar="N", help="Only what nobody used for N days.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def cache_prune(
    names: tuple[str, ...], kinds: tuple[str, ...], unused_days: float | None, yes: bool,
    cache_dir: Path, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Free what is named as `cache list` names it, or chosen by kind and age; asks first.

    Links are never followed, and what a process is writing stays.
    """
    from sedpipe.stages.cache import CacheReport, choose, list_cache, prune

    chosen = choose(list_cache(cache_dir).items, names, kinds, unused_days)
    if chosen and not yes:
        shown = CacheReport(chosen, sum(item.bytes for item in chosen))
        click.echo("\n".join(lines.cache_lines(asdict(shown))), err=True)
        if not click.confirm("Free all of these?", err=True):
            chosen = []
    report = prune(cache_dir, chosen)
    _print(report, lines.prune_lines, as_json)
    if report.kept:
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
    from sedpipe.stages.demo import demo as run_stage

    settings = _settings(preset=preset, pooling=None, hierarchy=None, segment_weights=None, seed=seed, device=device,
                         threads=_processors(), epochs=epochs, batch_size=None)  # fmt: skip
    report = run_stage(cache_dir, settings, jobs=jobs, listener=Terminal(quiet=quiet))
    _print(report, lines.demo_lines, as_json)


def _name_of(dataset: str, cache_dir: Path) -> str:
    """Name of a dataset that is in the cache, comes with sedpipe, or is a TOML."""
    if _is_cached(dataset, cache_dir):
        return dataset
    from sedpipe.io.manifests.load import load_manifest

    return load_manifest(dataset).name


def _opened(dataset: str, cache_dir: Path) -> Dataset:
    from sedpipe.io.cache.dataset import Dataset

    return Dataset(cache_dir, _name_of(dataset, cache_dir))


def _is_cached(dataset: str, cache_dir: Path) -> bool:
    named = "/" not in dataset and not dataset.startswith(".")
    return named and (cache_dir / dataset / "dataset.json").exists()


def _cache_of(dataset: str | None, cache_dir: Path) -> Dataset | None:
    return None if dataset is None else _opened(dataset, cache_dir)


def _print(report: DataclassInstance, told: Callable[[dict[str, Any]], list[str]], as_json: bool) -> None:
    """A report on stdout: the JSON object, or what a person reads of it."""
    content = asdict(report)
    click.echo(json.dumps(content, ensure_ascii=False) if as_json else "\n".join(told(content)))


if __name__ == "__main__":
    main()
