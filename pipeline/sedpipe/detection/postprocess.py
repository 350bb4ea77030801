"""Frame probabilities -> events.

The steps, always in this order; each is off by default but the threshold, and each may differ from class to class:

1. clip gate: a class whose clip probability lies below ``gate`` is silent in the clip
2. threshold, with hysteresis: an event begins at ``threshold`` and lasts, both ways, down to a share of it
3. median filter of ``median_s``
4. gaps of at most ``gap_s`` between two events of a class are closed
5. events shorter than ``min_duration_s`` are dropped

Conventions: an activity is a boolean array; frame ``k`` of it sounds from edge ``k`` to edge ``k + 1`` of its
:class:`~sedpipe.frames.FrameGrid`, which is the grid of the probabilities, not that of the features. Event times
are rounded to 1 ms. Frames at or past ``n_frames``, and frames that begin at or past the clip's end, are padding:
never active, before the median filter and after it.

- :class:`PostProcessing`: the settings
- :func:`decode_events`: probabilities of one clip -> events
- :func:`activity`: probabilities of any number of clips -> activity
- :func:`decode_activity`, :func:`encode_activity`: activity <-> events, inverses on the grid
- :func:`hysteresis`, :func:`median_filter`, :func:`close_gaps`, :func:`drop_short_runs`: time along the first axis;
  all but the median also take words that hold a bit for each clip
- :func:`median_frames`, :func:`gap_frames`, :func:`shortest_frames`, :func:`frame_edges`, :func:`countable_frames`:
  seconds -> frames
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import TypeAlias

import numpy as np

from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet

TIME_DECIMALS = 3
_DUST = 1e-6  # of a frame: 0.56 s / 0.08 s = 7.000000000000001

Setting: TypeAlias = float | tuple[float, ...]
"""One number for all classes, or one for each, in the order of the labels."""


@dataclass(frozen=True)
class PostProcessing:
    """How probabilities become events; see the steps above.

    Parameters
    ----------
    threshold : float in [0, 1], or one a class
        A frame is active where its probability is at least this.
    median_s : float >= 0, or one a class
        Length of the median filter in seconds; 0 for none.
    min_duration_s : float >= 0, or one a class
        Shorter events are dropped; 0 keeps all.
    gap_s : float >= 0, or one a class
        Gaps up to this length are closed; 0 closes none.
    hysteresis : float in [0, 1], or one a class
        Around an active frame, others are active too as far as their probability is at least this share of the
        threshold; 1 for none.
    gate : float in [0, 1], or one a class
        Where the clip probability is lower, the class is silent; 0 for none.

    Raises
    ------
    ValueError
        If a value is out of its range, or settings are of different numbers of classes.
    """

    threshold: Setting
    median_s: Setting = 0.0
    min_duration_s: Setting = 0.0
    gap_s: Setting = 0.0
    hysteresis: Setting = 1.0
    gate: Setting = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, (list, tuple)):  # lists are what files give back
                object.__setattr__(self, field.name, tuple(_number(field.name, each) for each in value))
            else:
                object.__setattr__(self, field.name, _number(field.name, value))
        if len(self._lengths) > 1:
            raise ValueError(f"settings must be of one number of classes, got {sorted(self._lengths)}")

    @property
    def _lengths(self) -> set[int]:
        values = (getattr(self, field.name) for field in fields(self))
        return {len(value) for value in values if isinstance(value, tuple)}

    @property
    def is_common(self) -> bool:
        """Whether every setting is the same for all classes."""
        return not self._lengths

    def check_classes(self, n_classes: int) -> None:
        """``ValueError`` if there are settings for each class, but not for ``n_classes``."""
        if not self._lengths <= {n_classes}:
            raise ValueError(f"settings are of {max(self._lengths)} classes, expected {n_classes}")

    def of_class(self, k: int) -> PostProcessing:
        """The settings of one class, as single numbers."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: v[k] for name, v in values.items() if isinstance(v, tuple)})


