"""Post-processing chosen on a split with known events, for two operating points.

**What is searched.** Steps, each with more freedom than the one before: a threshold; a threshold with a median filter
and a minimum duration (all combinations); closed gaps; hysteresis; a clip gate (each together with a new threshold, the
other settings as found before); a threshold for each class; a threshold and a median filter for each class
(:mod:`sedpipe.detection.class_settings`). Thresholds are tried in steps of the logit, over the range of the scores.

**What is chosen.** Each step is also cross-validated: the whole search on four fifths of the clips is scored on the
rest, with clips of one recording (patient, place) in the same fold. The step with the best cross-validated score is
chosen; of equally good ones, the plainer one. So a step that overfits is noticed, and not chosen.

Every candidate is counted by :mod:`sedpipe.detection.segment_tallies`.

- :data:`OPERATING_POINTS`: ``min_er``, the lowest error rate, and ``max_f1``, the highest micro F1
- :class:`OperatingPoint`, :class:`SearchStep`: the chosen settings, and the scores of each step of the search
- :class:`Common`, :func:`common_settings`: the best settings by the paper's rule, one of each kind for all classes
- :func:`tune`: chooses the settings
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from sedpipe.choices import OPERATING_POINTS
from sedpipe.detection.candidates import UNTUNED, Candidates, range_of, searches, thresholds_within
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
        Best settings of this step on all clips.
    tuned : float
        Error rate (``min_er``) or F1 (``max_f1``) of these settings on the clips that they were tuned on.
    cross_validated : float or None
        The same score of the search on clips that it was not tuned on; ``None`` if there are too few clips.
    chosen : bool
        Whether the operating point has the settings of this step.
    """

    step: str
    settings: PostProcessing
    tuned: float
    cross_validated: float | None
    chosen: bool = False

    def as_table(self) -> dict[str, Any]:
        """Return the step as for JSON."""
        return {**asdict(self), "settings": self.settings.as_table()}


@dataclass(frozen=True)
class Common:
    """Best settings that are the same for all classes, without gap closing, hysteresis and gate, and their scores."""

    settings: PostProcessing
    scores: DetectionScores


@dataclass(frozen=True)
class OperatingPoint:
    """A choice of post-processing.

    Parameters
    ----------
    settings : PostProcessing
        The chosen settings.
    scores : DetectionScores
        Segment-based scores of these settings on the split that they were tuned on.
    steps : tuple of SearchStep
        All steps that were tried, in order.
    common : Common
        Best settings by the rule of He, Shen & Zhang (2019): one threshold, one median filter, one minimum duration.
        Systems are compared by this rule, since a rule with more freedom helps some systems more than others.
    remarks : tuple of str
        Remarks on settings at an end of the tried values, beyond which there may be better ones.
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
        Output of a system on N clips, whose order does not matter.
    truth : Truth
        Reference of the N clips; other clips are ignored, so it may contain clips without audio.
    candidates : Candidates, optional
        The values to try; by default, thresholds cover the range of all scores.
    time_resolution : float > 0
        Length of a segment in seconds.
    groups : sequence of str, optional
        Group of each of the N clips; clips of one group are in the same fold of the cross-validation. By default, and
        if all clips are of one group, each clip is a separate group.

    Returns
    -------
    dict of str to OperatingPoint
        Operating points by name.

    Raises
    ------
    ValueError
        If scores and truth do not fit together, the number of groups is not the number of clips, or no clip has a
        located event, so that nothing can be tuned.
    """
    split = _tunable(scores, truth, time_resolution)
    if groups is not None and len(groups) != len(scores.clip_ids):
        raise ValueError(f"expected a group for each of {counted(len(scores.clip_ids), 'clip')}, got {len(groups)}")
    folds = _folds(groups if groups is not None and len(set(groups)) > 1 else scores.clip_ids)
    candidates = candidates or Candidates(threshold=thresholds_within(scores))
    reach = range_of(scores)
    return {name: _operating_point(name, split, folds, candidates, reach) for name in OPERATING_POINTS}


def scores_at_thresholds(
    scores: FrameScores,
    truth: Truth,
    *,
    thresholds: Sequence[float] = QUICK_THRESHOLDS,
    median_s: float = QUICK_MEDIAN_S,
) -> dict[str, float]:
    """Estimate the scores after :func:`tune` in a hundredth of its time: those of the best of a few common thresholds.

    Parameters
    ----------
    scores, truth
        As for :func:`tune`.
    thresholds : sequence of float
        Thresholds to try.
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
    """Return the fold (N,) of each clip; groups stay together, and are ordered by hashes of their names, not as given.

    Each group is put into the fold with the fewest clips so far, so that folds are of similar size.
    """
    of_group = Counter(groups)
    sizes, fold_of = [0] * N_FOLDS, dict[str, int]()
    for group in sorted(of_group, key=lambda group: hashlib.sha256(group.encode()).digest()):
        fold_of[group] = sizes.index(min(sizes))
        sizes[fold_of[group]] += of_group[group]
    return np.array([fold_of[group] for group in groups], dtype=int)


def _operating_point(
    name: str, split: SegmentTallies, folds: np.ndarray, candidates: Candidates, reach: tuple[float, float]
) -> OperatingPoint:
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
    of_chosen, of_common = (candidates.ends_among(found, split.labels, reach) for found in (settings, common))
    remarks = [f"{name}: {remark}" for remark in of_chosen]
    remarks += [f"{name}, with one setting for all classes: {one}" for one in of_common if one not in of_chosen]
    return OperatingPoint(
        settings, split.scores(settings), tuple(steps), Common(common, split.scores(common)), tuple(remarks)
    )


def common_settings(steps: Sequence[SearchStep]) -> PostProcessing | None:
    """Return the result of the search before gap closing, hysteresis, gate and settings for each class."""
    return next((step.settings for step in steps if step.step == "smoothing"), None)


def _best_of(name: str, validated: Sequence[float | None]) -> int:
    """Return the index of the step with the best cross-validated score; if one is missing, of the plain threshold."""
    if None in validated:
        return list(searches()).index("threshold")
    sign = 1 if name == "min_er" else -1
    return min(range(len(validated)), key=lambda step: (sign * (validated[step] or 0.0), step))


def _cross_validated(name: str, split: SegmentTallies, folds: np.ndarray, candidates: Candidates) -> list[float | None]:
    """Return the score of each step on clips that it was not tuned on, over all folds together."""
    masks = [folds == fold for fold in np.unique(folds)]  # two to four groups make as many folds
    if len(folds) < N_FOLDS or not all(split.reference[~mask].any() for mask in masks):
        return [None] * len(searches())
    tallies: list[list[SegmentTally]] = [[] for _ in searches()]
    for mask in masks:
        for of_step, settings in zip(tallies, _ladder(name, split, ~mask, candidates), strict=True):
            of_step.append(split.tally(settings).of(mask))
    return [SegmentTally.together(of_step).score(name) for of_step in tallies]


def _ladder(name: str, split: SegmentTallies, mask: np.ndarray, candidates: Candidates) -> list[PostProcessing]:
    """Return the best settings of each step on the clips of a mask."""
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
