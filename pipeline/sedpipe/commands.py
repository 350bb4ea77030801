"""Commands as they are printed: they can be copied and run as they stand.

- :func:`command`: a verb and its arguments, quoted, with the given cache, for the program that is running
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
    """Return the command ``sedpipe`` with a verb and its arguments.

    Parameters
    ----------
    *words : str
        Verb, arguments and options, not quoted.
    cache : Path, optional
        Folder of everything that sedpipe makes; part of the command unless it is ``SEDPIPE_CACHE`` or, if that is not
        set, the default. None if the command works with any cache.

    >>> command("check", "my birds.toml", cache=Path("/tmp/x"))
    "sedpipe check 'my birds.toml' --cache /tmp/x"
    """
    is_known = cache is None or str(cache) == (os.environ.get("SEDPIPE_CACHE") or str(DEFAULT_CACHE))
    return shlex.join([_program(), *words, *([] if is_known else ["--cache", str(cache)])])


def place(path: Path | str) -> str:
    """Return a file or folder as an argument of a command, such that it is not taken for an option or for stdin.

    >>> place("-5QrBL6MzLg.wav"), place("street.wav")
    ('./-5QrBL6MzLg.wav', 'street.wav')
    """
    return f"./{path}" if str(path).startswith("-") else str(path)


def _program() -> str:
    """``sedpipe``, or its path if the shell would not find this program by its name, as in a virtual environment."""
    running = sys.argv[0] if sys.argv else ""
    if Path(running).name != "sedpipe" or not Path(running).is_file():
        return "sedpipe"
    found = shutil.which("sedpipe")
    return "sedpipe" if found is not None and Path(found).samefile(running) else running