def _number(name: str, value: object) -> float:
    """``value`` within the range of the setting ``name``."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, got {value!r}")
    if name.endswith("_s") and not 0 <= value < math.inf:
        raise ValueError(f"{name} must be a length in seconds, got {value}")
    if not name.endswith("_s") and not 0 <= value <= 1:
        raise ValueError(f"{name} must lie in [0, 1], got {value}")
    return float(value)


def decode_events(
    frame_probs: np.ndarray,
    labels: LabelSet,
    point: PostProcessing,
    grid: FrameGrid,
    *,
    n_frames: int | None = None,
    duration: float | None = None,
    clip_probs: np.ndarray | None = None,
) -> list[Event]:
    """Events of one clip.

    Parameters
    ----------
    frame_probs : ndarray [shape=(T, K)]
        Probability of each of K classes in each of T frames, in [0, 1].
    labels : LabelSet
        Names of the K classes.
    point : PostProcessing
        The settings.
    grid : FrameGrid
        Where the T frames lie.
    n_frames : int, optional
        How many frames count; the others are padding. All, if not given.
    duration : float, optional
        Length of the clip in seconds; no event reaches past it. The end of the last frame, if not given.
    clip_probs : ndarray [shape=(K,) or (T, K)], optional
        Probability of each class in the clip, for the gate; or in what is around each frame of a long recording.

    Returns
    -------
    list of Event
        In order of time; times rounded to 1 ms.

    Raises
    ------
    ValueError
        If a shape does not fit the labels, a probability is not a number, or a gate lacks ``clip_probs``.

    Examples
    --------
    >>> probs = np.array([[0.1], [0.7], [0.9], [0.2]])
    >>> decode_events(probs, LabelSet(("Dog",)), PostProcessing(0.5), FrameGrid(100, 8))
    [Event(onset=0.08, offset=0.24, label='Dog')]
    """
    if frame_probs.ndim != 2 or frame_probs.shape[1] != len(labels):
        raise ValueError(f"frame_probs must have shape (T, {len(labels)}), got {frame_probs.shape}")
    counted = countable_frames(frame_edges(grid, len(frame_probs)), n_frames, duration)
    active = activity(frame_probs, point, grid, counted, clip_probs)
    return decode_activity(active, labels, grid, duration)


def activity(
    frame_probs: np.ndarray,
    point: PostProcessing,
    grid: FrameGrid,
    n_frames: int | np.ndarray | None = None,
    clip_probs: np.ndarray | None = None,
) -> np.ndarray:
    """Which class sounds in which frame, for one clip or for many at once.

    Parameters
    ----------
    frame_probs : ndarray [shape=(..., T, K)]
        Probabilities, in [0, 1].
    point : PostProcessing
        The settings.
    grid : FrameGrid
        Where the T frames lie.
    n_frames : int or ndarray [shape=(...)], optional
        How many frames of each clip count. All, if not given.
    clip_probs : ndarray [shape=(..., K)], optional
        Probability of each class in each clip, for the gate.

    Returns
    -------
    ndarray [shape=(..., T, K)]
        Boolean.

    Raises
    ------
    ValueError
        If there is no axis of time and classes, a probability is not a number, the settings are of other classes,
        or a gate lacks ``clip_probs``.
    """
    if frame_probs.ndim < 2:
        raise ValueError(f"frame_probs must have shape (..., T, K), got {frame_probs.shape}")
    if np.isnan(frame_probs).any():
        raise ValueError("frame_probs holds a nan")
    n_classes = frame_probs.shape[-1]
    point.check_classes(n_classes)
    probs = np.moveaxis(frame_probs, -2, 0)
    counted = np.ones(len(probs), dtype=bool).reshape(-1, *[1] * (probs.ndim - 1))
    if n_frames is not None:
        counted = np.arange(len(probs)).reshape(counted.shape) < np.asarray(n_frames)[..., None]
    active = above(probs, point) & counted
    active = _with_each(median_filter, active, point.median_s, median_frames, grid) & counted
    active = _with_each(close_gaps, active, point.gap_s, gap_frames, grid)
    active = _with_each(drop_short_runs, active, point.min_duration_s, shortest_frames, grid)
    return np.moveaxis(active & passes_gate(clip_probs, point), 0, -2)


def above(probs: np.ndarray, point: PostProcessing) -> np.ndarray:
    """Frames of probabilities (T, ..., K) that reach the threshold, with hysteresis."""
    threshold, share = (np.asarray(setting) for setting in (point.threshold, point.hysteresis))
    active = probs >= threshold.astype(probs.dtype)  # 0.7 as float32 reaches 0.7
    if (share == 1).all():
        return np.asarray(active)
    return hysteresis(active, probs >= (threshold * share).astype(probs.dtype))


def passes_gate(clip_probs: np.ndarray | None, point: PostProcessing) -> np.ndarray:
    """Boolean (..., K), or () where there is no gate."""
    gate = np.asarray(point.gate)
    if not gate.any():
        return np.asarray(True)
    if clip_probs is None:
        raise ValueError("a gate needs clip_probs")
    return np.asarray(clip_probs >= gate.astype(clip_probs.dtype))


def _with_each(
    step: Callable[[np.ndarray, int], np.ndarray],
    active: np.ndarray,
    setting: Setting,
    frames_of: Callable[[float, FrameGrid], int],
    grid: FrameGrid,
) -> np.ndarray:
    """A filter with its length in seconds, all classes (..., K) at once where it is the same for all."""
    if not isinstance(setting, tuple):
        return step(active, frames_of(setting, grid))
    lengths = np.array([frames_of(seconds, grid) for seconds in setting])
    filtered = np.empty_like(active)
    for length in np.unique(lengths).tolist():
        filtered[..., lengths == length] = step(active[..., lengths == length], length)
    return filtered


def hysteresis(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """``high`` (T, ...) with the frames of ``low`` that are connected to it."""
    active = high.copy()
    for t in range(1, len(active)):
        active[t] |= low[t] & active[t - 1]
    for t in range(len(active) - 2, -1, -1):
        active[t] |= low[t] & active[t + 1]
    return active


def median_filter(active: np.ndarray, width: int) -> np.ndarray:
    """Median over time of an activity, in a centred window; outside the array nothing is active.

    Parameters
    ----------
    active : ndarray [shape=(T, ...)]
        Boolean.
    width : int
        Odd number of frames.

    Returns
    -------
    ndarray [shape=(T, ...)]
        Active where more than half of the window is.

    Raises
    ------
    ValueError
        If ``width`` is not odd and positive.
    """
    if width < 1 or width % 2 == 0:
        raise ValueError(f"the median needs an odd number of frames, got {width}")
    half = width // 2
    if half == 0:
        return active
    # how many were active before each frame, the ends repeated as far as the window reaches
    before = np.zeros((len(active) + width, *active.shape[1:]), dtype=np.int32 if len(active) > 30_000 else np.int16)
    np.cumsum(active, axis=0, dtype=before.dtype, out=before[half + 1 : half + 1 + len(active)])
    before[half + 1 + len(active) :] = before[half + len(active)]
    return np.asarray(before[width:] - before[:-width] > half)


def close_gaps(active: np.ndarray, longest: int) -> np.ndarray:
    """Activity (T, ...) with gaps of at most ``longest`` frames between two runs closed (a morphological closing)."""
    if longest < 1:
        return active
    silence = np.full((longest + 1, *active.shape[1:]), ~np.zeros((), active.dtype))  # before and after: for ever
    gaps = drop_short_runs(np.concatenate([silence, ~active, silence]), longest + 1)
    return np.asarray(~gaps[longest + 1 : -longest - 1])


def drop_short_runs(active: np.ndarray, shortest: int) -> np.ndarray:
    """Activity (T, ...) without its runs of fewer than ``shortest`` frames (a morphological opening)."""
    if shortest <= 1:
        return active
    run_starts = active.copy()  # run_starts[t]: the frames t, ..., t + shortest - 1 are all active
    for shift in range(1, shortest):
        run_starts[:-shift] &= active[shift:]
        run_starts[-shift:] = False
    kept = run_starts.copy()
    for shift in range(1, shortest):
        kept[shift:] |= run_starts[:-shift]
    return kept


def decode_activity(
    active: np.ndarray, labels: LabelSet, grid: FrameGrid, duration: float | None = None
) -> list[Event]:
    """Runs of an activity (T, K) as events, cut at ``duration``."""
    edges = frame_edges(grid, len(active))
    end = edges[-1] if duration is None else min(edges[-1], round(duration, TIME_DECIMALS))
    by_class = np.pad(active.T, ((0, 0), (1, 1))).astype(np.int8)
    changes = np.diff(by_class, axis=1)
    classes, starts = np.nonzero(changes == 1)
    _, stops = np.nonzero(changes == -1)
    onsets, offsets = edges[starts].tolist(), np.minimum(edges[stops], end).tolist()
    runs = zip(onsets, offsets, classes.tolist(), strict=True)
    return sorted(Event(onset, offset, labels.names[k]) for onset, offset, k in runs if onset < offset)


def encode_activity(events: Iterable[Event], labels: LabelSet, grid: FrameGrid, n_frames: int) -> np.ndarray:
    """Activity (n_frames, K) of events; an event begins and ends at the edge nearest to its time."""
    active = np.zeros((n_frames, len(labels)), dtype=bool)
    for event in events:
        first, end = (round(seconds / grid.frame_duration) for seconds in (event.onset, event.offset))
        active[first:end, labels.index(event.label)] = True
    return active


def median_frames(median_s: float, grid: FrameGrid) -> int:
    """Odd number of frames nearest to ``median_s``; of two equally near ones the larger.

    >>> [median_frames(seconds, FrameGrid(100, 8)) for seconds in (0, 0.1, 0.16, 0.24, 0.56)]
    [1, 1, 3, 3, 7]
    """
    return 2 * math.floor(median_s / grid.frame_duration / 2 + _DUST) + 1


def gap_frames(gap_s: float, grid: FrameGrid) -> int:
    """Frames of the longest gap that does not last longer than ``gap_s``.

    >>> [gap_frames(seconds, FrameGrid(100, 8)) for seconds in (0, 0.08, 0.1, 0.16)]
    [0, 1, 1, 2]
    """
    return math.floor(gap_s / grid.frame_duration + _DUST)


def shortest_frames(min_duration_s: float, grid: FrameGrid) -> int:
    """Frames of the shortest run that lasts ``min_duration_s``; a frame that the clip's end cuts counts in full.

    >>> [shortest_frames(seconds, FrameGrid(100, 8)) for seconds in (0, 0.08, 0.1, 0.16)]
    [1, 1, 2, 2]
    """
    return max(1, math.ceil(min_duration_s / grid.frame_duration - _DUST))


def frame_edges(grid: FrameGrid, n_frames: int) -> np.ndarray:
    """The grid's ``n_frames + 1`` edges as events have them: rounded to 1 ms."""
    return np.array([round(edge, TIME_DECIMALS) for edge in grid.edges(n_frames).tolist()])


def countable_frames(
    edges: np.ndarray, n_frames: int | np.ndarray | None = None, duration: float | np.ndarray | None = None
) -> np.ndarray:
    """How many frames are no padding: those before ``n_frames`` that begin before ``duration`` ends.

    Parameters
    ----------
    edges : ndarray [shape=(T + 1,)]
        From :func:`frame_edges`.
    n_frames, duration : number or ndarray [shape=(N,)], optional
        Of one clip or of N.

    Returns
    -------
    ndarray [shape=() or (N,)]
        Integers in 0 .. T.
    """
    counted = np.asarray(len(edges) - 1)
    if n_frames is not None:
        counted = np.clip(n_frames, 0, counted)
    if duration is not None:
        rounded = np.vectorize(round, otypes=[float])(duration, TIME_DECIMALS)
        counted = np.minimum(counted, np.searchsorted(edges[:-1], rounded, side="left"))
    return counted
