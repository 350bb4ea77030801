"""Post-processing chosen on a split with known events, for two operating points.

**What is searched.** Steps, each with more freedom than the one before: a threshold; with it a median filter and a
shortest duration (all with all); closed gaps; hysteresis; a clip gate (each with the threshold anew, the rest as
found); a threshold for each class; a threshold and a median filter for each class.

**Micro scores do not separate by class**, but each can be searched exactly for one class while the others stand:

- F1 = 2C / (R + E) is a ratio of sums over classes. For a trial value of F1 the best candidate of each class is the
  one with the most 2C - F1 * E, independently of the others; what comes out is the next trial value, and where it
  stays, it is the highest F1 there is (Dinkelbach, "On nonlinear fractional programming", 1967).
- The error rate counts max(reference, estimated) - correct classes in each segment. With the other classes fixed, to
  light class k in a segment costs 1 if the others already are as many as the reference, and gains 1 if k is right: a
  sum over segments. Class after class takes its best candidate until none can gain (coordinate ascent), from the
  best common setting and from the F1 solution. No single class can then do better; several at once might.

**What is chosen.** Each step is also cross-validated: the whole search on four fifths of the clips, scored on the
rest. The step with the best cross-validated score is taken, of equal ones the plainer. So a step that over-tunes
shows, and is not taken.

Every candidate is scored as :func:`~pipeline.postprocess.decode_events` and the segment-based metric would score it,
but without making events: 64 clips are filtered at once as the bits of a word, and only integers are kept.

- :data:`OPERATING_POINTS`: ``min_er``, the lowest error rate, and ``max_f1``, the highest micro F1
- :class:`Candidates`: the values that are tried
- :class:`OperatingPoint`, :class:`Step`: what was chosen, and what each step would have gained
- :func:`tune`: the choice
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

import numpy as np

from pipeline.events import EventLists
from pipeline.frames import FrameGrid
from pipeline.labels import LabelSet
from pipeline.metrics.detection_scores import DetectionScores, detection_scores
from pipeline.metrics.segment_based import count_of_segments, count_segments, segment_roll, segments_of_frames
from pipeline.metrics.validation import validate
from pipeline.postprocess import (
    PostProcessing,
    above,
    close_gaps,
    countable_frames,
    drop_short_runs,
    frame_edges,
    gap_frames,
    median_filter,
    median_frames,
    passes_gate,
    shortest_frames,
)

OPERATING_POINTS = ("min_er", "max_f1")
STEPS = ("untuned", "threshold", "smoothing", "gap", "hysteresis", "gate", "class_thresholds", "class_smoothing")
UNTUNED = PostProcessing(threshold=0.5)
N_FOLDS = 5
QUICK_THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
QUICK_MEDIAN_S = 0.56
_WORD = 64


@dataclass(frozen=True)
class Candidates:
    """The values that are tried.

    Parameters
    ----------
    thresholds, medians_s, min_durations_s, gaps_s, hystereses, gates : tuple of float
        As in :class:`~pipeline.postprocess.PostProcessing`; of equally good ones the first is taken, but for
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
    frame_probs: np.ndarray,
    clip_ids: Sequence[str],
    reference: EventLists,
    durations: Mapping[str, float],
    labels: LabelSet,
    grid: FrameGrid,
    *,
    clip_probs: np.ndarray,
    n_frames: np.ndarray | None = None,
    candidates: Candidates | None = None,
    time_resolution: float = 1.0,
) -> dict[str, OperatingPoint]:
    """Choose post-processing for each of :data:`OPERATING_POINTS`.

    Parameters
    ----------
    frame_probs : ndarray [shape=(N, T, K)]
        Probability of each of K classes in each of T frames of N clips.
    clip_ids : sequence of str
        The N clips, in the order of ``frame_probs``; their order does not matter.
    reference : mapping of str to sequence of Event
        What sounds in each of the N clips; other clips are ignored, so clips without audio may be there.
    durations : mapping of str to float
        Length in seconds of each of the N clips.
    labels : LabelSet
        Names of the K classes.
    grid : FrameGrid
        Where the T frames lie.
    clip_probs : ndarray [shape=(N, K)]
        Probability of each class in each clip, for the gate.
    n_frames : ndarray [shape=(N,)], optional
        How many frames of each clip count. All, if not given.
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
        If the arrays and lists do not fit together, or no clip has a located event: nothing can be tuned then.
    """
    split = _split(frame_probs, clip_ids, reference, durations, labels, grid, clip_probs, n_frames, time_resolution)
    folds = _folds(clip_ids)
    candidates = candidates or Candidates()
    return {name: _operating_point(name, split, folds, candidates, labels) for name in OPERATING_POINTS}


