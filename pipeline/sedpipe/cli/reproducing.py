"""``reproduce``: reproduce the paper's tables and figure."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from sedpipe.choices import SPLITS
from sedpipe.cli.applies import refuse, refuse_all_but
from sedpipe.cli.help import EXAMPLES
from sedpipe.cli.options import (
    EXIT_RETRYABLE,
    FOLDER,
    asked_features,
    cluster_options,
    common,
    dataset_argument,
    device_option,
    front_end_options,
    given,
    processors,
)
from sedpipe.cli.terminal import Terminal, print_report
from sedpipe.cli.types import NamesType, PoolingsType, Quantity, SeedsType, ShardType
from sedpipe.views.terminal.learning import figure5_lines, reproduce_lines

if TYPE_CHECKING:
    from sedpipe.reports.tables import FigureReport, ReproduceReport

_FEATURES = ("front_end", "n_mels", "encoder", "hop_s", "dtype")
_OF_ONE_CLIP = ("clip", "split", "seed")
_CELLS = ("seeds", "shard", "jobs", "scheduler", "only_draws")
_BENCH = ("systems", "minutes", "baseline")
_ELSEWHERE = {
    "table2": (*_OF_ONE_CLIP, *_BENCH),
    "table3": (*_OF_ONE_CLIP, "preset", "recipe", "poolings", *_FEATURES),
    "figure5": (*_CELLS, *_BENCH),
}
"""Options that do not apply to a table or figure."""


@click.command(epilog=EXAMPLES["reproduce"])
@click.argument("table", type=click.Choice(["table2", "table3", "figure5"]))
@dataset_argument
@click.option("--preset", help="paper, small, cdur, head, a published system (docs/table3.md), or the path of a TOML.",
              show_default="small on a CPU, paper on a GPU")  # fmt: skip
@click.option("--recipe", default="paper", show_default=True, help="paper, strong, robust, or the path of a TOML.")
@click.option("--poolings", type=PoolingsType(), default="linear,exponential,attention", show_default=True,
              help="Rows of the table; each single and hierarchical.")  # fmt: skip
@click.option("--epochs", type=click.IntRange(1), help="Maximum number of epochs in each cell.")
@click.option("--seeds", type=SeedsType(), help="Random seeds: one cell for each, in every system.",
              show_default="0,1,2,3,4; in table3 0,1,2")  # fmt: skip
@front_end_options
@click.option("--systems", type=NamesType(), metavar="NAME,NAME",
              help="Systems of table3 (docs/table3.md), or paths of TOMLs.", show_default="all")  # fmt: skip
@click.option("--minutes", type=Quantity(0, min_open=True),
              help="Budget of each training in table3: CPU minutes (on a GPU: wall-clock minutes).",
              show_default="15, unless --epochs is given")  # fmt: skip
@click.option("--baseline", metavar="NAME", help="The system that others are compared with.",
              show_default="small, else the first")  # fmt: skip
@click.option("--clip", metavar="CLIP_ID", help="The clip that figure5 shows.")
@click.option("--split", "-s", type=click.Choice(SPLITS), default="testing",
              show_default=True, help="Split of that clip.")  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed of the systems in figure5."
)
@click.option("--out", "-o", type=FOLDER, metavar="DIR",
              help="Folder of the cells and the table.", show_default="tables/ in the dataset's folder")  # fmt: skip
@click.option(
    "--draw", "only_draws", is_flag=True,
    help="Draw the table of all cells in --out; trains nothing and needs no cache.",
)  # fmt: skip
@click.option("--shard", type=ShardType(), help="Make only this part of the cells, such as 2/8.")
@cluster_options
@click.option("--jobs", "-j", type=click.IntRange(1), default=1, show_default=True, metavar="N",
              help="Cells trained in parallel, each in its own process.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1), default=processors, show_default="all processors",
              help="CPU threads, shared by parallel cells.")  # fmt: skip
@device_option
@common
def reproduce(table: str, dataset: str, cache_dir: Path, as_json: bool, quiet: bool, **options: Any) -> None:
    """Reproduce the paper's tables: systems, several random seeds, confidence intervals; resumes.

    table2 compares six pooling structures, table3 published systems and ours with the same training budget.
    figure5 draws the frame probabilities of the six systems with one seed for a clip; it needs table2's runs.
    """
    from sedpipe.io.cache.open import open_dataset

    if (table == "figure5") != (options["clip"] is not None):
        raise click.UsageError("figure5 and --clip go together")
    refuse(_ELSEWHERE[table], table)
    opened, listener = open_dataset(dataset, cache_dir), Terminal(quiet=quiet)
    if options["only_draws"]:
        refuse_all_but(("only_draws", "out"), "--draw, which draws what is there")
        from sedpipe.stages.reproduce.drawing import draw_table

        if options["out"] is None:
            raise click.UsageError(f"--draw draws {table} from the cells in --out DIR: name that folder")
        print_report(draw_table(opened, options["out"], table), reproduce_lines, as_json)
        return
    if table == "figure5":
        print_report(_figure5(opened, options, listener), figure5_lines, as_json)
        return
    report = (_table2 if table == "table2" else _table3)(opened, options, listener)
    print_report(report, reproduce_lines, as_json)
    if report.failed:
        sys.exit(EXIT_RETRYABLE)


def _asked(dataset: Any, options: dict[str, Any]) -> tuple[Any, Any]:
    """Return the settings and features that the options ask for."""
    from sedpipe.io.settings.front_ends import feature_spec
    from sedpipe.io.settings.train_settings import Asked, train_settings

    asked = {name: options[name] for name in ("threads", "preset", "recipe", "epochs", "device")}
    spec = feature_spec(dataset.read_record().clip_format, asked_features(options))
    return train_settings(Asked(**asked), content=spec.front_end.content), spec


def _table2(dataset: Any, options: dict[str, Any], listener: Terminal) -> ReproduceReport:
    from sedpipe.stages.reproduce.grid import HIERARCHIES, grid
    from sedpipe.stages.reproduce.table2 import reproduce_table2
    from sedpipe.steps.work import Work

    settings, spec = _asked(dataset, options)
    points = grid(options["seeds"] or (0, 1, 2, 3, 4), HIERARCHIES, options["poolings"])
    work = Work(options["jobs"], options["scheduler"], options["shard"])
    return reproduce_table2(dataset, settings, spec, points, folder=options["out"], work=work, listener=listener)


def _table3(dataset: Any, options: dict[str, Any], listener: Terminal) -> ReproduceReport:
    from sedpipe.io.settings.systems import system_names
    from sedpipe.nn.device import choose_device
    from sedpipe.stages.reproduce.entrants import Budget, entrants
    from sedpipe.stages.reproduce.table3 import reproduce_table3
    from sedpipe.steps.work import Work

    minutes, epochs, baseline = options["minutes"], options["epochs"], options["baseline"] or "small"
    if minutes is not None and epochs is not None:
        raise click.UsageError("--minutes and --epochs cannot be combined: give one of them")
    systems = entrants(
        dataset, options["systems"] or system_names(), options["threads"], choose_device(options["device"])
    )
    names = [system.name for system in systems]
    if options["baseline"] and baseline not in names:
        raise click.UsageError(f"--baseline {baseline}: expected one of {', '.join(names)}")
    return reproduce_table3(
        dataset, systems, options["seeds"] or (0, 1, 2),
        Budget(15.0 if minutes is None and epochs is None else minutes, epochs),
        baseline=baseline if baseline in names else names[0],
        folder=options["out"], work=Work(options["jobs"], options["scheduler"], options["shard"]), listener=listener,
    )  # fmt: skip


def _figure5(dataset: Any, options: dict[str, Any], listener: Terminal) -> FigureReport:
    from sedpipe.stages.reproduce.figure5 import reproduce_figure5
    from sedpipe.stages.reproduce.grid import HIERARCHIES, grid

    settings, spec = _asked(dataset, options)
    points = grid((options["seed"],), HIERARCHIES, options["poolings"])
    return reproduce_figure5(
        dataset, settings, spec, options["clip"], points, split=options["split"], folder=options["out"],
        made_by=given("preset", "recipe", "poolings", "epochs", *_FEATURES, "out", "device"), listener=listener,
    )  # fmt: skip


COMMANDS = (reproduce,)
