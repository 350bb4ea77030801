"""Options that several commands share, and the dataset argument.

- :func:`common`: ``--cache``, ``--json``, ``--quiet``
- :func:`asked_features`, :func:`model_to_begin_with`, :func:`given`: values of some of these options
- :func:`dataset_argument`, :func:`jobs_option`, :func:`cluster_options`, :func:`front_end_options`,
  :func:`init_option`, :func:`seed_option`, :func:`device_option`, :func:`operating_point_option`,
  :func:`open_option`: options that only some commands have
- :data:`EXIT_RETRYABLE`: the exit code of a command that is finished but not complete
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click
from click.core import ParameterSource
from click.globals import get_current_context

from sedpipe.choices import DTYPES, OPERATING_POINTS
from sedpipe.cli.types import Quantity

if TYPE_CHECKING:
    from sedpipe.io.cache.dataset import Dataset
    from sedpipe.io.models.beginning import Beginning
    from sedpipe.io.settings.front_ends import AskedFeatures

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_DATASET = "dcase2017-task4"
LIST = click.Path(path_type=Path, exists=True, dir_okay=False)
LISTS = click.Path(path_type=Path, exists=True)
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)

OF_ALL = ("cache_dir", "as_json", "quiet")
"""Parameters of the options that :func:`common` adds."""

EXIT_RETRYABLE = 3
"""Exit code of a command that has finished, but left clips or cells of a table that can be retried."""


def _remember_json(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
    ctx.meta["as_json"] = value
    return value


def common(command: Command) -> Command:
    """Add the options that every command has."""
    options = [
        click.option("--cache", "-c", "cache_dir", type=FOLDER, default=Path("cache"), envvar="SEDPIPE_CACHE",
                     show_default=True, show_envvar=True, help="Folder where everything is stored."),
        click.option("--json", "as_json", is_flag=True, callback=_remember_json, is_eager=True,
                     help="Print one JSON object on stdout and nothing else."),
        click.option("--quiet", "-q", is_flag=True, help="Show no progress."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def dataset_argument(command: Command) -> Command:
    """Add the dataset that a command works on, an optional argument."""
    return click.argument("dataset", default=DEFAULT_DATASET, metavar="[DATASET]")(command)


def jobs_option(command: Command) -> Command:
    """Add the number of processes that a command may use."""
    return click.option(
        "--jobs",
        "-j",
        type=click.IntRange(1),
        default=processors,
        show_default="all processors",
        help="Worker processes.",
    )(command)


def cluster_options(command: Command) -> Command:
    """Add the options for workers: processes on this machine or of a Dask cluster."""
    options = [
        click.option("--backend", type=click.Choice(["loky", "dask"]), default="loky", show_default=True,
                     callback=_remember_backend, is_eager=True, expose_value=False,
                     help="Workers: processes on this machine (loky) or of a Dask cluster."),
        click.option("--scheduler", metavar="ADDRESS", callback=_belongs_to_a_cluster,
                     help="Address of the Dask scheduler, such as tcp://10.0.0.1:8786."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def _remember_backend(ctx: click.Context, _: click.Parameter, value: str) -> None:
    ctx.meta["backend"] = value


def _belongs_to_a_cluster(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
    if (ctx.meta["backend"] == "dask") != (value is not None):
        raise click.UsageError("--backend dask and --scheduler ADDRESS go together")
    return value


def front_end_options(command: Command) -> Command:
    """Add the options that choose features; see :func:`asked_features`.

    `train` finds the features that `features` made with the same options.
    """
    options = [
        click.option("--front-end", type=click.Path(path_type=Path), metavar="FILE",
                     help="Front end of a published system (cdur, gccaps, kong, mcfee, mlms, surrey, wang), or a TOML "
                     "with other log-mel parameters (sample_rate, window_length, hop_length, n_fft, n_mels, f_min, "
                     "f_max, window, spectrum, floor, n_frames) or with front_end = NAME and its settings."),
        click.option("--n-mels", type=click.IntRange(1), help="Mel bands.", show_default="80"),
        click.option("--encoder", metavar="NAME[,NAME]",
                     help="Pretrained encoders instead of log-mel: yamnet, aisfx, birdnet, or the path of a TOML; "
                     "several are concatenated, logmel may be one of them. `sedpipe encoders` describes them."),
        click.option("--hop", "hop_s", type=Quantity(0, min_open=True), metavar="SECONDS",
                     help="Time between frames of the encoders.", show_default="the encoder's"),
        click.option("--dtype", type=click.Choice(DTYPES), help="Data type of stored features.",
                     show_default="float16"),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def init_option(command: Command) -> Command:
    """Add the model that a training starts from; see :func:`model_to_begin_with`."""
    return click.option(
        "--init", metavar="RUN|MODEL",
        help="Use this model's features and, in train, start from its weights; new classes start from random weights.",
    )(command)  # fmt: skip


def asked_features(options: dict[str, Any]) -> AskedFeatures:
    """Return the values of :func:`front_end_options`, and remove them from a command's options."""
    from sedpipe.io.settings.front_ends import AskedFeatures

    return AskedFeatures(**{field.name: options.pop(field.name) for field in fields(AskedFeatures)})


def given(*names: str) -> list[str]:
    """Return options of the running command that were given on the command line, as words for another command.

    Parameters
    ----------
    *names : str
        Names of the parameters to return; if none is given, all except those of :func:`common`.
    """
    context = get_current_context()
    repeated = [
        option
        for option in context.command.params
        if isinstance(option, click.Option)
        and option.name is not None
        and (option.name in names if names else option.name not in OF_ALL)
        and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
    ]
    return [word for option in repeated for word in _as_written(option, context.params[str(option.name)])]


def _as_written(option: click.Option, value: Any) -> list[str]:
    """Return an option and its value as words; tuples are joined by commas, and an empty one becomes ``none``."""
    name = max(option.opts, key=len)
    if option.is_flag:
        return [name]
    values = value if option.multiple else [",".join(map(str, value)) or "none" if isinstance(value, tuple) else value]
    return [word for each in values for word in (name, str(each))]


def model_to_begin_with(options: dict[str, Any], dataset: Dataset) -> Beginning | None:
    """Return the model that ``--init`` names: one that comes with sedpipe, a folder, or a run of the dataset."""
    address = options.pop("init")
    if address is None:
        return None
    from sedpipe.io.models.beginning import beginning_of
    from sedpipe.io.models.open import open_model

    return beginning_of(open_model(address, dataset, "cpu"))


def seed_option(command: Command) -> Command:
    """Add the random seed."""
    return click.option(
        "--seed",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="Random seed of initial weights, clip order and dropout.",
    )(command)


def open_option(command: Command) -> Command:
    """Add the option that opens the page in a browser."""
    return click.option("--open", "is_opened", is_flag=True, help="Show the page in a browser.")(command)


def device_option(command: Command) -> Command:
    """Add the device that the network runs on."""
    return click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, ...")(command)


def operating_point_option(command: Command) -> Command:
    """Add the operating point of a run's post-processing."""
    return click.option(
        "--operating-point", type=click.Choice(OPERATING_POINTS), default="min_er", show_default=True,
        help="Thresholds of the event list: for the lowest error rate or the highest F1.",
    )(command)  # fmt: skip


def processors() -> int:
    """Return the number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