def scores_at_thresholds(
    frame_probs: np.ndarray,
    clip_ids: Sequence[str],
    reference: EventLists,
    durations: Mapping[str, float],
    labels: LabelSet,
    grid: FrameGrid,
    *,
    n_frames: np.ndarray | None = None,
    thresholds: Sequence[float] = QUICK_THRESHOLDS,
    median_s: float = QUICK_MEDIAN_S,
) -> dict[str, float]:
    """Roughly what :func:`tune` would come to, in a hundredth of its time: the best of a few common thresholds.

    Parameters
    ----------
    frame_probs, clip_ids, reference, durations, labels, grid, n_frames
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
    no_gate = np.zeros((len(clip_ids), len(labels)), frame_probs.dtype)
    split = _split(frame_probs, clip_ids, reference, durations, labels, grid, no_gate, n_frames, 1.0)
    tallies = [split.tally(PostProcessing(threshold, median_s=median_s)) for threshold in thresholds]
    return {name: min(tallies, key=lambda tally: tally.cost(name)).score(name) for name in OPERATING_POINTS}


def _split(
    frame_probs: np.ndarray,
    clip_ids: Sequence[str],
    reference: EventLists,
    durations: Mapping[str, float],
    labels: LabelSet,
    grid: FrameGrid,
    clip_probs: np.ndarray,
    n_frames: np.ndarray | None,
    time_resolution: float,
) -> _Split:
    _check(frame_probs, clip_ids, reference, labels, clip_probs, n_frames)
    clips = validate({clip_id: reference[clip_id] for clip_id in clip_ids}, {}, durations, labels)
    roll = segment_roll(clips.reference, clips.durations, len(labels), time_resolution)
    if not roll.any():
        raise ValueError("no clip has a located event, so there is nothing to tune on")
    counted = countable_frames(frame_edges(grid, frame_probs.shape[1]), n_frames, clips.durations)
    n_segments = count_of_segments(clips.durations, time_resolution)
    return _Split(frame_probs, clip_probs, roll, counted, n_segments, grid, time_resolution)


def _check(
    frame_probs: np.ndarray,
    clip_ids: Sequence[str],
    reference: EventLists,
    labels: LabelSet,
    clip_probs: np.ndarray,
    n_frames: np.ndarray | None,
) -> None:
    if frame_probs.ndim != 3 or (frame_probs.shape[0], frame_probs.shape[2]) != (len(clip_ids), len(labels)):
        raise ValueError(f"frame_probs must have shape ({len(clip_ids)}, T, {len(labels)}), got {frame_probs.shape}")
    if clip_probs.shape != (len(clip_ids), len(labels)):
        raise ValueError(f"clip_probs must have shape ({len(clip_ids)}, {len(labels)}), got {clip_probs.shape}")
    if np.isnan(frame_probs).any() or np.isnan(clip_probs).any():
        raise ValueError("the probabilities hold a nan")
    if n_frames is not None and n_frames.shape != (len(clip_ids),):
        raise ValueError(f"n_frames must have shape ({len(clip_ids)},), got {n_frames.shape}")
    if len(set(clip_ids)) < len(clip_ids):
        raise ValueError("clip_ids holds a clip twice")
    for clip_id in clip_ids:
        if clip_id not in reference:
            raise ValueError(f"clip {clip_id!r} has probabilities but is not in the reference")


def _folds(clip_ids: Sequence[str]) -> np.ndarray:
    """The fold (N,) of each clip: alike in size, drawn by the clips' names, so that their order never matters."""
    digests = [hashlib.sha256(clip_id.encode()).digest() for clip_id in clip_ids]
    folds = np.empty(len(clip_ids), dtype=int)
    for place, n in enumerate(sorted(range(len(clip_ids)), key=digests.__getitem__)):
        folds[n] = place % N_FOLDS
    return folds


