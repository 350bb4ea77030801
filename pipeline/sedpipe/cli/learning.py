"""Commands for training: ``train``, ``export``, ``demo``."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.globals import get_current_context

from sedpipe.choices import PRECISIONS
from sedpipe.cli.help import EXAMPLES
from sedpipe.cli.options import (
    FOLDER,
    asked_features,
    common,
    dataset_argument,
    device_option,
    front_end_options,
    given,
    init_option,
    jobs_option,
    model_to_begin_with,
    processors,
    seed_option,
)
from sedpipe.cli.terminal import Terminal, print_report
from sedpipe.cli.types import HierarchyType, PoolingType, Quantity
from sedpipe.commands import command
from sedpipe.views.terminal.learning import dry_run_lines, export_lines, train_lines
from sedpipe.views.terminal.scores import demo_lines

if TYPE_CHECKING:
    from sedpipe.io.cache.dataset import Dataset


@click.command(epilog=EXAMPLES["train"])
@dataset_argument
@click.option("--pooling", type=PoolingType(),
              help="Pooling function: max, average, linear, exponential, attention, auto, cap, rap, power.",
              show_default="the preset's, linear")  # fmt: skip
@click.option("--hierarchy", type=HierarchyType(),
              help="Frames (segments) pooled in each stage before the last; none: single pooling.",
              show_default="the preset's: 5,5 in paper, small, demo and both")  # fmt: skip
@click.option("--segment-weights", type=click.Choice(["corrected", "original", "learned"]),
              help="Weights of segments: Eq. 4 of the erratum, Eq. A-1, or learned by a dense layer.",
              show_default="corrected")  # fmt: skip
@click.option("--network", help="crnn, both, head, milsed, cnn9, surrey, talnet, gccaps, multiscale, mlms, "
              "attention_head: another network than the preset's, with its default sizes.",
              show_default="the preset's")  # fmt: skip
@click.option("--preset", help="paper, small, cdur, head, a published system (docs/table3.md), or the path of a TOML.",
              show_default="head or both with --encoder; else small on a CPU, paper on a GPU")  # fmt: skip
@click.option("--recipe", default="paper", show_default=True,
              help="How to train: paper, strong, robust, or the path of a TOML.")  # fmt: skip
@click.option("--run", "-r", help="Name of the run.", show_default="composed from the settings")
@seed_option
@click.option("--supervision", type=click.Choice(["weak", "mixed"]),
              help="mixed: also train on the strong labels of training clips that have them.",
              show_default="the recipe's, weak")  # fmt: skip
@click.option(
    "--teacher",
    metavar="RUN",
    help="Self-training: also train on the frame probabilities of this run, limited to the weak labels.",
)
@click.option("--freeze", is_flag=True, help="With --init: train only the last layers.")
@click.option("--epochs", type=click.IntRange(0), help="Maximum number of epochs; 0 leaves the network untrained.")
@click.option("--more-epochs", type=click.IntRange(1), metavar="N",
              help="Continue a finished run for N epochs beyond where it first ended; with --run, its original options "
              "apply.")  # fmt: skip
@click.option("--batch-size", type=click.IntRange(1), help="Clips per step.")
@click.option("--threads", type=click.IntRange(1), default=processors, show_default="all processors",
              help="CPU threads; their number affects the last digits of results.")  # fmt: skip
@click.option("--precision", type=click.Choice(PRECISIONS), default="auto", show_default=True,
              help="Precision of convolutions in training; auto is bfloat16 on a GPU.")  # fmt: skip
@click.option("--compile", "compiled", is_flag=True,
              help="Compile the network with torch.compile; needs a C++ compiler.")  # fmt: skip
@click.option("--deterministic", is_flag=True,
              help="On a GPU: bit-identical results for a random seed, also after resuming; slower.")  # fmt: skip
@front_end_options
@init_option
@click.option("--save-every", type=Quantity(0), default=60.0, show_default=True, metavar="SECONDS",
              help="How often progress within an epoch is saved; does not affect results.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print layers, parameters, memory and time; train nothing.")
@device_option
@click.option("--devices", type=click.IntRange(1), default=1, show_default=True,
              help="Processes that share each batch: one per GPU, or on the CPU.")  # fmt: skip
@common
def train(
    dataset: str, run: str | None, save_every: float, dry_run: bool, cache_dir: Path, as_json: bool, quiet: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Train a network, or resume a training; then choose thresholds on `testing`."""
    from sedpipe.io.cache.open import open_dataset
    from sedpipe.io.settings.front_ends import feature_spec
    from sedpipe.io.settings.train_settings import Asked, train_settings
    from sedpipe.stages.train import train as run_stage
    from sedpipe.steps.next_steps import after_training
    from sedpipe.steps.supervision import teacher_named

    opened = open_dataset(dataset, cache_dir)
    options, words = _as_begun(options, opened, run)
    asked = asked_features(options)
    begin = model_to_begin_with(options, opened)
    if options["teacher"] is not None:
        options["teacher"] = teacher_named(opened, options["teacher"])
    spec = feature_spec(opened.read_record().clip_format, asked, like=begin.spec if begin else None)
    settings = train_settings(Asked(**options), begin, spec.front_end.content)
    settings = replace(settings, command=("train", dataset, *words))
    listener = Terminal(quiet=quiet)
    if options["preset"] is None and begin is None:
        listener.say(f"--preset {settings.preset}, for {spec.front_end.name} features on {settings.device}")
    if dry_run:
        from sedpipe.stages.dry_run import dry_run as tell

        print_report(tell(opened, settings, spec, begin), dry_run_lines, as_json)
        return
    report = run_stage(
        opened, settings, spec, run_name=run, save_every_s=save_every, begin=begin, listener=listener
    )  # fmt: skip
    following = command(*after_training(opened, dataset, report.run), cache=cache_dir)
    print_report(report, partial(train_lines, following=following), as_json)


