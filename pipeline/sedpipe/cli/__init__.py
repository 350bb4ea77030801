"""The command line: options in, one stage call, one report out."""

from sedpipe.cli.main import main

__all__ = ["main"]
