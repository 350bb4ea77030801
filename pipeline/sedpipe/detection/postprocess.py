"""Frame probabilities -> activity.

The steps, always in this order (:data:`sedpipe.detection.steps.STEPS`); all but the threshold are off by default, and
settings may differ from class to class:

1. threshold, with hysteresis: an event begins at ``threshold`` and lasts, both ways, down to a share of it
2. median filter of ``median_s``
3. gaps of at most ``gap_s`` between two events of a class are closed
4. events shorter than ``min_duration_s`` are dropped
5. clip gate: a class whose clip probability lies below ``gate`` has no events in the clip

An activity is a boolean array. Frames at or past ``n_frames`` are padding: inactive after every step.

- :class:`PostProcessing`: the settings
- :func:`activity`: probabilities of any number of clips -> activity
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from sedpipe.detection.steps import Frames, Step, settings_of_steps, steps_in_order
from sedpipe.frames import FrameGrid
from sedpipe.wording import counted

Setting: TypeAlias = float | tuple[float, ...]
"""One number for all classes, or one for each class, in the order of the labels."""

_ALWAYS = ("threshold", "median_s", "min_duration_s", "gap_s", "hysteresis", "gate")


class PostProcessing(Mapping[str, Setting]):
    """Settings of the post-processing, by name; see the steps above. Immutable.

    Parameters
    ----------
    threshold : float in [0, 1], or one per class
        A frame is active if its probability is at least this value.
    median_s : float >= 0, or one per class
        Length of the median filter in seconds; 0 for none.
    min_duration_s : float >= 0, or one per class
        Minimum length of an event in seconds, shorter events are dropped; 0 keeps all.
    gap_s : float >= 0, or one per class
        Gaps up to this length in seconds are closed; 0 closes none.
    hysteresis : float in [0, 1], or one per class
        Frames connected to an active frame are active, too, as long as their probability is at least this share of the
        threshold; 1 for none.
    gate : float in [0, 1], or one per class
        If the clip probability is lower, the class has no events; 0 for none.
    **own : float, or one per class
        Settings of steps that were added to :data:`~sedpipe.detection.steps.STEPS`; off, if not given.

    Raises
    ------
    ValueError
        If a value is out of its range, no step has such a setting, or settings are for different numbers of classes.

    Examples
    --------
    >>> PostProcessing(0.5, median_s=(0.2, 0.4)).of_class(1).median_s
    0.4
    >>> dict(PostProcessing(0.5))["gap_s"]
    0.0
    """

    __slots__ = ("_hash", "_settings")
    _settings: dict[str, Setting]
    _hash: int

    def __init__(
        self,
        threshold: Setting,
        median_s: Setting = 0.0,
        min_duration_s: Setting = 0.0,
        gap_s: Setting = 0.0,
        hysteresis: Setting = 1.0,
        gate: Setting = 0.0,
        **own: Setting,
    ) -> None:
        given = {"threshold": threshold, "median_s": median_s, "min_duration_s": min_duration_s, "gap_s": gap_s,
                 "hysteresis": hysteresis, "gate": gate, **own}  # fmt: skip
        known = settings_of_steps()
        checked: dict[str, Setting] = {}
        for name, value in given.items():
            if name not in known:
                raise ValueError(
                    f"no post-processing step has a setting {name!r}: add its step first, see sedpipe.detection.steps"
                )
            # files return lists
            many = isinstance(value, (list, tuple))
            number = tuple(map(known[name].checked, value)) if many else known[name].checked(value)  # type: ignore[arg-type]
            # added settings that are off are left out, so that the rest can be read where their step does not exist
            if name in _ALWAYS or number != known[name].off:
                checked[name] = number
        object.__setattr__(self, "_settings", checked)
        object.__setattr__(self, "_hash", hash(frozenset(checked.items())))
        if len(self._lengths) > 1:
            raise ValueError(f"settings must all be for the same number of classes, got {sorted(self._lengths)}")

    def __getitem__(self, name: str) -> Setting:
        return self._settings[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)

    def __getattr__(self, name: str) -> Setting:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.value_of(name)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings cannot be changed in place: use .changed({name}=...)")

    def __eq__(self, other: object) -> bool:
        return self._settings == other._settings if isinstance(other, PostProcessing) else super().__eq__(other)

    def __hash__(self) -> int:
        return self._hash  # tuning looks up thousands of settings, again and again

    def __repr__(self) -> str:
        return f"PostProcessing({', '.join(f'{name}={value}' for name, value in self._settings.items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._settings,)

    def value_of(self, name: str) -> Setting:
        """Return a setting of any step; if it was not given, the value with which the step is off."""
        if name in self._settings:
            return self._settings[name]
        try:
            return settings_of_steps()[name].off
        except KeyError:
            raise AttributeError(f"no post-processing step has a setting {name!r}") from None

    @property
    def _lengths(self) -> set[int]:
        return {len(value) for value in self._settings.values() if isinstance(value, tuple)}

    @property
    def is_common(self) -> bool:
        """Whether every setting is the same for all classes."""
        return not self._lengths

    def changed(self, **settings: Setting) -> PostProcessing:
        """Return a copy with some settings changed."""
        return PostProcessing(**(self._settings | settings))

    def as_table(self) -> dict[str, float | list[float]]:
        """Return the settings as for JSON, with lists where there is a number for each class."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in self._settings.items()}

    def check_classes(self, n_classes: int) -> None:
        """Raise ``ValueError`` if there are settings for each class, but not for ``n_classes`` classes."""
        if not self._lengths <= {n_classes}:
            raise ValueError(f"settings are for {counted(max(self._lengths), 'class')}, expected {n_classes}")

    def of_class(self, k: int) -> PostProcessing:
        """Return the settings of one class, as single numbers."""
        return self.changed(**{name: v[k] for name, v in self._settings.items() if isinstance(v, tuple)})

    def values_for(self, step: Step) -> tuple[Setting, ...]:
        """Return the values of the settings of a step, in its order."""
        return tuple(self.value_of(setting.name) for setting in step.settings)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Return the schema by which records in files store it as a table of numbers."""
        from pydantic_core import core_schema

        def read(value: Any) -> PostProcessing:
            return value if isinstance(value, PostProcessing) else _restored(value)

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(cls.as_table)
        )


def _restored(settings: Mapping[str, Any]) -> PostProcessing:
    try:
        return PostProcessing(**settings)
    except TypeError as error:
        raise ValueError(f"not settings of post-processing: {error}") from error


def activity(
    frame_probs: np.ndarray,
    point: PostProcessing,
    grid: FrameGrid,
    n_frames: int | np.ndarray | None = None,
    clip_probs: np.ndarray | None = None,
) -> np.ndarray:
    """Return which class sounds in which frame, for one clip or for many clips together.

    Parameters
    ----------
    frame_probs : ndarray [shape=(..., T, K)]
        Frame probabilities, in [0, 1].
    point : PostProcessing
        Settings of the post-processing.
    grid : FrameGrid
        Grid of the T frames.
    n_frames : int or ndarray [shape=(...)], optional
        Number of frames of each clip that count. All, if not given.
    clip_probs : ndarray [shape=(..., K) or (..., T, K)], optional
        Probability of each class in each clip, or around each frame, for the gate.

    Returns
    -------
    ndarray [shape=(..., T, K)]
        Activity, as booleans.

    Raises
    ------
    ValueError
        If there are no axes of time and classes, a probability is not a number, the settings are for another number of
        classes, or a gate lacks ``clip_probs``.
    """
    if frame_probs.ndim < 2:
        raise ValueError(f"frame_probs must have shape (..., T, K), got {frame_probs.shape}")
    if np.isnan(frame_probs).any():
        raise ValueError("frame_probs holds a nan")
    point.check_classes(frame_probs.shape[-1])
    tags = clip_probs
    if tags is not None and tags.ndim < frame_probs.ndim:
        tags = tags[..., None, :]
    frames = Frames(_time_first(frame_probs), None if tags is None else _time_first(tags), grid)
    are_real = np.ones(frames.probs.shape[:1], dtype=bool).reshape(-1, *[1] * (frames.probs.ndim - 1))
    if n_frames is not None:
        are_real = np.arange(len(are_real)).reshape(are_real.shape) < np.asarray(n_frames)
    active = np.broadcast_to(are_real, frames.probs.shape)
    for step in steps_in_order():
        active = _taken(step, active, frames, point) & are_real
    return np.moveaxis(active, (0, 1), (-2, -1))


def _time_first(probs: np.ndarray) -> np.ndarray:
    """Move the axes of (..., T, K) to (T, K, ...)."""
    return np.moveaxis(probs, (-2, -1), (0, 1))


def _taken(step: Step, active: np.ndarray, frames: Frames, point: PostProcessing) -> np.ndarray:
    """Apply a step to an activity (T, K, ...); classes with the same settings are processed together."""
    values = point.values_for(step)
    if not any(isinstance(value, tuple) for value in values):
        return step.run(active, frames, *values)
    of_class = list(zip(*(np.broadcast_to(value, active.shape[1]).tolist() for value in values), strict=True))
    after = np.empty(active.shape, dtype=bool)
    for same in dict.fromkeys(of_class):
        classes = np.flatnonzero([values_there == same for values_there in of_class])
        after[:, classes] = step.run(active[:, classes], frames.of_classes(classes), *same)
    return after
