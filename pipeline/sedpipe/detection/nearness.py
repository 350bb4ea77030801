"""Near misses of a model: the probabilities around each event, and the classes that came near an event without one.

- :func:`nearness`: how near a class came to an event
- :func:`glance_at`: probabilities and the events in them -> :class:`Glance`
- :class:`Glance`, :class:`NearMiss`, :class:`Peak`: an overview of a recording
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet

NEARLY = 0.5
"""Share of the threshold from which on a class without an event is shown."""

CURVE_POINTS = 24
_MOST_MISSES, _AROUND_S = 3, 0.5


@dataclass(frozen=True)
class NearMiss:
    """A class without an event.

    Parameters
    ----------
    label : str
        Name of the class.
    peak : float
        Highest probability of the class.
    at : float
        Time of this probability in seconds.
    threshold : float
        Threshold of the class.
    clip, gate : float
        The clip probability there, and the threshold of the clip gate.
    why : str
        Reason why it has no event: ``threshold``; ``gate``, if the threshold was reached; or ``rules``, the steps of
        post-processing that come after the threshold, such as the minimum duration.
    """

    label: str
    peak: float
    at: float
    threshold: float
    clip: float
    gate: float
    why: str


@dataclass(frozen=True)
class Peak:
    """Highest probability of a class, whether it has an event or not, and the time of it in seconds."""

    peak: float
    at: float


@dataclass(frozen=True)
class Glance:
    """Overview of a recording.

    Parameters
    ----------
    curves : list of tuple of float
        For each event, :data:`CURVE_POINTS` probabilities of its class from a little before to a little after it, each
        the maximum of a stretch of time.
    nearest : list of NearMiss
        Classes without an event that came near, the nearest first; if there is no event at all, at least one class.
    peaks : dict of str to Peak
        Highest probability of every class.
    """

    curves: list[tuple[float, ...]] = field(default_factory=list)
    nearest: list[NearMiss] = field(default_factory=list)
    peaks: dict[str, Peak] = field(default_factory=dict)


def nearness(peak: float, threshold: float, clip: float, gate: float) -> float:
    """Return how near a class came to an event.

    This is its highest frame probability relative to its threshold, or its clip probability relative to its gate,
    whichever is lower.

    Parameters
    ----------
    peak : float
        Highest frame probability.
    threshold : float
        Threshold for frame probabilities.
    clip : float
        Clip probability.
    gate : float
        Threshold for clip probabilities.

    >>> nearness(0.3, threshold=0.4, clip=0.9, gate=0.5), nearness(0.9, threshold=0.4, clip=0.1, gate=0.5)
    (0.75, 0.2)
    """
    return round(min(peak / max(threshold, 1e-3), clip / max(gate, 1e-3)), 12)


def glance_at(
    frame_probs: np.ndarray,
    clip_probs: np.ndarray,
    events: Sequence[Event],
    labels: LabelSet,
    point: PostProcessing,
    grid: FrameGrid,
) -> Glance:
    """Make the overview of a recording.

    Parameters
    ----------
    frame_probs, clip_probs : ndarray [shape=(T, K)]
        Frame probabilities of the frames that count, and clip probabilities around each of these frames.
    events : sequence of Event
        Events that the post-processing makes from these probabilities.
    labels : LabelSet
        The K classes.
    point : PostProcessing
        Settings of the post-processing.
    grid : FrameGrid
        Grid of the T frames.
    """
    curves = [_curve(frame_probs[:, labels.index(event.label)], event, grid) for event in events]
    peaks = {label: _peak(frame_probs[:, k], grid) for k, label in enumerate(labels)}
    heard = {event.label for event in events}
    misses = [
        _miss(frame_probs[:, k], clip_probs[:, k], label, point.of_class(k), grid)
        for k, label in enumerate(labels)
        if label not in heard and len(frame_probs)
    ]
    ranked = sorted(misses, key=lambda miss: -_nearness_of(miss))
    near = [miss for miss in ranked if _nearness_of(miss) >= NEARLY][:_MOST_MISSES]
    return Glance(curves, near or ([] if events else ranked[:1]), peaks)


def _nearness_of(miss: NearMiss) -> float:
    return nearness(miss.peak, miss.threshold, miss.clip, miss.gate)


def _peak(probs: np.ndarray, grid: FrameGrid) -> Peak:
    frame = int(probs.argmax()) if len(probs) else 0
    return Peak(round(float(probs.max(initial=0.0)), 4), round(frame * grid.frame_duration, 3))


def _miss(probs: np.ndarray, clips: np.ndarray, label: str, point: PostProcessing, grid: FrameGrid) -> NearMiss:
    frame, highest = int(probs.argmax()), _peak(probs, grid)
    threshold, gate = (float(getattr(point, name)) for name in ("threshold", "gate"))
    why = "threshold" if probs[frame] < threshold else "gate" if clips[frame] < gate else "rules"
    return NearMiss(label, highest.peak, highest.at, threshold, round(float(clips[frame]), 4), gate, why)


def _curve(probs: np.ndarray, event: Event, grid: FrameGrid) -> tuple[float, ...]:
    around = max(_AROUND_S, event.duration / 4)
    first = max(0, int((event.onset - around) / grid.frame_duration))
    end = min(len(probs), max(first + 1, round((event.offset + around) / grid.frame_duration)))
    edges = np.linspace(first, end, CURVE_POINTS + 1)
    cells = [(int(low), max(int(low) + 1, int(np.ceil(high)))) for low, high in pairwise(edges)]
    return tuple(round(float(probs[low:high].max()), 4) for low, high in cells)
