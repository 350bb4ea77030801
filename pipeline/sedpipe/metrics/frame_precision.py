"""Frame-based average precision: does a class sound in a frame? Over all thresholds, validate -> counts -> scores.

Equal to sed_scores_eval's segment-based average precision with segments as long as a frame. A frame is positive if
a reference event of the class overlaps it; padding does not count.

- :func:`frame_average_precision`: average precision of one class
- :func:`frames_of_class`: the frames in which a class sounds
"""

from __future__ import annotations

import numpy as np

from sedpipe.metrics.clip_scores import average_precision
from sedpipe.metrics.ranges import ranges
from sedpipe.metrics.validation import EventTable


def frame_average_precision(frame_probs: np.ndarray, sounds: np.ndarray, counted: np.ndarray) -> float | None:
    """Average precision of a class; ``None`` if it never sounds.

    Parameters
    ----------
    frame_probs : ndarray [shape=(N, T)]
        Frame probabilities of the class.
    sounds : ndarray [shape=(N, T)]
        Boolean reference, see :func:`frames_of_class`.
    counted : ndarray [shape=(N,)]
        Number of frames of each clip that count.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.2, 0.7]])
    >>> frame_average_precision(probs, np.array([[True, False, False]]), np.array([3]))
    1.0
    """
    if frame_probs.shape != sounds.shape or frame_probs.ndim != 2:
        raise ValueError(f"expected two arrays (N, T), got {frame_probs.shape} and {sounds.shape}")
    there = np.arange(frame_probs.shape[1]) < counted[:, None]
    return average_precision(frame_probs[there], sounds[there])


def frames_of_class(events: EventTable, k: int, edges: np.ndarray, n_clips: int) -> np.ndarray:
    """Return a boolean array (N, T): which frames events of class ``k`` overlap.

    Parameters
    ----------
    events : EventTable
        Events of N clips and all classes.
    k : int
        Index of the class.
    edges : ndarray [shape=(T + 1,)]
        Edges of the frames in seconds.
    n_clips : int
        Number N of clips.

    Examples
    --------
    >>> event = EventTable(np.array([0]), np.array([0]), np.array([0.5]), np.array([2.0]))
    >>> frames_of_class(event, 0, np.arange(4.0), n_clips=1).tolist()
    [[True, True, False]]
    """
    events = events.where((events.classes == k) & (events.offsets > events.onsets))
    firsts = np.searchsorted(edges[1:], events.onsets, side="right")
    lengths = np.maximum(np.searchsorted(edges[:-1], events.offsets, side="left") - firsts, 0)
    event = np.repeat(np.arange(len(events)), lengths)
    frame = ranges(firsts, lengths)
    sounds = np.zeros((n_clips, len(edges) - 1), dtype=bool)
    sounds[events.clips[event], frame] = True
    return sounds