def _operating_point(
    name: str, split: _Split, folds: np.ndarray, candidates: Candidates, labels: LabelSet
) -> OperatingPoint:
    tuned = _ladder(name, split, np.ones(len(folds), dtype=bool), candidates)
    validated = _cross_validated(name, split, folds, candidates)
    steps = [
        Step(step, settings, split.tally(settings).score(name), score)
        for step, settings, score in zip(STEPS, tuned, validated, strict=True)
    ]
    best = _best_of(name, validated)
    steps[best] = replace(steps[best], chosen=True)
    settings = steps[best].settings
    counts = count_segments(split.reference, split.unpacked(split.roll(settings)))
    return OperatingPoint(settings, detection_scores(counts, labels), tuple(steps))


def _best_of(name: str, validated: Sequence[float | None]) -> int:
    """Step with the best cross-validated score; a plain threshold where there is none."""
    if None in validated:
        return STEPS.index("threshold")
    sign = 1 if name == "min_er" else -1
    return min(range(len(STEPS)), key=lambda step: (sign * (validated[step] or 0.0), step))


def _cross_validated(name: str, split: _Split, folds: np.ndarray, candidates: Candidates) -> list[float | None]:
    """Score of each step on clips that it was not tuned on, over all folds together."""
    masks = [folds == fold for fold in range(N_FOLDS)]
    if not all(split.reference[~mask].any() for mask in masks) or not all(mask.any() for mask in masks):
        return [None] * len(STEPS)
    tallies: list[list[_Tally]] = [[] for _ in STEPS]
    for mask in masks:
        for of_step, settings in zip(tallies, _ladder(name, split, ~mask, candidates), strict=True):
            of_step.append(split.tally(settings).of(mask))
    return [_Tally(*(np.concatenate(part) for part in zip(*of_step, strict=True))).score(name) for of_step in tallies]


def _ladder(name: str, split: _Split, mask: np.ndarray, candidates: Candidates) -> list[PostProcessing]:
    """What each step comes to on the clips of a mask."""
    found: list[PostProcessing] = []
    common = UNTUNED
    for step in STEPS:
        tried = candidates.of_step(step, common)
        if step.startswith("class"):
            found.append(_of_classes(name, split, mask, tried, common))
        else:
            costs = [split.tally(settings).of(mask).cost(name) for settings in tried]
            common = tried[int(np.argmin(costs))]
            found.append(common)
    return found


def _of_classes(
    name: str, split: _Split, mask: np.ndarray, tried: list[PostProcessing], common: PostProcessing
) -> PostProcessing:
    """For each class the best of ``tried``, by Dinkelbach's way or by coordinate ascent."""
    rolls = np.stack([split.roll(settings) for settings in tried])  # (C, S, K, W)
    words = _packed(mask)
    correct = np.bitwise_count(rolls & split.packed & words[None, None, None]).sum(axis=(1, 3), dtype=np.int64)
    estimated = np.bitwise_count(rolls & words).sum(axis=(1, 3), dtype=np.int64)
    start = np.full(rolls.shape[2], tried.index(common))
    highest = _highest_f1(correct, estimated, int(split.reference[mask].sum()), start)
    if name == "max_f1":
        chosen = highest
    else:
        ends = [_lowest_er(split, mask, rolls, correct, choice) for choice in (start, highest)]
        chosen = min(ends, key=lambda end: end[0])[1]
    of_class = [tried[c] for c in chosen.tolist()]
    return replace(
        common,
        threshold=tuple(settings.threshold for settings in of_class),
        median_s=tuple(settings.median_s for settings in of_class),
    )


