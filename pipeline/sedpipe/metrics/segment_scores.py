"""Segment-based scores: is each class detected in each second? Validate -> counts -> scores.

Equal to sed_eval's ``SegmentBasedMetrics`` and fast enough (a millisecond for rolls) for tuning.
An event makes every segment that it touches active: ``floor(onset / resolution)`` up to ``ceil(offset / resolution)``,
up to the end of the clip. A roll is a boolean array (N, S, K): N clips, S segments, K classes.

- :func:`segment_based_scores`: event lists -> scores
- :func:`segment_based_counts`: event lists -> counts of each clip
- :func:`segment_roll`: events -> roll
- :func:`segments_of_frames`: active frames -> active segments, without making events
- :func:`count_segments`: rolls -> counts
- :func:`check_size`: refuses absurd lengths

Source: Mesaros, Heittola & Virtanen, "Metrics for polyphonic sound event detection", Applied Sciences 6(6), 2016.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from sedpipe.events import EventLists
from sedpipe.labels import LabelSet
from sedpipe.metrics.detection_scores import DetectionCounts, DetectionScores, detection_scores
from sedpipe.metrics.ranges import ranges
from sedpipe.metrics.validation import EventTable, validate

TIME_RESOLUTION = 1.0
"""Length of a segment in seconds, as in DCASE."""

MOST_SEGMENTS = 2**26
"""Maximum number of segments of the longest clip times the number of classes: each takes a byte."""

_MOST_CELLS = 2**20  # of a roll; each active one takes 8 bytes in several arrays


def segment_based_scores(
    reference: EventLists,
    estimated: EventLists,
    durations: Mapping[str, float],
    labels: LabelSet,
    time_resolution: float = 1.0,
) -> DetectionScores:
    """Segment-based scores of event lists.

    Parameters
    ----------
    reference, estimated : mapping of str to sequence of Event
        Events by clip; see :func:`~sedpipe.metrics.validation.validate`.
    durations : mapping of str to float
        Length in seconds of each clip; events are truncated there.
    labels : LabelSet
        The classes.
    time_resolution : float > 0
        Length of a segment in seconds.

    Returns
    -------
    DetectionScores
        Scores over all classes and of each class.

    Raises
    ------
    ValueError
        If the lists do not fit together.

    Examples
    --------
    >>> from sedpipe.events import Event
    >>> truth, found = [Event(0, 2, "Car")], [Event(1, 4, "Car")]
    >>> segment_based_scores({"a": truth}, {"a": found}, {"a": 10.0}, LabelSet(("Car",))).overall.error_rate
    1.5
    """
    return detection_scores(segment_based_counts(reference, estimated, durations, labels, time_resolution), labels)


def segment_based_counts(
    reference: EventLists,
    estimated: EventLists,
    durations: Mapping[str, float],
    labels: LabelSet,
    time_resolution: float = 1.0,
) -> DetectionCounts:
    """Counts of each clip, in the order of the reference; see :func:`segment_based_scores`.

    Parameters
    ----------
    reference, estimated : mapping of str to sequence of Event
        Events by clip.
    durations : mapping of str to float
        Length of each clip in seconds.
    labels : LabelSet
        The classes.
    time_resolution : float > 0
        Length of a segment in seconds.
    """
    if not time_resolution > 0:  # true for nan, too
        raise ValueError(f"time_resolution must be positive, got {time_resolution}")
    clips = validate(reference, estimated, durations, labels)
    check_size(clips.durations, len(labels), time_resolution)
    n_segments = count_of_segments(clips.durations, time_resolution)
    counts = []
    for some in _pieces(n_segments, len(labels), _MOST_CELLS):
        rolls = (
            segment_roll(table.of_clips(some), clips.durations[some], len(labels), time_resolution)
            for table in (clips.reference, clips.estimated)
        )
        counts.append(count_segments(*rolls))
    return DetectionCounts.together(counts)


def check_size(durations: Sequence[float] | np.ndarray, n_classes: int, time_resolution: float) -> None:
    """Refuse absurd lengths before they fill the memory.

    Raises
    ------
    ValueError
        If a clip has more than :data:`MOST_SEGMENTS` segments, counted for all classes together.
    """
    longest = float(np.max(durations, initial=0.0))
    if longest / time_resolution * n_classes > MOST_SEGMENTS:
        raise ValueError(
            f"a clip of {longest:g} s has {longest / time_resolution:.3g} segments of {time_resolution:g} s, for "
            f"each of {n_classes} classes, expected at most {MOST_SEGMENTS:,} in all"
        )


def _pieces(n_segments: np.ndarray, n_classes: int, most_cells: int) -> Iterator[slice]:
    """Groups of neighbouring clips whose rolls are small: in one array, one long recording makes all rolls long."""
    start, longest = 0, 0
    for n, segments in enumerate(n_segments.tolist()):
        longest = max(longest, segments)
        if n > start and (n + 1 - start) * longest * n_classes > most_cells:
            yield slice(start, n)
            start, longest = n, segments
    yield slice(start, len(n_segments))


def count_of_segments(durations: Sequence[float] | np.ndarray, time_resolution: float) -> np.ndarray:
    """Number of segments of each clip; the last segment may be incomplete."""
    return np.ceil(np.asarray(durations, dtype=float) / time_resolution).astype(int)


def segment_roll(events: EventTable, durations: np.ndarray, n_classes: int, time_resolution: float) -> np.ndarray:
    """Return a boolean roll (N, S, K): the segments in which each class is active; S is that of the longest clip.

    Times are not rounded here: :func:`~sedpipe.metrics.validation.validate` does that.

    Parameters
    ----------
    events : EventTable
        Events of N clips.
    durations : ndarray [shape=(N,)]
        Length of each clip in seconds.
    n_classes : int
        Number K of classes.
    time_resolution : float > 0
        Length of a segment in seconds.
    """
    n_segments = count_of_segments(durations, time_resolution)
    last, step = n_segments[events.clips], int(n_segments.max(initial=0))
    firsts = np.minimum(np.floor(events.onsets / time_resolution).astype(int), last)
    lengths = np.maximum(np.minimum(np.ceil(events.offsets / time_resolution).astype(int), last) - firsts, 0)
    # every segment of every event: the event's first one, and all others that it reaches into
    event = np.repeat(np.arange(len(events)), lengths)
    segment = ranges(firsts, lengths)
    roll = np.zeros((len(durations), step, n_classes), dtype=bool)
    roll[events.clips[event], segment, events.classes[event]] = True
    return roll


def segments_of_frames(active: np.ndarray, edges: np.ndarray, n_segments: int, time_resolution: float) -> np.ndarray:
    """Return the segments that the events of active frames would make active, without making the events.

    A run of frames makes exactly those segments active that its frames make active one by one, since neighbouring
    frames share an edge.

    Parameters
    ----------
    active : ndarray [shape=(T, ...)]
        Booleans, or words with a bit for each clip; time along the first axis.
    edges : ndarray [shape=(T + 1,)]
        Edges of the frames in seconds, rounded in the same way as event times.
    n_segments : int
        Number S of segments.
    time_resolution : float > 0
        Length of a segment in seconds.

    Returns
    -------
    ndarray [shape=(S, ...)]
        Active segments, in the same form as ``active``.
    """
    segment = np.arange(n_segments)
    firsts = np.searchsorted(np.ceil(edges[1:] / time_resolution), segment, side="right")
    ends = np.searchsorted(np.floor(edges[:-1] / time_resolution), segment, side="right")
    roll = np.zeros((n_segments, *active.shape[1:]), dtype=active.dtype)
    longest = int((ends - firsts).max(initial=0))
    if n_segments <= longest:
        for lit, first, end in zip(roll, firsts, ends, strict=True):
            np.bitwise_or.reduce(active[first:end], axis=0, out=lit)
    else:  # the first frame of every segment, then the second of those that have one, ...: a day has 86,400 segments
        for k in range(longest):
            some = np.flatnonzero(firsts + k < ends)
            roll[some] |= active[firsts[some] + k]
    return roll


def count_segments(reference: np.ndarray, estimated: np.ndarray) -> DetectionCounts:
    """Count correct segments and errors in two rolls (N, S, K).

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if reference.shape != estimated.shape or reference.ndim != 3:
        raise ValueError(f"rolls must have one shape (N, S, K), got {reference.shape} and {estimated.shape}")
    both = reference & estimated
    in_reference, in_estimated, correct = (_classes_per_segment(roll) for roll in (reference, estimated, both))
    return DetectionCounts(
        substitutions=(np.minimum(in_reference, in_estimated) - correct).sum(axis=1),
        deletions=np.maximum(in_reference - in_estimated, 0).sum(axis=1),
        insertions=np.maximum(in_estimated - in_reference, 0).sum(axis=1),
        correct=both.sum(axis=1),
        n_reference=reference.sum(axis=1),
        n_estimated=estimated.sum(axis=1),
    )


def _classes_per_segment(roll: np.ndarray) -> np.ndarray:
    """Number of classes in each segment, integers (N, S); einsum sums a short last axis many times faster than sum."""
    return np.asarray(np.einsum("nsk->ns", roll.view(np.int8), dtype=np.int16, casting="unsafe").astype(int))
