"""Suggestions of what was probably meant, for error messages about misspelt names."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

_JOINTS = re.compile(r"[\s_-]+")


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Return `` (did you mean '...'?)`` with the nearest of ``known``, or an empty string if none is near.

    Case, blanks, dashes, underscores and the encoding of accents make no difference.

    >>> did_you_mean("trainig", ("training", "testing"))
    " (did you mean 'training'?)"
    >>> did_you_mean("car_horn", ("Car", "Car horn"))
    " (did you mean 'Car horn'?)"
    """
    plain = {_plain(name): name for name in known}
    near = difflib.get_close_matches(_plain(found), plain, n=1)
    return f" (did you mean {plain[near[0]]!r}?)" if near else ""


def _plain(name: str) -> str:
    return _JOINTS.sub(" ", unicodedata.normalize("NFC", name[:100]).casefold())
