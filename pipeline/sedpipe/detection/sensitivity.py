"""Sensitivity of a system's scores to its post-processing: one setting is varied, the others stay fixed.

**What is varied**, starting from the chosen settings (see :mod:`sedpipe.detection.tuning`):

- ``threshold``: the odds p / (1 - p) of every class's threshold p are multiplied by 2 ** value, so that thresholds
  stay in (0, 1), and low and high ones move equally. 0.5 becomes 0.67 for 1, and 0.33 for -1
- ``median_s``: length of the median filter of all classes, in seconds; an odd number of frames, 1 for none
- ``min_duration_s``: minimum length of an event of all classes, in seconds

If the chosen settings differ between classes, the last two sweeps give all classes the same value.

- :func:`sensitivity`: chosen settings -> segment-based scores along the three sweeps
- :class:`Sweep`: scores along one sweep
- :func:`with_odds`: settings with other thresholds
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing, Setting
from sedpipe.detection.segment_tallies import SegmentTallies
from sedpipe.frames import FrameGrid
from sedpipe.truth import Truth

DOUBLINGS = tuple(k / 4 for k in range(-8, 9))
LONGEST_MEDIAN = 51
LONGEST_MIN_DURATION_S = 2.0


@dataclass(frozen=True)
class Sweep:
    """Scores along the values of one setting, as fractions; None where undefined.

    Parameters
    ----------
    values : tuple of float
        Values of the setting: doublings of the odds, or seconds.
    error_rate, f1 : tuple of float or None
        Segment-based micro scores, one for each value.
    """

    values: tuple[float, ...]
    error_rate: tuple[float | None, ...]
    f1: tuple[float | None, ...]


def sensitivity(
    scores: FrameScores, truth: Truth, chosen: PostProcessing, *, time_resolution: float = 1.0
) -> dict[str, Sweep]:
    """Compute segment-based scores along each sweep.

    Parameters
    ----------
    scores : FrameScores
        Output of a system on N clips.
    truth : Truth
        Reference of the N clips.
    chosen : PostProcessing
        The settings from which one is varied.
    time_resolution : float > 0
        Length of a segment in seconds.

    Returns
    -------
    dict of str to Sweep
        Sweeps by name of the setting.

    Raises
    ------
    ValueError
        If scores, truth and settings do not fit together.
    """
    split = SegmentTallies(scores, truth, time_resolution)
    sweeps = {}
    for name, of_sweep in _settings_around(chosen, scores.grid).items():
        there = [split.scores(settings).overall for settings in of_sweep.values()]
        error_rates, f1s = tuple(one.error_rate for one in there), tuple(one.f1 for one in there)
        sweeps[name] = Sweep(tuple(of_sweep), error_rates, f1s)
    return sweeps


def with_odds(chosen: PostProcessing, doublings: float) -> PostProcessing:
    """Return the settings with the odds of each threshold multiplied by 2 ** ``doublings``; 0 and 1 stay the same.

    >>> with_odds(PostProcessing((0.5, 0.2)), 1).threshold
    (0.6666666666666666, 0.3333333333333333)
    """
    return chosen.changed(threshold=_moved(chosen.threshold, doublings)) if doublings else chosen


def _settings_around(chosen: PostProcessing, grid: FrameGrid) -> dict[str, dict[float, PostProcessing]]:
    """Return the settings of each sweep, by value."""
    frame = grid.frame_duration
    medians = [round(n * frame, 6) for n in range(1, LONGEST_MEDIAN + 1, 2)]
    shortest = [round(n * frame, 6) for n in range(int(LONGEST_MIN_DURATION_S / frame + 1e-6) + 1)]
    return {
        "threshold": {doublings: with_odds(chosen, doublings) for doublings in DOUBLINGS},
        "median_s": {seconds: chosen.changed(median_s=seconds) for seconds in medians},
        "min_duration_s": {seconds: chosen.changed(min_duration_s=seconds) for seconds in shortest},
    }


def _moved(threshold: Setting, doublings: float) -> Setting:
    if isinstance(threshold, tuple):
        return tuple(float(_moved(each, doublings)) for each in threshold)  # type: ignore[arg-type]
    return float(expit(logit(threshold) + doublings * np.log(2)))
