"""Post-processing chosen on a split with known events, for two operating points.

**What is searched.** Steps, each with more freedom than the one before: a threshold; with it a median filter and a
shortest duration (all with all); closed gaps; hysteresis; a clip gate (each with the threshold anew, the rest as
found); a threshold for each class; a threshold and a median filter for each class
(:mod:`sedpipe.detection.class_settings`).

**What is chosen.** Each step is also cross-validated: the whole search on four fifths of the clips, scored on the
rest. The step with the best cross-validated score is taken, of equal ones the plainer. So a step that over-tunes
shows, and is not taken.

Every candidate is counted by :mod:`sedpipe.detection.segment_tallies`.

- :data:`OPERATING_POINTS`: ``min_er``, the lowest error rate, and ``max_f1``, the highest micro F1
- :class:`Candidates`: the values that are tried
- :class:`OperatingPoint`, :class:`Step`: what was chosen, and what each step would have gained
- :func:`tune`: the choice
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from sedpipe.choices import OPERATING_POINTS
from sedpipe.detection.class_settings import best_of_classes
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.segment_tallies import SegmentTallies, SegmentTally
from sedpipe.metrics.detection_scores import DetectionScores
from sedpipe.truth import Truth

STEPS = ("untuned", "threshold", "smoothing", "gap", "hysteresis", "gate", "class_thresholds", "class_smoothing")
UNTUNED = PostProcessing(threshold=0.5)
N_FOLDS = 5
QUICK_THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
QUICK_MEDIAN_S = 0.56


@dataclass(frozen=True)
class Candidates:
    """The values that are tried.

    Parameters
    ----------
    thresholds, medians_s, min_durations_s, gaps_s, hystereses, gates : tuple of float
        As in :class:`~sedpipe.detection.postprocess.PostProcessing`; of equally good ones the first is taken, but for
        thresholds the one nearest to 0.5.

    Raises
    ------
    ValueError
        If one of them is empty.
    """

    thresholds: tuple[float, ...] = tuple(k / 50 for k in range(1, 46))
    medians_s: tuple[float, ...] = (0.0, 0.24, 0.4, 0.56, 0.88, 1.2, 1.52, 2.0)
    min_durations_s: tuple[float, ...] = (0.0, 0.16, 0.32, 0.48, 0.8)
    gaps_s: tuple[float, ...] = (0.0, 0.16, 0.4, 0.8)
    hystereses: tuple[float, ...] = (1.0, 0.75, 0.5, 0.25)
    gates: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)

    def __post_init__(self) -> None:
        if not all((self.thresholds, self.medians_s, self.min_durations_s, self.gaps_s, self.hystereses, self.gates)):
            raise ValueError("candidates need at least one threshold, and one value of every other setting")

    @property
    def plain_thresholds(self) -> list[float]:
        """Thresholds, that nearest to 0.5 first, then the lower one."""
        return sorted(self.thresholds, key=lambda threshold: (round(math.fabs(threshold - 0.5), 9), threshold))

    def of_step(self, step: str, found: PostProcessing) -> list[PostProcessing]:
        """Common settings that a step tries, the plainest first; ``found`` is what the step before it came to."""
        varied = {
            "untuned": {},
            "threshold": {},
            "smoothing": {"median_s": self.medians_s, "min_duration_s": self.min_durations_s},
            "gap": {"gap_s": self.gaps_s},
            "hysteresis": {"hysteresis": self.hystereses},
            "gate": {"gate": self.gates},
            "class_thresholds": {},
            "class_smoothing": {"median_s": self.medians_s},
        }[step]
        if step == "untuned":
            return [UNTUNED]
        return [
            replace(found, threshold=threshold, **dict(zip(varied, values, strict=True)))
            for values in product(*varied.values())
            for threshold in self.plain_thresholds
        ]


@dataclass(frozen=True)
class Step:
    """One step of the search.

    Parameters
    ----------
    step : str
        One of :data:`STEPS`.
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


