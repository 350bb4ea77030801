"""The command line: options in, one stage call, one report out."""

from sedpipe.cli.interrupts import unheard

with unheard():  # nothing is done before these are there
    from sedpipe.cli.main import main, run

__all__ = ["main", "run"]
