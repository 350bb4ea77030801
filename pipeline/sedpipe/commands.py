"""Commands as they are printed: they work as they stand, copied.

- :func:`command`: a verb and its arguments, quoted, with the cache that was named, by the program that is running
- :func:`place`: a file or folder as an argument
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

DEFAULT_CACHE = Path("cache")


def command(*words: str, cache: Path | None = None) -> str:
    """``sedpipe`` with a verb and its arguments.

    Parameters
    ----------
    *words : str
        Verb, arguments and options, not quoted.
    cache : Path, optional
        Where everything that is made lies; named where it is neither the default nor what ``SEDPIPE_CACHE`` says. None
        if any will do.

    >>> command("check", "my birds.toml", cache=Path("/tmp/x"))
    "sedpipe check 'my birds.toml' --cache /tmp/x"
    """
    is_known = cache is None or str(cache) == (os.environ.get("SEDPIPE_CACHE") or str(DEFAULT_CACHE))
    return shlex.join([_program(), *words, *([] if is_known else ["--cache", str(cache)])])


def place(path: Path | str) -> str:
    """A file or folder as a command is given it: never as an option, nor as what stands for stdin.

    >>> place("-5QrBL6MzLg.wav"), place("street.wav")
    ('./-5QrBL6MzLg.wav', 'street.wav')
    """
    return f"./{path}" if str(path).startswith("-") else str(path)


def _program() -> str:
    """``sedpipe``, or its path if the shell would not find this one by its name, as in an environment of its own."""
    running = sys.argv[0] if sys.argv else ""
    if Path(running).name != "sedpipe" or not Path(running).is_file():
        return "sedpipe"
    found = shutil.which("sedpipe")
    return "sedpipe" if found is not None and Path(found).samefile(running) else running
