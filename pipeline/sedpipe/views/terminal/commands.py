"""Commands as they are printed: they work as they stand, copied.

- :func:`command`: a verb and its arguments, quoted, with the cache that was named
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

DEFAULT_CACHE = Path("cache")


def command(*words: str, cache: Path = DEFAULT_CACHE) -> str:
    """``sedpipe`` with a verb and its arguments.

    Parameters
    ----------
    *words : str
        Verb, arguments and options, not quoted.
    cache : Path
        Where everything that is made lies; named where it is neither the default nor what ``SEDPIPE_CACHE`` says.

    >>> command("check", "my birds.toml", cache=Path("/tmp/x"))
    "sedpipe check 'my birds.toml' --cache /tmp/x"
    """
    is_known = str(cache) == (os.environ.get("SEDPIPE_CACHE") or str(DEFAULT_CACHE))
    return shlex.join(["sedpipe", *words, *([] if is_known else ["--cache", str(cache)])])
