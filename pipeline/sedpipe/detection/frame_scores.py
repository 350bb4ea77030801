"""The output of a system, frame by frame.

- :class:`FrameScores`: probabilities of N clips, with all that is needed to decode events
- :func:`mean_of`: mean of several systems
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from sedpipe.detection.decoding import countable_frames, decode_activity, frame_edges
from sedpipe.detection.postprocess import PostProcessing, activity
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet

# pooling weights sum to 1 only up to rounding errors of float32
_DUST = 1e-5
_CELLS_OF_BLOCK = 2**19


@dataclass(frozen=True, eq=False)
class FrameScores:
    """Probabilities of N clips, with all that is needed to decode events.

    Parameters
    ----------
    clip_ids : list of str
        Distinct names of the N clips.
    frame_probs : ndarray [shape=(N, T, K)]
        Probability of each of K classes in each of T frames, in [0, 1]; for many clips, the array may be on disk, so
        use :meth:`blocks` to iterate over all of them.
    clip_probs : ndarray [shape=(N, K)]
        Probability of each class in each clip, in [0, 1].
    n_frames : ndarray [shape=(N,)]
        Number of the T frames that count in each clip; the others are padding.
    durations : ndarray [shape=(N,)]
        Length of each clip in seconds.
    labels : LabelSet
        Names of the K classes.
    grid : FrameGrid
        Grid of the T frames.
    points : mapping of str to PostProcessing
        The system's operating points, by name.

    Raises
    ------
    ValueError
        If the shapes do not fit together, a probability lies outside [0, 1] or is not a number, a duration or a number
        of frames is out of range, or a clip is named twice.

    Examples
    --------
    >>> probs = np.array([[[0.1], [0.7], [0.9], [0.2]]])
    >>> scores = FrameScores(["a"], probs, probs.max(axis=1), np.array([4]), np.array([0.32]), LabelSet(("Dog",)),
    ...                      FrameGrid(100, 8))
    >>> scores.decode(PostProcessing(0.5))
    {'a': [Event(onset=0.08, offset=0.24, label='Dog')]}
    """

    clip_ids: list[str]
    frame_probs: np.ndarray
    clip_probs: np.ndarray
    n_frames: np.ndarray
    durations: np.ndarray
    labels: LabelSet
    grid: FrameGrid
    points: Mapping[str, PostProcessing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n, k = len(self.clip_ids), len(self.labels)
        if self.frame_probs.ndim != 3 or (self.frame_probs.shape[0], self.frame_probs.shape[2]) != (n, k):
            raise ValueError(f"frame_probs must have shape ({n}, T, {k}), got {self.frame_probs.shape}")
        for name, shape in (("clip_probs", (n, k)), ("n_frames", (n,)), ("durations", (n,))):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} must have shape {shape}, got {getattr(self, name).shape}")
        for some in self.blocks():
            _check_probabilities("frame_probs", self.frame_probs[some])
        _check_probabilities("clip_probs", self.clip_probs)
        if not np.isfinite(self.durations).all() or (self.durations < 0).any():
            raise ValueError("durations must be lengths in seconds")
        if (self.n_frames < 0).any() or (self.n_frames > self.frame_probs.shape[1]).any():
            raise ValueError(f"n_frames must lie in 0 .. {self.frame_probs.shape[1]}")
        if len(set(self.clip_ids)) < n:
            raise ValueError("clip_ids contains a clip twice")

    @classmethod
    def pooled(
        cls,
        frame_probs: np.ndarray,
        clip_probs: np.ndarray,
        clip_ids: Sequence[str],
        n_frames: np.ndarray,
        durations: np.ndarray,
        labels: LabelSet,
        grid: FrameGrid,
        factor: int,
    ) -> FrameScores:
        """Build the scores of a network that pools every ``factor`` input frames into one output frame.

        Parameters
        ----------
        frame_probs : ndarray [shape=(N, T, K)]
            Probabilities in the output frames.
        clip_probs : ndarray [shape=(N, K)]
            Clip probabilities.
        clip_ids : sequence of str
            Names of the N clips.
        n_frames : ndarray [shape=(N,)]
            Number of input frames of each clip; an incomplete last group makes an output frame, too.
        durations : ndarray [shape=(N,)]
            Length of each clip in seconds: the last input frame may end later.
        labels : LabelSet
            Names of the K classes.
        grid : FrameGrid
            Grid of the input frames.
        factor : int
            Number of input frames per output frame.
        """
        counted = -(-n_frames // factor)
        return cls(list(clip_ids), frame_probs, clip_probs, counted, durations, labels, grid.subsampled(factor))

    def blocks(self) -> Iterator[slice]:
        """Iterate over all clips, as slices of neighbouring rows that fit into memory."""
        n_clips, n_frames, n_classes = self.frame_probs.shape
        at_once = max(1, _CELLS_OF_BLOCK // max(1, n_frames * n_classes))
        for first in range(0, n_clips, at_once):
            yield slice(first, min(first + at_once, n_clips))

    @cached_property
    def edges(self) -> np.ndarray:
        """Edges (T + 1,) of the frames in seconds, as used for onsets and offsets."""
        return frame_edges(self.grid, self.frame_probs.shape[1])

    @property
    def times(self) -> np.ndarray:
        """Centres (T,) of the frames in seconds."""
        exact = self.grid.edges(self.frame_probs.shape[1])
        return np.asarray((exact[:-1] + exact[1:]) / 2)

    @cached_property
    def counted(self) -> np.ndarray:
        """Number (N,) of frames of each clip that are not padding and begin before the clip ends."""
        return countable_frames(self.edges, self.n_frames, self.durations)

    def row_of(self, clip_id: str) -> int:
        """Return the row of a clip; raises ``ValueError`` if there is no clip of that name."""
        return self.clip_ids.index(clip_id)

    def of(self, clip_ids: Sequence[str]) -> FrameScores:
        """Return the scores of these clips only, in this order."""
        rows = {clip_id: row for row, clip_id in enumerate(self.clip_ids)}
        chosen = [rows[clip_id] for clip_id in clip_ids]
        return replace(
            self,
            clip_ids=list(clip_ids),
            frame_probs=self.frame_probs[chosen],
            clip_probs=self.clip_probs[chosen],
            n_frames=self.n_frames[chosen],
            durations=self.durations[chosen],
        )

    def of_rows(self, some: slice) -> FrameScores:
        """Return the scores of a slice of neighbouring clips, in memory."""
        columns = {name: getattr(self, name)[some] for name in ("frame_probs", "clip_probs", "n_frames", "durations")}
        return replace(self, clip_ids=self.clip_ids[some], **columns)

    def probs_of(self, clip_id: str) -> np.ndarray:
        """Return the probabilities (T', K) of the frames of a clip that count."""
        row = self.row_of(clip_id)
        return np.asarray(self.frame_probs[row, : self.n_frames[row]])

    def decode(self, point: PostProcessing) -> dict[str, list[Event]]:
        """Decode the events of each clip with these settings."""
        found = {}
        for some in self.blocks():
            active = activity(self.frame_probs[some], point, self.grid, self.counted[some], self.clip_probs[some])
            clips = zip(self.clip_ids[some], active, self.durations[some].tolist(), strict=True)
            for clip_id, of_clip, duration in clips:
                found[clip_id] = decode_activity(of_clip, self.labels, self.grid, duration)
        return found


def _check_probabilities(name: str, probs: np.ndarray) -> None:
    # the minimum is nan if any value is, so two passes suffice
    if probs.size and not (probs.min() >= 0 and probs.max() <= 1 + _DUST):
        what = "a nan" if np.isnan(probs).any() else "a value outside [0, 1]"
        raise ValueError(f"{name} holds {what}")


def _difference(one: FrameScores, other: FrameScores) -> str:
    """Return the reason why the probabilities of two systems have no mean; empty if they have one."""
    if other.labels != one.labels:
        return "their classes differ"
    if other.clip_ids != one.clip_ids:
        return "they scored different clips"
    durations = [round(scores.grid.frame_duration, 4) for scores in (one, other)]
    if other.grid.frame_duration != one.grid.frame_duration:
        return f"their frames are {durations[0]} s and {durations[1]} s long"
    counts = [scores.frame_probs.shape[1] for scores in (one, other)]
    if counts[0] != counts[1]:
        return f"their clips have {counts[0]} and {counts[1]} frames"
    for clip_id, *n_frames in zip(one.clip_ids, one.n_frames.tolist(), other.n_frames.tolist(), strict=True):
        if abs(n_frames[0] - n_frames[1]) > 1:
            return f"clip {clip_id!r} has {n_frames[0]} and {n_frames[1]} frames"
    for clip_id, *seconds in zip(one.clip_ids, one.durations.tolist(), other.durations.tolist(), strict=True):
        if abs(seconds[0] - seconds[1]) >= one.grid.frame_duration:
            return f"clip {clip_id!r} lasts {seconds[0]:g} s and {seconds[1]:g} s"
    return ""


def mean_of(each: Sequence[FrameScores]) -> FrameScores:
    """Average the probabilities of several systems for the same clips; the result has no operating points yet.

    The systems may use different sample rates, as long as their frames are equally long. Then one system may have one
    more frame of a clip than another: the mean for that frame is over the systems that have it.

    Raises
    ------
    ValueError
        If the systems differ in clips, classes or frames.
    """
    first = each[0]
    for other in each[1:]:
        if difference := _difference(first, other):
            raise ValueError(difference)
    frame_probs = np.empty(first.frame_probs.shape, first.frame_probs.dtype)
    for some in first.blocks():
        frame_probs[some] = np.mean([scores.frame_probs[some] for scores in each], axis=0)
    counts = np.array([scores.n_frames for scores in each])
    fewest, n_frames = counts.min(axis=0), counts.max(axis=0)
    for row in np.flatnonzero(fewest < n_frames).tolist():
        for frame in range(fewest[row], n_frames[row]):
            having = [scores.frame_probs[row, frame] for scores in each if scores.n_frames[row] > frame]
            frame_probs[row, frame] = np.mean(having, axis=0)
    return replace(
        first,
        frame_probs=frame_probs,
        n_frames=n_frames,
        durations=np.max([scores.durations for scores in each], axis=0),
        clip_probs=np.mean([scores.clip_probs for scores in each], axis=0),
        points={},
    )
