"""Candidates for tuning: the values of every setting, and the searches in which they are tried.

- :class:`Candidates`: the values
- :func:`range_of`: the lowest and the highest score
- :func:`thresholds_within`: thresholds over this range
- :func:`searches`: the searches, in order, with the settings that each one tries
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.steps import settings_of_steps
from sedpipe.labels import LabelSet

UNTUNED = PostProcessing(threshold=0.5)

_COMMON = ("threshold", "smoothing", "gap", "hysteresis", "gate")
_OF_CLASSES = {"class_thresholds": (), "class_smoothing": ("median_s",)}


def searches() -> dict[str, tuple[str, ...]]:
    """Return each search, in order, with the settings that it tries besides the threshold.

    First nothing is searched, then settings common to all classes, with those of added steps last, then settings of
    each class.

    >>> searches()["smoothing"]
    ('median_s', 'min_duration_s')
    """
    settings = settings_of_steps().values()
    common = dict.fromkeys([*_COMMON, *(setting.search for setting in settings)])
    tried = {
        search: tuple(setting.name for setting in settings if setting.search == search and setting.name != "threshold")
        for search in common
    }
    return {"untuned": (), **tried, **_OF_CLASSES}


class Candidates:
    """Values to try; of equally good values the first is chosen, of equally good thresholds the one nearest to 0.5.

    Parameters
    ----------
    **values : sequence of float
        Values by the name of the setting; for other settings, those that their steps define are tried.

    Raises
    ------
    ValueError
        If a setting has no values, or there is no such setting.

    Examples
    --------
    >>> Candidates(threshold=(0.3, 0.5, 0.7)).of_search("threshold", UNTUNED)
    [PostProcessing(threshold=0.5, median_s=0.0, min_duration_s=0.0, gap_s=0.0, hysteresis=1.0, gate=0.0), ...]
    """

    def __init__(self, **values: Sequence[float]) -> None:
        known = settings_of_steps()
        for name, tried in values.items():
            if name not in known:
                raise ValueError(f"no post-processing step has a setting {name!r}: {', '.join(known)}")
            if not len(tried):
                raise ValueError(f"candidates need at least one {name}")
        self.values: Mapping[str, tuple[float, ...]] = {
            name: tuple(values.get(name, setting.tried)) for name, setting in known.items()
        }
        self._tried: dict[tuple[str, PostProcessing], list[PostProcessing]] = {}

    @property
    def thresholds(self) -> list[float]:
        """Thresholds, sorted by their distance from 0.5; of two equally near ones the lower one first."""
        return sorted(self.values["threshold"], key=lambda threshold: (round(math.fabs(threshold - 0.5), 9), threshold))

    def of_search(self, search: str, found: PostProcessing) -> list[PostProcessing]:
        """Return the common settings that a search tries, the plainest first; ``found`` is the last search's result."""
        if search == "untuned":
            return [UNTUNED]
        names = searches()[search]
        # candidates depend only on the settings that the search does not try; kept, since each fold needs them again
        around = found.changed(threshold=0.5, **{name: self.values[name][0] for name in names})
        if (search, around) not in self._tried:
            self._tried[search, around] = [
                around.changed(threshold=threshold, **dict(zip(names, values, strict=True)))
                for values in product(*(self.values[name] for name in names))
                for threshold in self.thresholds
            ]
        return self._tried[search, around]

    def ends_among(
        self, chosen: PostProcessing, labels: LabelSet, scores: tuple[float, float] = (0.0, 1.0)
    ) -> list[str]:
        """Return a sentence for each setting at an end of the tried values, beyond which there may be better ones.

        A value with which a step is off is not such an end, except for the threshold; nor is a threshold below or above
        all scores.

        Parameters
        ----------
        chosen : PostProcessing
            The chosen settings.
        labels : LabelSet
            The classes, in order.
        scores : tuple of float
            The lowest and the highest score that a threshold may separate.
        """
        remarks = []
        for setting, tried in self.values.items():
            off = settings_of_steps()[setting].off
            low, high = scores if setting == "threshold" else (-math.inf, math.inf)
            for end, which, beyond in ((min(tried), "lowest", "lower"), (max(tried), "highest", "higher")):
                if not low < end <= high:
                    continue
                at = np.broadcast_to(chosen.value_of(setting), len(labels)) == end
                if at.any() and len(set(tried)) > 1 and (end != off or setting == "threshold"):
                    of = "" if at.all() else f" of {', '.join(map(repr, np.array(labels.names)[at].tolist()))}"
                    unit = " s" if setting.endswith("_s") else ""
                    means = f"(a {beyond} one may score better still; nothing needs to be done)"
                    remarks.append(f"{setting}{of} is {end:g}{unit}, the {which} that was tried {means}")
        return remarks


def thresholds_within(scores: FrameScores) -> tuple[float, ...]:
    """Thresholds in steps of the logit, from below the lowest score to above the highest, beyond which nothing changes.

    Steps are 1/8 around even odds, and wider towards 0 and 1: 0.469, 0.5, 0.531; 0.9933, 0.9959; 0.999955.

    Examples
    --------
    >>> from sedpipe.frames import FrameGrid
    >>> probs = np.array([[[0.4], [0.6]]])
    >>> scores = FrameScores(["a"], probs, probs[:, 0], np.array([2]), np.array([0.2]), LabelSet(("Dog",)),
    ...                      FrameGrid(100, 10))
    >>> [thresholds_within(scores)[k] for k in (0, 1, -1)]
    [0.378, 0.407, 0.622]
    """
    low, high = range_of(scores)
    below = [threshold for threshold in _EVERY if threshold <= low][-1:]
    above = [threshold for threshold in _EVERY if threshold > high][:1]
    return tuple(sorted({0.5, *below, *(threshold for threshold in _EVERY if low < threshold <= high), *above}))


def range_of(scores: FrameScores) -> tuple[float, float]:
    """Return the lowest and the highest frame probability of frames that count; 0.5 twice if there are none."""
    counted = np.arange(scores.frame_probs.shape[1]) < scores.counted[:, None]
    there = scores.frame_probs[counted]
    return (float(there.min()), float(there.max())) if there.size else (0.5, 0.5)


def _every_threshold() -> list[float]:
    logits = [*np.arange(0, 2, 1 / 8), *np.arange(2, 5, 1 / 4), *np.arange(5, 10, 1 / 2), *np.arange(10, 17)]
    # three significant digits of the distance from 0 or 1 distinguish neighbours, and are readable
    low = [float(f"{1 / (1 + math.exp(logit)):.3g}") for logit in logits]
    return sorted({*low, *(round(1 - probability, 12) for probability in low)})


_EVERY = _every_threshold()
