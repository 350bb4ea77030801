"""What tuning tries: the values of every setting, and in which searches they are tried.

- :class:`Candidates`: the values
- :func:`searches`: the searches, in order, with the settings that each one tries
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.steps import settings_of_steps

UNTUNED = PostProcessing(threshold=0.5)

_COMMON = ("threshold", "smoothing", "gap", "hysteresis", "gate")
_OF_CLASSES = {"class_thresholds": (), "class_smoothing": ("median_s",)}


def searches() -> dict[str, tuple[str, ...]]:
    """Each search with the settings that it tries besides the threshold, in the order in which they are made.

    First nothing is searched, then settings of all classes, those of steps of your own last, then of each class.

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
    """The values that are tried; of equally good ones the first is taken, but of thresholds the one nearest to 0.5.

    Parameters
    ----------
    **values : sequence of float
        By the name of the setting; settings that are not named are tried as their steps say.

    Raises
    ------
    ValueError
        If there is no value of a setting, or no such setting.

    Examples
    --------
    >>> Candidates(threshold=(0.3, 0.5, 0.7)).of_search("threshold", UNTUNED)
    [PostProcessing(threshold=0.5, median_s=0.0, min_duration_s=0.0, gap_s=0.0, hysteresis=1.0, gate=0.0), ...]
    """

    def __init__(self, **values: Sequence[float]) -> None:
        known = settings_of_steps()
        for name, tried in values.items():
            if name not in known:
                raise ValueError(f"no step has a setting {name!r}: {', '.join(known)}")
            if not len(tried):
                raise ValueError(f"candidates need at least one {name}")
        self.values: Mapping[str, tuple[float, ...]] = {
            name: tuple(values.get(name, setting.tried)) for name, setting in known.items()
        }

    @property
    def thresholds(self) -> list[float]:
        """Thresholds, that nearest to 0.5 first, then the lower one."""
        return sorted(self.values["threshold"], key=lambda threshold: (round(math.fabs(threshold - 0.5), 9), threshold))

    def of_search(self, search: str, found: PostProcessing) -> list[PostProcessing]:
        """Common settings that a search tries, the plainest first; ``found`` is what the one before it came to."""
        if search == "untuned":
            return [UNTUNED]
        names = searches()[search]
        return [
            found.changed(threshold=threshold, **dict(zip(names, values, strict=True)))
            for values in product(*(self.values[name] for name in names))
            for threshold in self.thresholds
        ]
