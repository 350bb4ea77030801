"""The interface of front ends, which turn a clip's waveform into frames of features, and the available ones.

- :class:`FrontEnd`: what the feature store, networks, windows and models need of a front end
- :data:`FRONT_ENDS`: all of them by name; a new one is a file and an entry there
- :func:`build_front_end`: from name and settings; :func:`changed`: with other settings
- :func:`front_end_table`, :func:`front_end_of`: a front end as plain values, as files contain them, and back
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Protocol, Self

import numpy as np

from sedpipe.features.encoders.both import both_front_end
from sedpipe.features.encoders.front_end import encoder_front_end
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.waveform import WaveformConfig
from sedpipe.frames import FrameGrid
from sedpipe.registry import Registry
from sedpipe.suggestions import did_you_mean

Setting = int | float | str

CONTENTS = ("decibels", "bands", "samples", "embedding", "both")
"""Kinds of features: bands of a spectrogram, from low to high, in dB or in another unit; samples of a waveform; output
values of a network, in no order; bands in dB followed by output values of a network. Networks and augmentation declare
which of them they support."""


class FrontEnd(Protocol):
    """A waveform in, frames of features out, of the same shape for every clip; shorter clips are padded.

    A front end is a frozen dataclass that can be pickled and compared; whatever is slow to load is loaded at the first
    :meth:`extract` of a process. Its fields are its ``settings``, each with a default, preceded by the variant if the
    class makes several front ends (see :data:`FRONT_ENDS`); ``__post_init__`` raises ``ValueError`` for settings that
    cannot work. :class:`~sedpipe.features.framed.FramedFrontEnd` implements most of it.
    """

    @property
    def name(self) -> str:
        """Name in :data:`FRONT_ENDS`; ``kind:variant`` if a class makes several front ends."""

    @property
    def version(self) -> int:
        """Number that increases when the same settings would give other values: stored features are then remade."""

    @property
    def content(self) -> str:
        """Which of :data:`CONTENTS` its features are."""

    @property
    def settings(self) -> dict[str, Setting]:
        """Everything besides the name that determines features, as plain values; includes the checksum of a network."""

    @property
    def sample_rate(self) -> int:
        """Sample rate of the waveform in Hz."""

    @property
    def hop_length(self) -> int:
        """Samples from one frame to the next."""

    @property
    def grid(self) -> FrameGrid:
        """Positions of the frames in time."""

    @property
    def n_samples(self) -> int:
        """Number of samples of a clip that are used, ``n_frames * hop_length``; those after them have no effect."""

    @property
    def n_frames(self) -> int:
        """Number of frames of a clip, T."""

    @property
    def n_features(self) -> int:
        """Number of values per frame, F."""

    @property
    def padding(self) -> float:
        """Value of the frames after a clip's end."""

    def extract(self, waveform: np.ndarray) -> tuple[np.ndarray, int]:
        """Compute the features of one clip.

        Parameters
        ----------
        waveform : np.ndarray [shape=(samples,)]
            Samples, float32, mono at ``sample_rate``, full scale 1; any number above 0.

        Returns
        -------
        features : np.ndarray [shape=(n_frames, n_features)]
            float32.
        n_frames : int
            Number of frames that count: those whose first sample lies in the clip; the others hold ``padding``.

        Raises
        ------
        ValueError
            If the waveform is not one-dimensional, or empty.
        """

    def fitted_to(self, sample_rate: int, clip_s: float) -> Self:
        """Return a front end of the same kind for clips of another sample rate (Hz) and length (seconds).

        Durations in seconds do not change; a front end with a fixed rate keeps it, and audio is resampled.
        """


FRONT_ENDS: Registry[Callable[..., FrontEnd]] = Registry(
    "front ends",
    {"logmel": LogMelConfig, "waveform": WaveformConfig, "encoder": encoder_front_end, "both": both_front_end},
)
"""Classes by name. A class that makes several front ends takes the variant as its first argument: ``encoder:yamnet`` is
``FRONT_ENDS["encoder"]("yamnet", ...)``."""

DEFAULT = "logmel"
"""The front end of a table that names none, as in the first edition."""

_NAME = "front_end"


def kind_of(name: str) -> Callable[..., FrontEnd]:
    """Return the class that makes the front end of a name; raise ``ValueError`` if the name is unknown."""
    kind = name.partition(":")[0]
    if kind not in FRONT_ENDS:
        raise ValueError(f"front end {name!r} is not one of {', '.join(FRONT_ENDS)}{did_you_mean(kind, FRONT_ENDS)}")
    return FRONT_ENDS[kind]


def build_front_end(name: str = DEFAULT, **settings: Any) -> FrontEnd:
    """Build the front end of a name; settings that are not given have their defaults.

    Raises
    ------
    ValueError, TypeError
        If there is no such front end, or a setting is unknown or cannot be used.

    Examples
    --------
    >>> build_front_end("logmel", n_mels=64).n_features
    64
    """
    variant = name.partition(":")[2]
    return kind_of(name)(variant, **settings) if variant else kind_of(name)(**settings)


def front_end_table(front_end: FrontEnd) -> dict[str, Setting]:
    """Return name and settings as files contain them, without the default's name: the first edition had no other."""
    named: dict[str, Setting] = {} if front_end.name == DEFAULT else {_NAME: front_end.name}
    return {**named, **front_end.settings}


def changed(front_end: FrontEnd, **changes: Any) -> FrontEnd:
    """Return the same front end with other settings.

    Raises
    ------
    ValueError
        If the front end does not have a setting, or cannot use its value.
    """
    known = tuple(field.name for field in fields(front_end)) if is_dataclass(front_end) else ()  # settings omit some
    for key in changes:
        if key not in (*front_end.settings, *known):
            raise ValueError(f"the front end {front_end.name} has no {key}: it has {', '.join(front_end.settings)}")
    return build_front_end(front_end.name, **{**front_end.settings, **changes})


def front_end_of(table: Mapping[str, Any]) -> FrontEnd:
    """Return the front end of a :func:`front_end_table`; raise ``ValueError`` or ``TypeError`` if it is invalid."""
    settings = {key: value for key, value in table.items() if key != _NAME}
    name = table.get(_NAME, DEFAULT)
    if not isinstance(name, str):
        raise TypeError(f"the name of a front end is text, got {name!r}")
    return build_front_end(name, **settings)
