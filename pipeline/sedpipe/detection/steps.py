"""The steps of post-processing: what each one does, its settings, and what tuning tries of them.

A new step is an entry here, or a call of :func:`add_step`: settings are then taken, checked, stored and printed by
their names, tuned by :mod:`sedpipe.detection.tuning`, and every score knows them.

- :data:`ORDER`: the steps, in the order in which they are taken; it stands nowhere else
- :class:`Step`, :class:`StepSetting`: one step, and one number that it needs
- :class:`Frames`: what a step may look at
- :func:`add_step`: one of your own
- :func:`settings_of_steps`: every setting by name
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Concatenate

import numpy as np

from sedpipe.detection.filters import (
    close_gaps,
    drop_short_runs,
    gap_frames,
    hysteresis,
    median_filter,
    median_frames,
    shortest_frames,
)
from sedpipe.detection.words import alike
from sedpipe.frames import FrameGrid


@dataclass(frozen=True, eq=False)
class Frames:
    """What a step may look at.

    Parameters
    ----------
    probs : ndarray [shape=(T, C, ...)]
        Probabilities of C classes, in one clip or in many.
    clip_probs : ndarray [shape=(1 or T, C, ...)], optional
        Probabilities in the clip, or in what is around each frame of a long recording.
    grid : FrameGrid
        Where the T frames lie.
    """

    probs: np.ndarray
    clip_probs: np.ndarray | None
    grid: FrameGrid

    def of_classes(self, chosen: np.ndarray) -> Frames:
        """Of some of the C classes."""
        tags = None if self.clip_probs is None else self.clip_probs[:, chosen]
        return replace(self, probs=self.probs[:, chosen], clip_probs=tags)


@dataclass(frozen=True)
class StepSetting:
    """A number that a step needs.

    Parameters
    ----------
    name : str
        Lengths in seconds end in ``_s``; all others lie in [0, 1].
    off : float
        With this value nothing happens.
    tried : tuple of float
        What tuning tries, the plainest first.
    search : str
        The name of the search that tries it; settings with the same one are tried all with all.
    """

    name: str
    off: float
    tried: tuple[float, ...]
    search: str

    def checked(self, value: object) -> float:
        """``value`` as a float; ``ValueError`` if it is out of range."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{self.name} must be a number, got {value!r}")
        if self.name.endswith("_s") and not 0 <= value < math.inf:
            raise ValueError(f"{self.name} must be a length in seconds, got {value}")
        if not self.name.endswith("_s") and not 0 <= value <= 1:
            raise ValueError(f"{self.name} must lie in [0, 1], got {value}")
        return float(value)


@dataclass(frozen=True)
class Step:
    """A step on the way from probabilities to events.

    Parameters
    ----------
    name : str
    run : callable
        ``run(active, frames, *values)`` takes an activity (T, C, ...), the :class:`Frames` and a number for each
        setting, and gives the activity (T, C, ...) after it. Frames that are padding it need not look at: they are
        made inactive after each step.
    settings : tuple of StepSetting
        In the order of the values.
    on_words : bool
        Whether ``run`` also takes activities as words of 64 clips (see :mod:`sedpipe.detection.words`), which it can
        do if it combines frames with bitwise operators alone; tuning is many times faster then.
    """

    name: str
    run: Callable[Concatenate[np.ndarray, Frames, ...], np.ndarray]
    settings: tuple[StepSetting, ...]
    on_words: bool = False


def _reach_threshold(active: np.ndarray, frames: Frames, threshold: float, share: float) -> np.ndarray:
    # 0.7 as float32 reaches 0.7
    high = frames.probs >= frames.probs.dtype.type(threshold)
    if share < 1:
        high = hysteresis(high, frames.probs >= frames.probs.dtype.type(threshold * share))
    return np.asarray(active & high)


def _smooth(active: np.ndarray, frames: Frames, median_s: float) -> np.ndarray:
    return median_filter(active, median_frames(median_s, frames.grid))


def _close(active: np.ndarray, frames: Frames, gap_s: float) -> np.ndarray:
    return close_gaps(active, gap_frames(gap_s, frames.grid))


def _drop_short(active: np.ndarray, frames: Frames, min_duration_s: float) -> np.ndarray:
    return drop_short_runs(active, shortest_frames(min_duration_s, frames.grid))


def _pass_gate(active: np.ndarray, frames: Frames, gate: float) -> np.ndarray:
    if gate == 0:
        return active
    if frames.clip_probs is None:
        raise ValueError("a gate needs clip_probs")
    passes = frames.clip_probs >= frames.clip_probs.dtype.type(gate)
    return np.asarray(active & alike(passes, active))


ORDER = [
    Step(
        "threshold",
        _reach_threshold,
        (
            StepSetting("threshold", 0.0, tuple(k / 50 for k in range(1, 46)), "threshold"),
            StepSetting("hysteresis", 1.0, (1.0, 0.75, 0.5, 0.25), "hysteresis"),
        ),
    ),
    Step(
        "median",
        _smooth,
        (StepSetting("median_s", 0.0, (0.0, 0.24, 0.4, 0.56, 0.88, 1.2, 1.52, 2.0), "smoothing"),),
    ),
    Step("gap", _close, (StepSetting("gap_s", 0.0, (0.0, 0.16, 0.4, 0.8), "gap"),), on_words=True),
    Step(
        "shortest",
        _drop_short,
        (StepSetting("min_duration_s", 0.0, (0.0, 0.16, 0.32, 0.48, 0.8), "smoothing"),),
        on_words=True,
    ),
    # silence stays silence in every other step: last, it costs tuning least
    Step("gate", _pass_gate, (StepSetting("gate", 0.0, (0.0, 0.1, 0.2, 0.3, 0.5, 0.7), "gate"),), on_words=True),
]
"""Every step, in the order in which they are taken."""


def add_step(step: Step, *, after: str) -> None:
    """Take another step after the one named ``after``; one of the same name is replaced.

    Settings of your own are given by their names, ``PostProcessing(0.5, longest_s=2.0)``. What was stored with them
    can only be read where the step is known: add it before.

    Raises
    ------
    ValueError
        If there is no step ``after``, or a setting bears the name of another step's.
    """
    others = [each for each in ORDER if each.name != step.name]
    names = [each.name for each in others]
    if after not in names:
        raise ValueError(f"there is no step {after!r} to follow: {', '.join(names)}")
    taken = {setting.name for each in others for setting in each.settings}
    for setting in step.settings:
        if setting.name in taken:
            raise ValueError(f"another step has a setting {setting.name!r}")
    others.insert(names.index(after) + 1, step)
    ORDER[:] = others


def settings_of_steps() -> dict[str, StepSetting]:
    """Every setting of every step, by name."""
    return {setting.name: setting for step in ORDER for setting in step.settings}
