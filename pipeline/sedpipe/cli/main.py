"""The group of all commands, and the only place where errors are caught.

Only the package ``sedpipe.cli`` imports click, prints, or draws progress bars. Stages are imported inside the commands,
so that ``sedpipe --help`` never waits for torch. Reports go to stdout, everything else to stderr.
"""

from __future__ import annotations

import json
import traceback
from typing import Any

import rich_click as click
from click.exceptions import NoArgsIsHelpError

from sedpipe.cli import cache, data, encoders, learning, listening, own, reproducing
from sedpipe.cli.help import HELP
from sedpipe.cli.interrupts import HINT, SAID, end_on_signal, signals_as_exceptions
from sedpipe.cli.terminal import print_line
from sedpipe.errors import SedpipeError, trouble_of_the_machine
from sedpipe.printable import printable, shortened
from sedpipe.version import __version__


class ErrorBoundary(click.RichGroup):
    """The only place where errors are caught: what a user can fix, and a signal, ends in a message, not a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a :class:`SedpipeError` ends with exit code 1, Ctrl-C with 130, SIGTERM with 143."""
        exit_codes: list[int] = []
        try:
            with signals_as_exceptions() as exit_codes:
                return super().invoke(ctx)
        except BaseException as error:
            as_json = ctx.meta.get("as_json", False)
            if exit_codes:  # a library may have turned the interrupt into another exception
                traceback.clear_frames(error.__traceback__)  # so that workers end now, not with the interpreter
                end_on_signal(is_told=True)
                _report_interrupt(as_json=as_json)
                ctx.exit(exit_codes[0])
            told = error if isinstance(error, SedpipeError) else trouble_of_the_machine(error)
            if told is None:
                _make_printable(error)
                raise
            _complain(told, as_json=as_json)
            ctx.exit(1)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments before the command's name."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            _make_printable(error)
            raise


def _make_printable(error: BaseException) -> None:
    """Remove control characters from click's messages, which repeat what the user typed or pasted."""
    is_help = isinstance(error, NoArgsIsHelpError)  # this is our own text, whose colours stay
    if isinstance(error, click.ClickException) and not is_help:
        error.message = shortened(printable(error.message))  # type: ignore[misc]  # meant to be final


def _complain(error: SedpipeError, *, as_json: bool) -> None:
    if as_json:
        kind = type(error).__name__
        click.echo(json.dumps({"error": {"type": kind, "message": error.message, "hint": error.hint}}))
    print_line(f"Error: {error.message}", err=True)
    if error.hint:
        print_line(f"  {error.hint}", err=True)


def _report_interrupt(*, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"error": {"type": "Interrupt", "message": SAID, "hint": HINT}}))
    click.echo(f"{SAID}: {HINT}", err=True)


@click.group(cls=ErrorBoundary, context_settings={"help_option_names": ["-h", "--help"]})
@click.rich_config(help_config=HELP)
@click.version_option(__version__, prog_name="sedpipe")
def main() -> None:
    """Weakly labelled sound event detection: from WHAT sounds in a clip to WHEN it sounds.

    DATASET is demo, esc10-fold4, esc10, dcase2017-task4, or the path of your own TOML. Every command can be
    killed at any moment: rerun it, and it resumes.
    """


for room in (own, data, learning, reproducing, listening, encoders, cache):
    for command in room.COMMANDS:
        main.add_command(command)


def run() -> None:
    """Run the command ``sedpipe`` in a process of its own: signals are handled until the process has ended."""
    end_on_signal()
    main(prog_name="sedpipe")
