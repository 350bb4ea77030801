"""What a front end is, and those that there are: a clip's waveform -> frames of features.

- :class:`FrontEnd`: what the feature store, networks, windows and models ask of one
- :data:`FRONT_ENDS`: all of them by name; a new one is a file and a line there
- :func:`build_front_end`: by name and settings; :func:`changed`: with other settings
- :func:`front_end_table`, :func:`front_end_of`: a front end as the plain values that files hold, and back
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
"""What features can be: bands of a spectrogram, from low to high, in dB or in another measure; samples of a waveform;
values of a network, in no order; bands in dB and then such values. Networks and augmentation say which of them they
can work on."""


class FrontEnd(Protocol):
    """A waveform in, frames out, the same shape for every clip; shorter clips are padded.

    It is a frozen dataclass that can be pickled and compared; what is slow to load it loads at the first
    :meth:`extract` of a process. Its fields are its ``settings``, with a default each, after the variant, where its
    class makes several (see :data:`FRONT_ENDS`); ``__post_init__`` refuses what cannot work with a ``ValueError``.
    :class:`~sedpipe.features.framed.FramedFrontEnd` has most of it ready.
    """

    @property
    def name(self) -> str:
        """What it is called in :data:`FRONT_ENDS`; ``kind:variant`` where one class makes several."""

    @property
    def version(self) -> int:
        """Counts up whenever the same settings would give other values, so that stored features are made anew."""

    @property
    def content(self) -> str:
        """Which of :data:`CONTENTS` its features are."""

    @property
    def settings(self) -> dict[str, Setting]:
        """Everything besides the name that decides a value, as plain values; of a network, its checksum, too."""

    @property
    def sample_rate(self) -> int:
        """Of the waveform, Hz."""

    @property
    def hop_length(self) -> int:
        """Samples from one frame to the next."""

    @property
    def grid(self) -> FrameGrid:
        """Where the frames lie in time."""

    @property
    def n_samples(self) -> int:
        """Samples of a clip that are looked at, ``n_frames * hop_length``; what comes after them changes nothing."""

    @property
    def n_frames(self) -> int:
        """T: frames of a clip."""

    @property
    def n_features(self) -> int:
        """F: values a frame."""

    @property
    def padding(self) -> float:
        """Value of the frames behind a clip's end."""

    def extract(self, waveform: np.ndarray) -> tuple[np.ndarray, int]:
        """Features of one clip.

        Parameters
        ----------
        waveform : np.ndarray [shape=(samples,)]
            float32, mono at ``sample_rate``, full scale 1; of any length above 0.

        Returns
        -------
        features : np.ndarray [shape=(n_frames, n_features)]
            float32.
        n_frames : int
            Frames that count: whose first sample lies in the clip; the others hold ``padding``.

        Raises
        ------
        ValueError
            If the waveform is not one-dimensional, or empty.
        """

    def fitted_to(self, sample_rate: int, clip_s: float) -> Self:
        """The same front end for clips of another rate (Hz) and length (seconds).

        Times in seconds stay what they are; one that knows a single rate keeps it, and has audio resampled.
        """


FRONT_ENDS: Registry[Callable[..., FrontEnd]] = Registry(
    "front ends",
    {"logmel": LogMelConfig, "waveform": WaveformConfig, "encoder": encoder_front_end, "both": both_front_end},
)
"""Classes by name. One that makes several front ends has its variant as its first field: ``encoder:yamnet`` is
``FRONT_ENDS["encoder"]("yamnet", ...)``."""

DEFAULT = "logmel"
"""The front end of a table that names none, as those of the first edition do."""

_NAME = "front_end"


def kind_of(name: str) -> Callable[..., FrontEnd]:
    """The class that makes the front end of a name; ``ValueError`` if there is none."""
    kind = name.partition(":")[0]
    if kind not in FRONT_ENDS:
        raise ValueError(f"front end {name!r} is not one of {', '.join(FRONT_ENDS)}{did_you_mean(kind, FRONT_ENDS)}")
    return FRONT_ENDS[kind]


def build_front_end(name: str = DEFAULT, **settings: Any) -> FrontEnd:
    """The front end of a name; settings that are not given have their defaults.

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
    """Name and settings, as files hold them; the default's name is left out, as the first edition knew no other."""
    named: dict[str, Setting] = {} if front_end.name == DEFAULT else {_NAME: front_end.name}
    return {**named, **front_end.settings}


def changed(front_end: FrontEnd, **changes: Any) -> FrontEnd:
    """The same with other settings.

    Raises
    ------
    ValueError
        If it has no such setting, or cannot use the value.
    """
    known = tuple(field.name for field in fields(front_end)) if is_dataclass(front_end) else ()  # not all are told
    for key in changes:
        if key not in (*front_end.settings, *known):
            raise ValueError(f"the front end {front_end.name} has no {key}: it has {', '.join(front_end.settings)}")
    return build_front_end(front_end.name, **{**front_end.settings, **changes})


def front_end_of(table: Mapping[str, Any]) -> FrontEnd:
    """The front end of a table from :func:`front_end_table`; ``ValueError`` or ``TypeError`` if it is none's."""
    settings = {key: value for key, value in table.items() if key != _NAME}
    name = table.get(_NAME, DEFAULT)
    if not isinstance(name, str):
        raise TypeError(f"the name of a front end is text, got {name!r}")
    return build_front_end(name, **settings)
