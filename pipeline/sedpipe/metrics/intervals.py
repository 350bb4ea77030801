"""Variation of a system's scores due to the choice of recordings: counts -> 95 % confidence intervals.

- :func:`intervals`: intervals of error rate, F1 and macro F1
- :data:`SCORES`: names of these scores
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from scipy.special import stdtrit

from sedpipe.metrics.contributions import of_counts
from sedpipe.metrics.detection_scores import DetectionCounts
from sedpipe.metrics.sharing import Sharing

Interval: TypeAlias = tuple[float, float]

SCORES = ("error_rate", "f1", "macro_f1")
_HIGHEST = {"error_rate": np.inf, "f1": 1.0, "macro_f1": 1.0}


def intervals(counts: DetectionCounts, sharing: Sharing) -> dict[str, Interval | None]:
    """95 % interval of each of :data:`SCORES`, by Student; ``None`` if the score or its variance is undefined.

    Parameters
    ----------
    counts : DetectionCounts
        Counts of N clips.
    sharing : Sharing
        Which of the clips have a recording in common.
    """
    found: dict[str, Interval | None] = dict.fromkeys(SCORES)
    for name, estimate in of_counts([counts]).items():
        value, added = float(estimate.values[0]), estimate.contributions[0]
        variance = float(sharing.variance(added))
        if np.isfinite(value + variance) and sharing.degrees > 0:
            half = float(stdtrit(sharing.degrees, 0.975) * np.sqrt(variance))
            found[name] = max(0.0, value - half), min(_HIGHEST[name], value + half)
    return found
