"""How much the scores of one system would vary with other recordings: counts -> 95 % intervals.

- :func:`intervals`: of error rate, F1 and macro F1
- :data:`SCORES`: their names
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
    """95 % interval of each of :data:`SCORES`, by Student; ``None`` where it is undefined or one cannot tell.

    Parameters
    ----------
    counts : DetectionCounts
        Of N clips.
    sharing : Sharing
        Which of them have a recording in common.
    """
    found: dict[str, Interval | None] = dict.fromkeys(SCORES)
    for name, estimate in of_counts([counts]).items():
        value, added = float(estimate.values[0]), estimate.contributions[0]
        variance = float(sharing.variance(added))
        if np.isfinite(value + variance) and sharing.degrees > 0:
            half = float(stdtrit(sharing.degrees, 0.975) * np.sqrt(variance))
            found[name] = max(0.0, value - half), min(_HIGHEST[name], value + half)
    return found
