"""The command line: options in, one stage call, one report out."""

from sedpipe.cli.interrupts import unheard

with unheard():  # until these are imported, no work is done that could be lost
    from sedpipe.cli.main import main, run

__all__ = ["main", "run"]
