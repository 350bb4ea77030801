"""Commands for a dataset of the user's own recordings: ``init`` sets it up, ``check`` checks it before conversion."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import rich_click as click

from sedpipe.cli.help import EXAMPLES
from sedpipe.cli.options import FOLDER, common, jobs_option
from sedpipe.cli.terminal import Terminal, print_report
from sedpipe.cli.types import Quantity
from sedpipe.views.terminal.own import check_lines, init_lines


@click.command(epilog=EXAMPLES["init"])
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER")
@click.option("--out", "-o", type=FOLDER, metavar="DIR",
              help="Folder for the TOML and the lists.", show_default="beside FOLDER")  # fmt: skip
@click.option("--name", metavar="NAME", help="Name of the dataset.", show_default="FOLDER's")
@click.option("--share", type=Quantity(0, 1, min_open=True, max_open=True), show_default="0.2",
              help="Share of the recordings for `testing`, if they are not split yet.")  # fmt: skip
@common
def init(
    folder: Path, out: Path | None, name: str | None, share: float | None, cache_dir: Path, as_json: bool, quiet: bool
) -> None:
    """Make a dataset of a folder of recordings: write its TOML and lists, and report what was understood.

    Recordings are in folders named after their classes, or have label files (Audacity, Raven, BirdNET), or are listed
    in a table (TSV, CSV) or an export from Label Studio. Nothing is asked, and nothing is overwritten.
    """
    from sedpipe.stages.init import init as run_stage

    report = run_stage(folder, out=out, name=name, share=share, listener=Terminal(quiet=quiet))
    print_report(report, partial(init_lines, cache=cache_dir), as_json)


@click.command(epilog=EXAMPLES["check"])
@click.argument("dataset", metavar="DATASET")
@jobs_option
@common
def check(dataset: str, jobs: int, cache_dir: Path, as_json: bool, quiet: bool) -> None:
    """Check a dataset of your own recordings before anything is converted: what is missing, wrong or doubtful.

    Decodes every recording once. Exit code 1 if training cannot work.
    """
    from sedpipe.io.manifests.load import load_manifest
    from sedpipe.stages.check import check as run_stage

    report = run_stage(load_manifest(dataset), jobs=jobs, listener=Terminal(quiet=quiet))
    print_report(report, partial(check_lines, address=dataset, cache=cache_dir), as_json)
    if not report.can_train:
        sys.exit(1)


COMMANDS = (init, check)
