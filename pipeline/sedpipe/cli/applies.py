"""Refuse options that do not apply to what a command was asked to do, since they would have no effect.

- :func:`refuse`: refuse some options
- :func:`refuse_all_but`: refuse all options except some and those that every command has
"""

from __future__ import annotations

from collections.abc import Collection

import rich_click as click
from click.core import ParameterSource
from click.globals import get_current_context

from sedpipe.cli.options import OF_ALL


def refuse(names: Collection[str], what: str, only_to: str = "") -> None:
    """Raise ``UsageError`` if one of these options of the running command was given on the command line.

    Parameters
    ----------
    names : collection of str
        Names of the options' parameters.
    what : str
        What they do not apply to, for the message: a dataset, a table, another option.
    only_to : str, optional
        What they do apply to, for the message.
    """
    context = get_current_context()
    for option in context.command.params:
        name = str(option.name)
        if name in names and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            told = f"{what}, only to {only_to}" if only_to else what
            raise click.UsageError(f"{max(option.opts, key=len)} does not apply to {told}: leave it out")


def refuse_all_but(names: Collection[str], what: str) -> None:
    """Refuse all options except these and ``--cache``, ``--json``, ``--quiet``; see :func:`refuse`."""
    options = (option for option in get_current_context().command.params if isinstance(option, click.Option))
    refuse({str(option.name) for option in options} - {*names, *OF_ALL}, what)
