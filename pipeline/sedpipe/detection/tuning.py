"""Post-processing chosen on a split with known events, for two operating points.

**What is searched.** Steps, each with more freedom than the one before: a threshold; with it a median filter and a
shortest duration (all with all); closed gaps; hysteresis; a clip gate (each with the threshold anew, the rest as
found); a threshold for each class; a threshold and a median filter for each class
(:mod:`sedpipe.detection.class_settings`). Thresholds are tried in steps of the logit, as far as there are scores.

**What is chosen.** Each step is also cross-validated: the whole search on four fifths of the clips, scored on the
rest, clips of one recording (patient, place) together. The step with the best cross-validated score is taken, of equal
ones the plainer. So a step that over-tunes shows, and is not taken.

Every candidate is counted by :mod:`sedpipe.detection.segment_tallies`.

- :data:`OPERATING_POINTS`: ``min_er``, the lowest error rate, and ``max_f1``, the highest micro F1
- :class:`OperatingPoint`, :class:`SearchStep`: what was chosen, and what each step would have gained
- :class:`Common`, :func:`common_settings`: the best of the paper's rule, one setting of each kind for all classes
- :func:`tune`: the choice
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from sedpipe.choices import OPERATING_POINTS
from sedpipe.detection.candidates import UNTUNED, Candidates, searches, thresholds_within
from sedpipe.detection.class_settings import best_of_classes
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.segment_tallies import SegmentTallies, SegmentTally
from sedpipe.metrics.detection_scores import DetectionScores
from sedpipe.truth import Truth
from sedpipe.wording import counted

N_FOLDS = 5
QUICK_THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
QUICK_MEDIAN_S = 0.56


@dataclass(frozen=True)
class SearchStep:
    """One step of the search.

    Parameters
    ----------
    step : str
        One of :func:`~sedpipe.detection.candidates.searches`.
    settings : PostProcessing
        What it came to on all clips.
    tuned : float
        Its error rate (``min_er``) or F1 (``max_f1``) on the clips it was tuned on.
    cross_validated : float or None
        The same of the search on clips it was not tuned on; ``None`` where there are too few clips.
    chosen : bool
        Whether the operating point is this step's.
    """

    step: str
    settings: PostProcessing
    tuned: float
    cross_validated: float | None
    chosen: bool = False

    def as_table(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "settings": self.settings.as_table()}


@dataclass(frozen=True)
class Common:
    """The best with the same settings for all classes, no gate and no hysteresis, and what it scores."""

    settings: PostProcessing
    scores: DetectionScores


@dataclass(frozen=True)
class OperatingPoint:
    """A choice of post-processing.

    Parameters
    ----------
    settings : PostProcessing
        What was chosen.
    scores : DetectionScores
        Its segment-based scores on the split it was tuned on.
    steps : tuple of SearchStep
        All that were tried, in order.
    common : Common
        The rule of He, Shen & Zhang (2019): one threshold, one median filter, one minimum event. Systems are compared
        by it, since a rule with more freedom helps one more than another.
    remarks : tuple of str
        Where a choice lies at an end of what was tried, so that there may be better ones beyond.
    """

    settings: PostProcessing
    scores: DetectionScores
    steps: tuple[SearchStep, ...]
    common: Common
    remarks: tuple[str, ...] = ()


def tune(
    scores: FrameScores,
    truth: Truth,
    *,
    candidates: Candidates | None = None,
    time_resolution: float = 1.0,
    groups: Sequence[str] | None = None,
) -> dict[str, OperatingPoint]:
    """Choose post-processing for each of :data:`OPERATING_POINTS`.

    Parameters
    ----------
    scores : FrameScores
        Of N clips, whose order does not matter.
    truth : Truth
        What sounds in the N clips; other clips are ignored, so clips without audio may be there.
    candidates : Candidates, optional
        The values to try; thresholds are in reach of every score, if not given.
    time_resolution : float > 0
        Length of a segment in seconds.
    groups : sequence of str, optional
        Of each of the N clips: those of one group are cross-validated together. By default, and where all clips are of
        one group, each by itself.

    Returns
    -------
    dict of str to OperatingPoint
        By name of the operating point.

    Raises
    ------
    ValueError
        If scores and truth do not fit together, groups are not as many as clips, or no clip has a located event:
        nothing can be tuned then.
    """
    split = _tunable(scores, truth, time_resolution)
    if groups is not None and len(groups) != len(scores.clip_ids):
        raise ValueError(f"expected a group for each of {counted(len(scores.clip_ids), 'clip')}, got {len(groups)}")
    folds = _folds(groups if groups is not None and len(set(groups)) > 1 else scores.clip_ids)
    candidates = candidates or Candidates(threshold=thresholds_within(scores))
    return {name: _operating_point(name, split, folds, candidates) for name in OPERATING_POINTS}


def scores_at_thresholds(
    scores: FrameScores,
    truth: Truth,
    *,
    thresholds: Sequence[float] = QUICK_THRESHOLDS,
    median_s: float = QUICK_MEDIAN_S,
) -> dict[str, float]:
    """Roughly what :func:`tune` would come to, in a hundredth of its time: the best of a few common thresholds.

    Parameters
    ----------
    scores, truth
        As for :func:`tune`.
    thresholds : sequence of float
        Those tried.
    median_s : float
        Length of the median filter in seconds.

    Returns
    -------
    dict of str to float
        Error rate at ``min_er`` and F1 at ``max_f1``.
    """
    split = _tunable(scores, truth, 1.0)
    tallies = [split.tally(PostProcessing(threshold, median_s=median_s)) for threshold in thresholds]
    return {name: min(tallies, key=lambda tally: tally.cost(name)).score(name) for name in OPERATING_POINTS}


def _tunable(scores: FrameScores, truth: Truth, time_resolution: float) -> SegmentTallies:
    split = SegmentTallies(scores, truth, time_resolution)
    if not split.reference.any():
        raise ValueError("no clip has an event with times, so there is nothing to tune on")
    return split


def _folds(groups: Sequence[str]) -> np.ndarray:
    """The fold (N,) of each clip: whole groups, drawn by their names, so that their order never matters.

    A group goes where there are the fewest clips yet, so that folds are alike in size.
    """
    of_group = Counter(groups)
    sizes, fold_of = [0] * N_FOLDS, dict[str, int]()
    for group in sorted(of_group, key=lambda group: hashlib.sha256(group.encode()).digest()):
        fold_of[group] = sizes.index(min(sizes))
        sizes[fold_of[group]] += of_group[group]
    return np.array([fold_of[group] for group in groups], dtype=int)


def _operating_point(name: str, split: SegmentTallies, folds: np.ndarray, candidates: Candidates) -> OperatingPoint:
    tuned = _ladder(name, split, np.ones(len(folds), dtype=bool), candidates)
    validated = _cross_validated(name, split, folds, candidates)
    steps = [
        SearchStep(step, settings, split.tally(settings).score(name), score)
        for step, settings, score in zip(searches(), tuned, validated, strict=True)
    ]
    best = _best_of(name, validated)
    steps[best] = replace(steps[best], chosen=True)
    settings = steps[best].settings
    common = common_settings(steps) or UNTUNED
    remarks = candidates.ends_among(name, settings, split.labels)
    return OperatingPoint(
        settings, split.scores(settings), tuple(steps), Common(common, split.scores(common)), tuple(remarks)
    )


def common_settings(steps: Sequence[SearchStep]) -> PostProcessing | None:
    """What the search came to before any class had settings of its own, and before gate and hysteresis."""
    return next((step.settings for step in steps if step.step == "smoothing"), None)


def _best_of(name: str, validated: Sequence[float | None]) -> int:
    """Step with the best cross-validated score; a plain threshold where there is none."""
    if None in validated:
        return list(searches()).index("threshold")
    sign = 1 if name == "min_er" else -1
    return min(range(len(validated)), key=lambda step: (sign * (validated[step] or 0.0), step))


def _cross_validated(name: str, split: SegmentTallies, folds: np.ndarray, candidates: Candidates) -> list[float | None]:
    """Score of each step on clips that it was not tuned on, over all folds together."""
    masks = [folds == fold for fold in np.unique(folds)]  # of two to four groups there are as many folds
    if len(folds) < N_FOLDS or not all(split.reference[~mask].any() for mask in masks):
        return [None] * len(searches())
    tallies: list[list[SegmentTally]] = [[] for _ in searches()]
    for mask in masks:
        for of_step, settings in zip(tallies, _ladder(name, split, ~mask, candidates), strict=True):
            of_step.append(split.tally(settings).of(mask))
    return [SegmentTally.together(of_step).score(name) for of_step in tallies]


def _ladder(name: str, split: SegmentTallies, mask: np.ndarray, candidates: Candidates) -> list[PostProcessing]:
    """What each step comes to on the clips of a mask."""
    found: list[PostProcessing] = []
    common, heard = UNTUNED, mask.astype(int)
    for search in searches():
        tried = candidates.of_search(search, common)
        if search.startswith("class_"):
            found.append(best_of_classes(name, split, mask, tried, common))
        else:
            costs = [tally.cost(name, heard) for tally in split.tallies(tried)]
            common = tried[int(np.argmin(costs))]
            found.append(common)
    return found
