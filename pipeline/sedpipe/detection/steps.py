"""The steps of post-processing: what each one does, its settings, and the values that tuning tries.

A new step is an entry here: its settings are then accepted, checked, stored and printed by their names, tuned by
:mod:`sedpipe.detection.tuning`, and used in every score.

- :data:`STEPS`: the steps, in the order in which they are applied
- :class:`Step`, :class:`StepSetting`: one step, and one number that it needs
- :class:`Frames`: the input of a step
- :func:`steps_in_order`, :func:`settings_of_steps`: all steps and settings, including added ones in their places
"""

from __future__ import annotations

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
from sedpipe.registry import Registry

_LONGEST_S = 1e6  # for lengths of filters and events: days, and the number of frames is still an integer


@dataclass(frozen=True, eq=False)
class Frames:
    """Input of a step.

    Parameters
    ----------
    probs : ndarray [shape=(T, C, ...)]
        Frame probabilities of C classes, in one clip or in many.
    clip_probs : ndarray [shape=(1 or T, C, ...)], optional
        Probabilities in the clip, or around each frame of a long recording.
    grid : FrameGrid
        Grid of the T frames.
    """

    probs: np.ndarray
    clip_probs: np.ndarray | None
    grid: FrameGrid

    def of_classes(self, chosen: np.ndarray) -> Frames:
        """Return the input for some of the C classes."""
        tags = None if self.clip_probs is None else self.clip_probs[:, chosen]
        return replace(self, probs=self.probs[:, chosen], clip_probs=tags)


@dataclass(frozen=True)
class StepSetting:
    """A number that a step needs.

    Parameters
    ----------
    name : str
        Name of the setting. Lengths in seconds end in ``_s``; the values of all other settings lie in [0, 1].
    off : float
        Value with which the step does nothing.
    tried : tuple of float
        Values that tuning tries, the plainest first.
    search : str
        Name of the search that tries the setting; settings of one search are tried in all combinations.
    """

    name: str
    off: float
    tried: tuple[float, ...]
    search: str

    def checked(self, value: object) -> float:
        """Return ``value`` as a float; raises ``ValueError`` if it is not a number or out of range."""
        if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
            raise ValueError(f"{self.name} must be a number, got {value!r}")
        if self.name.endswith("_s") and not 0 <= value <= _LONGEST_S:
            raise ValueError(f"{self.name} must be a length in seconds, got {value}")
        if not self.name.endswith("_s") and not 0 <= value <= 1:
            raise ValueError(f"{self.name} must lie in [0, 1], got {value}")
        return float(value)


@dataclass(frozen=True)
class Step:
    """A step on the way from probabilities to events.

    Parameters
    ----------
    run : callable
        ``run(active, frames, *values)`` takes an activity (T, C, ...), the :class:`Frames` and a number for each
        setting, and returns the activity (T, C, ...) after the step. It need not handle padding: these frames are made
        inactive after each step.
    settings : tuple of StepSetting
        Settings of the step, in the order of the values.
    on_words : bool
        Whether ``run`` also takes activities as words of up to 64 clips (see :mod:`sedpipe.detection.words`), which it
        can do if it combines frames only with bitwise operators; tuning is then many times faster.
    after : str
        For an added step, the name of the step that it follows.
    """

    run: Callable[Concatenate[np.ndarray, Frames, ...], np.ndarray]
    settings: tuple[StepSetting, ...]
    on_words: bool = False
    after: str = ""


def _reach_threshold(active: np.ndarray, frames: Frames, threshold: float, share: float) -> np.ndarray:
    # compared in the type of the probabilities, so that a float32 of 0.7 reaches 0.7
    high = active & (frames.probs >= frames.probs.dtype.type(threshold))
    if share < 1:  # probabilities in padding are meaningless, so no event may spread through it
        high = hysteresis(high, active & (frames.probs >= frames.probs.dtype.type(threshold * share)))
    return np.asarray(high)


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


STEPS: Registry[Step] = Registry(
    "steps of post-processing",
    {
        "threshold": Step(
            _reach_threshold,
            (
                StepSetting("threshold", 0.0, tuple(k / 50 for k in range(1, 46)), "threshold"),
                StepSetting("hysteresis", 1.0, (1.0, 0.75, 0.5, 0.25), "hysteresis"),
            ),
        ),
        "median": Step(
            _smooth, (StepSetting("median_s", 0.0, (0.0, 0.24, 0.4, 0.56, 0.88, 1.2, 1.52, 2.0), "smoothing"),)
        ),
        "gap": Step(_close, (StepSetting("gap_s", 0.0, (0.0, 0.16, 0.4, 0.8), "gap"),), on_words=True),
        "shortest": Step(
            _drop_short, (StepSetting("min_duration_s", 0.0, (0.0, 0.16, 0.32, 0.48, 0.8), "smoothing"),), on_words=True
        ),
        # no other step makes an empty activity active: as the last step, the gate costs the least time in tuning
        "gate": Step(_pass_gate, (StepSetting("gate", 0.0, (0.0, 0.1, 0.2, 0.3, 0.5, 0.7), "gate"),), on_words=True),
    },
)
"""Every step, in the order in which they are applied; the only definition of this order.

``STEPS["longest"] = Step(mine, (StepSetting("longest_s", 0.0, (0.0, 5.0, 10.0), "longest"),), after="gap")`` adds one.
Its setting is then given by its name, ``PostProcessing(0.5, longest_s=5.0)``. Files that contain this setting can only
be read if the step exists: add it first.
"""


def steps_in_order() -> list[Step]:
    """Return the steps in their order: those that come with sedpipe, each followed by the steps added after it."""
    names = [name for name, step in STEPS.items() if not step.after]
    for name, step in STEPS.items():
        if not step.after:
            continue
        if step.after not in names:
            raise ValueError(f"the step {name!r} follows {step.after!r}, which is not one of {', '.join(names)}")
        names.insert(names.index(step.after) + 1, name)
    return [STEPS[name] for name in names]


def settings_of_steps() -> dict[str, StepSetting]:
    """Return every setting of every step, by name; raises ``ValueError`` if two steps have one of the same name."""
    found: dict[str, StepSetting] = {}
    for setting in (setting for step in steps_in_order() for setting in step.settings):
        if setting.name in found:
            raise ValueError(f"two steps have a setting {setting.name!r}")
        found[setting.name] = setting
    return found
