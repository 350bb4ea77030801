"""The steps of post-processing: what each one does, its settings, and what tuning tries of them.

A new step is an entry here: its settings are then taken, checked, stored and printed by their names, tuned by
:mod:`sedpipe.detection.tuning`, and every score knows them.

- :data:`STEPS`: the steps, in the order in which they are taken
- :class:`Step`, :class:`StepSetting`: one step, and one number that it needs
- :class:`Frames`: what a step may look at
- :func:`steps_in_order`, :func:`settings_of_steps`: all of them, those of your own in their places
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

_LONGEST_S = 1e6  # of a filter or an event: days, so that frames can be counted


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
        setting, and gives the activity (T, C, ...) after it. Frames that are padding it need not look at: they are
        made inactive after each step.
    settings : tuple of StepSetting
        In the order of the values.
    on_words : bool
        Whether ``run`` also takes activities as words of up to 64 clips (see :mod:`sedpipe.detection.words`), which it
        can do if it combines frames with bitwise operators alone; tuning is many times faster then.
    after : str
        Of a step of your own, the name of the one that it follows.
    """

    run: Callable[Concatenate[np.ndarray, Frames, ...], np.ndarray]
    settings: tuple[StepSetting, ...]
    on_words: bool = False
    after: str = ""


def _reach_threshold(active: np.ndarray, frames: Frames, threshold: float, share: float) -> np.ndarray:
    # 0.7 as float32 reaches 0.7
    high = active & (frames.probs >= frames.probs.dtype.type(threshold))
    if share < 1:  # what a network says of padding means nothing, so that no event may come out of it
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
        # silence stays silence in every other step: last, the gate costs tuning least
        "gate": Step(_pass_gate, (StepSetting("gate", 0.0, (0.0, 0.1, 0.2, 0.3, 0.5, 0.7), "gate"),), on_words=True),
    },
)
"""Every step, in the order in which they are taken; it stands nowhere else.

``STEPS["longest"] = Step(mine, (StepSetting("longest_s", 0.0, (0.0, 5.0, 10.0), "longest"),), after="gap")`` adds one.
Its setting is then given by its name, ``PostProcessing(0.5, longest_s=5.0)``. What was stored with it can only be read
where the step is known: add it before.
"""


def steps_in_order() -> list[Step]:
    """The steps as they are taken: those that come with sedpipe, each followed by what was added after it."""
    names = [name for name, step in STEPS.items() if not step.after]
    for name, step in STEPS.items():
        if not step.after:
            continue
        if step.after not in names:
            raise ValueError(f"the step {name!r} follows {step.after!r}, which is not one of {', '.join(names)}")
        names.insert(names.index(step.after) + 1, name)
    return [STEPS[name] for name in names]


def settings_of_steps() -> dict[str, StepSetting]:
    """Every setting of every step, by name; ``ValueError`` if two steps have one of the same name."""
    found: dict[str, StepSetting] = {}
    for setting in (setting for step in steps_in_order() for setting in step.settings):
        if setting.name in found:
            raise ValueError(f"two steps have a setting {setting.name!r}")
        found[setting.name] = setting
    return found