def _highest_f1(correct: np.ndarray, estimated: np.ndarray, n_reference: int, start: np.ndarray) -> np.ndarray:
    """Indices (K,) into candidates (C, K); candidates change only where F1 grows."""
    classes = np.arange(len(start))

    def f1(choice: np.ndarray) -> float:
        whole = n_reference + int(estimated[choice, classes].sum())
        return 2 * int(correct[choice, classes].sum()) / max(whole, 1)

    choice, best = start, f1(start)
    while True:
        following = np.argmax(2 * correct - best * estimated, axis=0)
        if f1(following) <= best:
            return choice
        choice, best = following, f1(following)


def _lowest_er(
    split: _Split, mask: np.ndarray, rolls: np.ndarray, correct: np.ndarray, choice: np.ndarray
) -> tuple[int, np.ndarray]:
    """Errors and indices (K,) where no class can do better alone."""
    choice = choice.copy()
    n_reference = split.reference.sum(axis=2).T  # (S, N)
    lit = np.stack([_unpacked(rolls[c, :, k], split.n_clips) for k, c in enumerate(choice)])  # (K, S, N)
    n_estimated = lit.sum(axis=0)
    changed = True
    while changed:
        changed = False
        for k in range(len(choice)):
            others = n_estimated - lit[k]
            costly = _packed((others >= n_reference) & mask)
            costs = np.bitwise_count(rolls[:, :, k] & costly).sum(axis=(1, 2), dtype=np.int64) - correct[:, k]
            best = int(np.argmin(costs))
            if costs[best] < costs[choice[k]]:
                choice[k], changed = best, True
                lit[k] = _unpacked(rolls[best, :, k], split.n_clips)
                n_estimated = others + lit[k]
    right = int(correct[choice, np.arange(len(choice))].sum())
    return int(np.maximum(n_estimated, n_reference)[:, mask].sum()) - right, choice


@dataclass(frozen=True, eq=False)
class _Tally:
    """Segments of each clip (N,) with one setting: errors, right, estimated, in the reference."""

    errors: np.ndarray
    correct: np.ndarray
    n_estimated: np.ndarray
    n_reference: np.ndarray

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter((self.errors, self.correct, self.n_estimated, self.n_reference))

    def of(self, mask: np.ndarray) -> _Tally:
        """Of some clips."""
        return _Tally(*(part[mask] for part in self))

    def score(self, name: str) -> float:
        """Error rate or F1."""
        n_reference = int(self.n_reference.sum())
        if name == "min_er":
            return int(self.errors.sum()) / n_reference
        return 2 * int(self.correct.sum()) / (n_reference + int(self.n_estimated.sum()))

    def cost(self, name: str) -> float:
        """What is to be as low as can be."""
        return self.score(name) if name == "min_er" else -self.score(name)