@dataclass(frozen=True)
class OperatingPoint:
    """A choice of post-processing.

    Parameters
    ----------
    settings : PostProcessing
        What was chosen.
    scores : DetectionScores
        Its segment-based scores on the split it was tuned on.
    steps : tuple of Step
        All that were tried, in order.
    """

    settings: PostProcessing
    scores: DetectionScores
    steps: tuple[Step, ...]


def tune(
    scores: FrameScores, truth: Truth, *, candidates: Candidates | None = None, time_resolution: float = 1.0
) -> dict[str, OperatingPoint]:
    """Choose post-processing for each of :data:`OPERATING_POINTS`.

    Parameters
    ----------
    scores : FrameScores
        Of N clips, whose order does not matter.
    truth : Truth
        What sounds in the N clips; other clips are ignored, so clips without audio may be there.
    candidates : Candidates, optional
        The values to try.
    time_resolution : float > 0
        Length of a segment in seconds.

    Returns
    -------
    dict of str to OperatingPoint
        By name of the operating point.

    Raises
    ------
    ValueError
        If scores and truth do not fit together, or no clip has a located event: nothing can be tuned then.
    """
    split = _tunable(scores, truth, time_resolution)
    folds = _folds(scores.clip_ids)
    candidates = candidates or Candidates()
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
        raise ValueError("no clip has a located event, so there is nothing to tune on")
    return split


def _folds(clip_ids: Sequence[str]) -> np.ndarray:
    """The fold (N,) of each clip: alike in size, drawn by the clips' names, so that their order never matters."""
    digests = [hashlib.sha256(clip_id.encode()).digest() for clip_id in clip_ids]
    folds = np.empty(len(clip_ids), dtype=int)
    for place, n in enumerate(sorted(range(len(clip_ids)), key=digests.__getitem__)):
        folds[n] = place % N_FOLDS
    return folds


def _operating_point(name: str, split: SegmentTallies, folds: np.ndarray, candidates: Candidates) -> OperatingPoint:
    tuned = _ladder(name, split, np.ones(len(folds), dtype=bool), candidates)
    validated = _cross_validated(name, split, folds, candidates)
    steps = [
        Step(step, settings, split.tally(settings).score(name), score)
        for step, settings, score in zip(STEPS, tuned, validated, strict=True)
    ]
    best = _best_of(name, validated)
    steps[best] = replace(steps[best], chosen=True)
    settings = steps[best].settings
    return OperatingPoint(settings, split.scores(settings), tuple(steps))


def _best_of(name: str, validated: Sequence[float | None]) -> int:
    """Step with the best cross-validated score; a plain threshold where there is none."""
    if None in validated:
        return STEPS.index("threshold")
    sign = 1 if name == "min_er" else -1
    return min(range(len(STEPS)), key=lambda step: (sign * (validated[step] or 0.0), step))


def _cross_validated(name: str, split: SegmentTallies, folds: np.ndarray, candidates: Candidates) -> list[float | None]:
    """Score of each step on clips that it was not tuned on, over all folds together."""
    masks = [folds == fold for fold in range(N_FOLDS)]
    if not all(split.reference[~mask].any() for mask in masks) or not all(mask.any() for mask in masks):
        return [None] * len(STEPS)
    tallies: list[list[SegmentTally]] = [[] for _ in STEPS]
    for mask in masks:
        for of_step, settings in zip(tallies, _ladder(name, split, ~mask, candidates), strict=True):
            of_step.append(split.tally(settings).of(mask))
    return [SegmentTally.together(of_step).score(name) for of_step in tallies]


def _ladder(name: str, split: SegmentTallies, mask: np.ndarray, candidates: Candidates) -> list[PostProcessing]:
    """What each step comes to on the clips of a mask."""
    found: list[PostProcessing] = []
    common = UNTUNED
    for step in STEPS:
        tried = candidates.of_step(step, common)
        if step.startswith("class"):
            found.append(best_of_classes(name, split, mask, tried, common))
        else:
            costs = [split.tally(settings).of(mask).cost(name) for settings in tried]
            common = tried[int(np.argmin(costs))]
            found.append(common)
    return found
