"""What was probably meant, for complaints about misspelt names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """`` (did you mean '...'?)`` with the nearest of ``known``, or nothing where none is near.

    >>> did_you_mean("trainig", ("training", "testing"))
    " (did you mean 'training'?)"
    """
    by_lower_case = {name.lower(): name for name in known}
    near = difflib.get_close_matches(found.lower()[:100], by_lower_case, n=1)
    return f" (did you mean {by_lower_case[near[0]]!r}?)" if near else ""
