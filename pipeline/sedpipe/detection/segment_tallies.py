"""What any post-processing comes to on a split: segments that are right, wrong and missed, each setting counted once.

Counts are those of :func:`~sedpipe.detection.decoding.decode_events` and the segment-based metric, but no events
are made: 64 clips are filtered at once as the bits of a word, and only integers are kept. What may be needed again is
kept as far as there is room: hundreds of classes in thousands of clips, or in a recording of hours, take longer, not
all memory.

- :class:`SegmentTallies`: frames and truth of a split -> :class:`SegmentTally`
- :func:`scores_at`: scores of some settings, in the same memory however many clips there are
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
"""Of all rolls that are kept; and of what each step came to."""


@dataclass(frozen=True, eq=False)
class SegmentTally:
    """Segments of each clip (N,) with one setting: errors, right, estimated, in the reference."""

    errors: np.ndarray
    correct: np.ndarray
    n_estimated: np.ndarray
    n_reference: np.ndarray

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter((self.errors, self.correct, self.n_estimated, self.n_reference))

    @classmethod
    def together(cls, parts: Sequence[SegmentTally]) -> SegmentTally:
        """Of the clips of all parts."""
        return cls(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def of(self, mask: np.ndarray) -> SegmentTally:
        """Of some clips."""
        return SegmentTally(*(part[mask] for part in self))

    def score(self, name: str, counted: np.ndarray | None = None) -> float:
        """Error rate or F1, of all clips or of those whose number in ``counted`` (N,) is 1, not 0."""
        if counted is None:
            counted = np.ones(len(self.errors), dtype=int)
        n_reference = int(self.n_reference @ counted)
        if name == "min_er":
            return int(self.errors @ counted) / n_reference
        return 2 * int(self.correct @ counted) / (n_reference + int(self.n_estimated @ counted))

    def cost(self, name: str, counted: np.ndarray | None = None) -> float:
        """What is to be as low as can be."""
        return self.score(name, counted) if name == "min_er" else -self.score(name, counted)


class SegmentTallies:
    """Frames and truth of N clips, and what settings make of them; each is computed once.

    ``reference`` is (N, S, K) bool, ``packed`` the same as words (S, K, W) with a bit for each clip.

    Parameters
    ----------
    scores : FrameScores
        Of N clips.
    truth : Truth
        Of the same clips; others in it are ignored, so clips without audio may be there.
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
        # settings that share their first steps share what these came to; words take an eighth of the memory
        self._steps = steps_in_order()
        self._in_words = [all(step.on_words for step in self._steps[k + 1 :]) for k in range(len(self._steps))]
        n_frames, n_classes, _ = self._frames.probs.shape
        in_words = n_frames * n_classes * self.packed[0, 0].nbytes
        sizes = [
            min(64, _room(in_words)) if words else min(4, _room(self._frames.probs.size)) for words in self._in_words
        ]
        # by a proxy: in a circle, the arrays of many clips would outlive their use until the collector came by
        this = weakref.proxy(self)
        self._after = [lru_cache(size)(partial(SegmentTallies._make_after, this, k)) for k, size in enumerate(sizes)]
        self._rolls = lru_cache(_room(self.packed.nbytes))(partial(SegmentTallies._make_roll, this))

    def roll(self, settings: PostProcessing) -> np.ndarray:
        """Words (S, K, W): the segments that the events of these settings light."""
        return self._rolls(settings)

    def rolls(self, several: Sequence[PostProcessing]) -> np.ndarray:
        """Words (C, S, K, W) of several settings, which are common ones; what they share is computed once."""
        found = np.empty((len(several), *self.packed.shape), self.packed.dtype)
        for n, settings in self._in_order(several):
            found[n] = self.roll(settings)
        return found

    def tally(self, settings: PostProcessing) -> SegmentTally:
        """Counts of each clip."""
        found = self._tallies.get(settings)
        if found is None:
            found = self._tallies[settings] = self._make_tally(self.roll(settings))
        return found

    def scores(self, settings: PostProcessing) -> DetectionScores:
        """Segment-based scores over all clips."""
        return detection_scores(self.counts(settings), self.labels)

    def counts(self, settings: PostProcessing) -> DetectionCounts:
        """Segment-based counts of each clip."""
        return count_segments(self.reference, self.unpacked(self.roll(settings)))

    def unpacked(self, roll: np.ndarray) -> np.ndarray:
        """Boolean (N, S, K)."""
        return unpacked(roll, self.n_clips).transpose(2, 0, 1)

    def tallies(self, several: Sequence[PostProcessing]) -> list[SegmentTally]:
        """Counts of each clip with each of several common settings."""
        for _, settings in self._in_order(settings for settings in several if settings not in self._tallies):
            self.tally(settings)
        return [self._tallies[settings] for settings in several]

    def _in_order(self, several: Iterable[PostProcessing]) -> list[tuple[int, PostProcessing]]:
        """Common settings and their numbers, those that share their first steps one after the other."""
        return sorted(enumerate(several), key=lambda each: self._values_in_order(each[1]))

    def _values_in_order(self, settings: PostProcessing) -> tuple[Any, ...]:
        """What each step takes, in the order of the steps."""
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
        """Activity (T, K, N) after the steps up to the ``k``-th of :data:`~sedpipe.detection.steps.STEPS`."""
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
    """How many arrays of so many bytes are kept; one at least."""
    return max(1, _MOST_BYTES // max(1, n_bytes))


def scores_at(settings: Sequence[PostProcessing], scores: FrameScores, truth: Truth) -> list[DetectionScores]:
    """Segment-based scores over all clips with each of some settings; the clips are looked at a few at a time.

    Parameters
    ----------
    settings : sequence of PostProcessing
    scores : FrameScores
        Of N clips.
    truth : Truth
        Of the same clips.
    """
    counted: list[list[DetectionCounts]] = [[] for _ in settings]
    for some in scores.blocks():
        split = SegmentTallies(scores.of_rows(some), truth)
        for counts, point in zip(counted, settings, strict=True):
            counts.append(split.counts(point).as_one)
    return [detection_scores(DetectionCounts.together(counts), truth.labels) for counts in counted]
