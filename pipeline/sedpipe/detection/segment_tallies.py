"""Segment counts of any post-processing on a split: correct, wrong and missed segments, each setting counted once.

Counts equal those of :func:`~sedpipe.detection.decoding.decode_events` and the segment-based metric, but no events
are made: 64 clips are filtered together as the bits of a word, and only integers are kept. Intermediate results that
may be needed again are cached up to a limit: hundreds of classes in thousands of clips, or in a recording of hours,
take more time, not all memory.

- :class:`SegmentTallies`: frames and truth of a split -> :class:`SegmentTally`
- :func:`scores_at`: scores of some settings, in an amount of memory that does not depend on the number of clips
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from sedpipe.detection.decoding import countable_frames
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.steps import Frames, steps_in_order
from sedpipe.detection.words import alike, are_words, packed, unpacked
from sedpipe.metrics.detection_scores import DetectionCounts, DetectionScores, detection_scores
from sedpipe.metrics.segment_scores import count_of_segments, count_segments, segment_roll, segments_of_frames
from sedpipe.metrics.validation import validate
from sedpipe.truth import Truth

_MOST_BYTES = 2**29
"""Maximum size of all cached rolls, and of the cached results of each step."""


@dataclass(frozen=True, eq=False)
class SegmentTally:
    """Number of segments of each clip (N,) with one setting: errors, correct, estimated, in the reference."""

    errors: np.ndarray
    correct: np.ndarray
    n_estimated: np.ndarray
    n_reference: np.ndarray

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter((self.errors, self.correct, self.n_estimated, self.n_reference))

    @classmethod
    def together(cls, parts: Sequence[SegmentTally]) -> SegmentTally:
        """Concatenate the counts of the clips of all parts."""
        return cls(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def of(self, mask: np.ndarray) -> SegmentTally:
        """Return the counts of some clips."""
        return SegmentTally(*(part[mask] for part in self))

    def score(self, name: str, counted: np.ndarray | None = None) -> float:
        """Return the error rate or F1 of all clips, or of those for which ``counted`` (N,) is 1, not 0."""
        if counted is None:
            counted = np.ones(len(self.errors), dtype=int)
        n_reference = int(self.n_reference @ counted)
        if name == "min_er":
            return int(self.errors @ counted) / n_reference
        return 2 * int(self.correct @ counted) / (n_reference + int(self.n_estimated @ counted))

    def cost(self, name: str, counted: np.ndarray | None = None) -> float:
        """Return the value that tuning minimizes: the error rate, or minus F1."""
        return self.score(name, counted) if name == "min_er" else -self.score(name, counted)


class SegmentTallies:
    """Frames and truth of N clips, and the segment counts of settings on them; each setting is computed once.

    ``reference`` is (N, S, K) bool, ``packed`` the same as words (S, K, W) with a bit for each clip.

    Parameters
    ----------
    scores : FrameScores
        Output of a system on N clips.
    truth : Truth
        Reference of the same clips; other clips are ignored, so it may contain clips without audio.
    time_resolution : float > 0
        Length of a segment in seconds.

    Raises
    ------
    ValueError
        If a clip is not in the truth, or the classes differ.
    """

    def __init__(self, scores: FrameScores, truth: Truth, time_resolution: float = 1.0) -> None:
        if scores.labels != truth.labels:
            raise ValueError("the probabilities are of different classes than the truth")
        known = truth.of(scores.clip_ids)
        clips = validate(known.reference, {}, known.durations, known.labels)
        self.labels, self.n_clips = truth.labels, len(scores.clip_ids)
        self.reference = segment_roll(clips.reference, clips.durations, len(truth.labels), time_resolution)
        self.packed = packed(self.reference.transpose(1, 2, 0))
        self._n_reference = self.reference.sum(axis=(1, 2))
        self._reference_per_segment = self.reference.sum(axis=2, dtype=np.int16).T  # (S, N)
        self._frames = Frames(
            np.ascontiguousarray(scores.frame_probs.transpose(1, 2, 0)),  # (T, K, N)
            scores.clip_probs.T[None],
            scores.grid,
        )
        n_frames = countable_frames(scores.edges, scores.n_frames, clips.durations)
        self._counted = (np.arange(len(self._frames.probs))[:, None] < n_frames)[:, None]  # (T, 1, N)
        self._counted_words = packed(self._counted)
        n_segments = count_of_segments(clips.durations, time_resolution)
        self._evaluated = packed(np.arange(self.reference.shape[1])[:, None] < n_segments)[:, None]  # (S, 1, W)
        self._edges, self._resolution = scores.edges, time_resolution
        self._tallies: dict[PostProcessing, SegmentTally] = {}
        # settings with the same first steps share the results of these steps; words take an eighth of the memory
        self._steps = steps_in_order()
        self._in_words = [all(step.on_words for step in self._steps[k + 1 :]) for k in range(len(self._steps))]
        n_frames, n_classes, _ = self._frames.probs.shape
        in_words = n_frames * n_classes * self.packed[0, 0].nbytes
        sizes = [
            min(64, _room(in_words)) if words else min(4, _room(self._frames.probs.size)) for words in self._in_words
        ]
        # via a proxy: in a reference cycle, large arrays would stay in memory until the garbage collector runs
        this = weakref.proxy(self)
        self._after = [lru_cache(size)(partial(SegmentTallies._make_after, this, k)) for k, size in enumerate(sizes)]
        self._rolls = lru_cache(_room(self.packed.nbytes))(partial(SegmentTallies._make_roll, this))

    def roll(self, settings: PostProcessing) -> np.ndarray:
        """Return words (S, K, W): the segments in which the events of these settings are active."""
        return self._rolls(settings)

    def rolls(self, several: Sequence[PostProcessing]) -> np.ndarray:
        """Return words (C, S, K, W) for C common settings; steps that they share are computed once."""
        found = np.empty((len(several), *self.packed.shape), self.packed.dtype)
        for n, settings in self._in_order(several):
            found[n] = self.roll(settings)
        return found

    def tally(self, settings: PostProcessing) -> SegmentTally:
        """Return the counts of each clip."""
        found = self._tallies.get(settings)
        if found is None:
            found = self._tallies[settings] = self._make_tally(self.roll(settings))
        return found

    def scores(self, settings: PostProcessing) -> DetectionScores:
        """Return the segment-based scores over all clips."""
        return detection_scores(self.counts(settings), self.labels)

    def counts(self, settings: PostProcessing) -> DetectionCounts:
        """Return the segment-based counts of each clip."""
        return count_segments(self.reference, self.unpacked(self.roll(settings)))

    def unpacked(self, roll: np.ndarray) -> np.ndarray:
        """Return a roll of words (S, K, W) as booleans (N, S, K)."""
        return unpacked(roll, self.n_clips).transpose(2, 0, 1)

    def tallies(self, several: Sequence[PostProcessing]) -> list[SegmentTally]:
        """Return the counts of each clip with each of several common settings."""
        for _, settings in self._in_order(settings for settings in several if settings not in self._tallies):
            self.tally(settings)
        return [self._tallies[settings] for settings in several]

    def _in_order(self, several: Iterable[PostProcessing]) -> list[tuple[int, PostProcessing]]:
        """Return common settings with their indices, sorted so that those with the same first steps are neighbours."""
        return sorted(enumerate(several), key=lambda each: self._values_in_order(each[1]))

    def _values_in_order(self, settings: PostProcessing) -> tuple[Any, ...]:
        """Return the values of the settings of each step, in the order of the steps."""
        return tuple(settings.values_for(step) for step in self._steps)

    def _make_roll(self, settings: PostProcessing) -> np.ndarray:
        if not settings.is_common:
            found = np.empty_like(self.packed)
            of_class = [settings.of_class(k) for k in range(found.shape[1])]
            for _, common in self._in_order(set(of_class)):
                classes = [k for k, of in enumerate(of_class) if of == common]
                found[:, classes] = self.roll(common)[:, classes]
            return found
        active = self._after[-1](self._values_in_order(settings))
        lit = segments_of_frames(alike(active, self._evaluated), self._edges, len(self.packed), self._resolution)
        return np.asarray(lit & self._evaluated)

    def _make_after(self, k: int, values: tuple[tuple[float, ...], ...]) -> np.ndarray:
        """Return the activity (T, K, N), or its words, after the steps up to and including the one with index ``k``."""
        before = self._after[k - 1](values[:-1]) if k else np.broadcast_to(self._counted, self._frames.probs.shape)
        after = self._steps[k].run(before, self._frames, *values[-1])
        if after is before:
            return before
        if are_words(after):
            return np.asarray(after & self._counted_words)
        return packed(after & self._counted) if self._in_words[k] else np.asarray(after & self._counted)

    def _make_tally(self, roll: np.ndarray) -> SegmentTally:
        lit = unpacked(roll, self.n_clips).view(np.int8)  # (S, K, N)
        right = unpacked(roll & self.packed, self.n_clips).view(np.int8)
        n_estimated = lit.sum(axis=1, dtype=np.int16)  # (S, N)
        correct = right.sum(axis=1, dtype=np.int16).sum(axis=0, dtype=np.int64)
        # in each segment S + D + I = max(reference, estimated) - correct
        most = np.maximum(n_estimated, self._reference_per_segment)
        errors = most.sum(axis=0, dtype=np.int64) - correct
        return SegmentTally(errors, correct, n_estimated.sum(axis=0, dtype=np.int64), self._n_reference)


def _room(n_bytes: int) -> int:
    """Return how many arrays of ``n_bytes`` are cached, at least one."""
    return max(1, _MOST_BYTES // max(1, n_bytes))


def scores_at(settings: Sequence[PostProcessing], scores: FrameScores, truth: Truth) -> list[DetectionScores]:
    """Return the segment-based scores over all clips with each of some settings, processing a few clips at a time.

    Parameters
    ----------
    settings : sequence of PostProcessing
        The settings to score.
    scores : FrameScores
        Output of a system on N clips.
    truth : Truth
        Reference of the same clips.
    """
    counted: list[list[DetectionCounts]] = [[] for _ in settings]
    for some in scores.blocks():
        split = SegmentTallies(scores.of_rows(some), truth)
        for counts, point in zip(counted, settings, strict=True):
            counts.append(split.counts(point).as_one)
    return [detection_scores(DetectionCounts.together(counts), truth.labels) for counts in counted]