class _Split:
    """Frames and truth of N clips, and what settings make of them; each is computed once.

    ``reference`` is (N, S, K) bool, ``packed`` the same as words (S, K, W) with a bit for each clip.
    """

    def __init__(
        self,
        frame_probs: np.ndarray,
        clip_probs: np.ndarray,
        reference: np.ndarray,
        counted: np.ndarray,
        n_segments: np.ndarray,
        grid: FrameGrid,
        time_resolution: float,
    ) -> None:
        self.n_clips, n_frames, _ = frame_probs.shape
        self.reference = reference
        self.packed = _packed(reference.transpose(1, 2, 0))
        self._n_reference = reference.sum(axis=(1, 2))
        self._reference_per_segment = reference.sum(axis=2, dtype=np.int16).T  # (S, N)
        self._probs = np.ascontiguousarray(frame_probs.transpose(1, 0, 2))  # (T, N, K)
        self._clip_probs = clip_probs
        self._counted = (np.arange(n_frames)[:, None] < counted)[..., None]  # (T, N, 1)
        self._evaluated = _packed(np.arange(reference.shape[1])[:, None] < n_segments)[:, None]  # (S, 1, W)
        self._grid, self._edges, self._resolution = grid, frame_edges(grid, n_frames), time_resolution
        self._rolls: dict[PostProcessing, np.ndarray] = {}
        self._tallies: dict[PostProcessing, _Tally] = {}
        self._above = lru_cache(maxsize=4)(self._make_above)
        self._smooth = lru_cache(maxsize=64)(self._make_smooth)

    def roll(self, settings: PostProcessing) -> np.ndarray:
        """Words (S, K, W): the segments that the events of these settings light."""
        found = self._rolls.get(settings)
        if found is None:
            if settings.is_common:
                found = self._make_roll(settings)
            else:
                each = [self.roll(settings.of_class(k))[:, k] for k in range(self.packed.shape[1])]
                found = np.stack(each, axis=1)
            self._rolls[settings] = found
        return found

    def tally(self, settings: PostProcessing) -> _Tally:
        """Counts of each clip."""
        found = self._tallies.get(settings)
        if found is None:
            found = self._tallies[settings] = self._make_tally(self.roll(settings))
        return found

    def unpacked(self, roll: np.ndarray) -> np.ndarray:
        """Boolean (N, S, K)."""
        return _unpacked(roll, self.n_clips).transpose(2, 0, 1)

    def _make_roll(self, settings: PostProcessing) -> np.ndarray:
        smooth = self._smooth(settings.threshold, settings.hysteresis, settings.median_s)
        joined = close_gaps(smooth, gap_frames(settings.gap_s, self._grid))  # type: ignore[arg-type]
        kept = drop_short_runs(joined, shortest_frames(settings.min_duration_s, self._grid))  # type: ignore[arg-type]
        roll = segments_of_frames(kept, self._edges, len(self.packed), self._resolution) & self._evaluated
        if settings.gate:
            roll &= _packed(passes_gate(self._clip_probs, settings).T)
        return np.asarray(roll)

    def _make_above(self, threshold: float, share: float) -> np.ndarray:
        active = above(self._probs, PostProcessing(threshold, hysteresis=share)) & self._counted
        return np.ascontiguousarray(active.transpose(0, 2, 1))  # (T, K, N)

    def _make_smooth(self, threshold: float, share: float, median_s: float) -> np.ndarray:
        smooth = median_filter(self._above(threshold, share), median_frames(median_s, self._grid))
        return _packed(smooth & self._counted.transpose(0, 2, 1))

    def _make_tally(self, roll: np.ndarray) -> _Tally:
        lit = _unpacked(roll, self.n_clips).view(np.int8)  # (S, K, N)
        right = _unpacked(roll & self.packed, self.n_clips).view(np.int8)
        n_estimated = lit.sum(axis=1, dtype=np.int16)  # (S, N)
        correct = right.sum(axis=1, dtype=np.int16).sum(axis=0, dtype=np.int64)
        # in each segment S + D + I = max(reference, estimated) - correct
        most = np.maximum(n_estimated, self._reference_per_segment)
        errors = most.sum(axis=0, dtype=np.int64) - correct
        return _Tally(errors, correct, n_estimated.sum(axis=0, dtype=np.int64), self._n_reference)


def _packed(flags: np.ndarray) -> np.ndarray:
    """Booleans (..., N) as words (..., W) of 64 bits."""
    padding = [(0, 0)] * (flags.ndim - 1) + [(0, -flags.shape[-1] % _WORD)]
    return np.asarray(np.ascontiguousarray(np.packbits(np.pad(flags, padding), axis=-1)).view(np.uint64))


def _unpacked(words: np.ndarray, n: int) -> np.ndarray:
    """Booleans (..., N) of words (..., W)."""
    return np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=-1, count=n).view(bool)
