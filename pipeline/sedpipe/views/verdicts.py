"""The result of a comparison of two systems, in words.

- :func:`verdict`: better, worse or not distinguishable, with the difference and its confidence interval
- :data:`ONE_SEED`: the caveat for comparisons with a single seed
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sedpipe.metrics.comparison import Difference

ONE_SEED = "a single random seed cannot compare two systems, only these two models"


def verdict(found: Difference, *, in_percent: bool) -> str:
    """Return the outcome, the difference, its interval and its p-value.

    "Over seeds" is said of an outcome that other recordings might change, since their variation is not included.

    Parameters
    ----------
    found : Difference
        The difference, tested or not; without a test there is no outcome.
    in_percent : bool
        Whether fractions are shown in percentage points.
    """
    factor, decimals, unit = (100, 1, " points") if in_percent else (1, 3, "")
    told = f"{factor * found.difference:+.{decimals}f}{unit}"
    if found.interval is not None:
        low, high = (factor * end for end in found.interval)
        told += f" (95 % CI: {low:+.{decimals}f} to {high:+.{decimals}f}{_p(found)})"
    if found.outcome not in ("better", "worse", "not distinguishable"):
        return told
    outcome = found.outcome if found.recordings else f"{found.outcome} over seeds"
    if found.outcome == "not distinguishable":
        told += f"; {_unseen(found, factor, decimals, unit)}"
    return f"{outcome}: {told}"


def _p(found: Difference) -> str:
    if found.p is None:
        return ""
    return f", p {found.p:.2g}" + ("" if found.p_holm is None else f"; Holm-corrected {found.p_holm:.2g}")


def _unseen(found: Difference, factor: float, decimals: int, unit: str) -> str:
    if found.smallest is None:
        return "these seeds and recordings are too few to see any difference"
    if found.smallest == 0:
        return "the same in every seed"
    if found.smallest > 1:
        return "with so few seeds, no difference would have been significant"
    needed = f"{factor * found.smallest:.{decimals}f}{unit}"
    return f"with these seeds, only a difference above {needed} would have been significant"
