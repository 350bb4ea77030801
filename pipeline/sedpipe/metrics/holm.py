"""Multiple comparisons: p-values corrected for the number of comparisons.

- :func:`holm`: p-values -> adjusted p-values

Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6(2), 1979.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p: Sequence[float]) -> list[float]:
    """Adjust p-values: if those below 0.05 count as significant, at most one table in twenty has a false alarm.

    This requires p-values that are valid far below 0.05: the smallest of 24 has to be below 0.0021.

    The smallest of n p-values is multiplied by n, the next one by n - 1 and so on; no adjusted value is smaller than
    the one before it, or larger than 1.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, last = [0.0] * len(p), 0.0
    for taken, place in enumerate(sorted(range(len(p)), key=lambda place: p[place])):
        last = max(last, min(1.0, (len(p) - taken) * p[place]))
        adjusted[place] = last
    return adjusted