def _as_begun(options: dict[str, Any], dataset: Dataset, run: str | None) -> tuple[dict[str, Any], list[str]]:
    """Return the options of this call, also as words; with ``--more-epochs``, the run's original options come first."""
    from sedpipe.io.cache.runs import named_run

    record = named_run(dataset, run).find_record() if run is not None and options["more_epochs"] else None
    if record is None or not record.command:
        return options, given()
    words, context = [*record.command[2:], *given()], get_current_context()
    begun = context.command.make_context(context.info_name, list(words), parent=context.parent)
    return {name: begun.params[name] for name in options}, words


@click.command(epilog=EXAMPLES["export"])
@click.argument("run")
@click.option("--dataset", "-d", help="Dataset of the run, if RUN is a name.")
@click.option("--out", "-o", type=FOLDER, metavar="DIR",
              help="Where to write.", show_default="export/ in the run's folder")  # fmt: skip
@click.option("--format", "-f", "form", type=click.Choice(["safetensors", "onnx"]), default="safetensors",
              show_default=True,
              help="safetensors: weights, which `predict --model` can load; onnx: the network as well.")  # fmt: skip
@common
def export(
    run: str, dataset: str | None, out: Path | None, form: str, cache_dir: Path, as_json: bool, quiet: bool
) -> None:
    """Write a trained model as files for other programs: safetensors or ONNX, and config.json."""
    from sedpipe.io.cache.open import open_dataset
    from sedpipe.stages.export import export as run_stage

    report = run_stage(run, cache=open_dataset(dataset, cache_dir) if dataset else None, out=out, form=form)
    print_report(report, export_lines, as_json)


@click.command(epilog=EXAMPLES["demo"])
@click.option("--preset", default="demo", show_default=True, help="demo, small, paper, or the path of a TOML.")
@click.option("--epochs", type=click.IntRange(0), help="Maximum number of epochs.")
@seed_option
@jobs_option
@device_option
@common
def demo(
    preset: str, epochs: int | None, seed: int, jobs: int, device: str, cache_dir: Path, as_json: bool, quiet: bool
) -> None:
    """Run all stages on a small built-in dataset; no network needed."""
    from sedpipe.io.settings.train_settings import Asked, train_settings
    from sedpipe.stages.demo import demo as run_stage

    asked = Asked(processors(), preset, seed=seed, device=device, epochs=epochs)
    report = run_stage(cache_dir, train_settings(asked), jobs=jobs, listener=Terminal(quiet=quiet))
    print_report(report, partial(demo_lines, cache=cache_dir), as_json)


COMMANDS = (
    train,
    export,
    demo,
)
