"""How long clips of a dataset are, at what rate, and what becomes of recordings that are longer.

- :class:`CutManifest`: what kinds of datasets have in common whose clips are cut out of recordings
- :func:`storable_rate`: the rate at which recordings of some rate can be stored
- :data:`LONG`: what can become of a recording that is longer than a clip
"""

from __future__ import annotations

from abc import ABC
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from sedpipe.clips import DEFAULT_CLIP_S, DEFAULT_SAMPLE_RATE, ClipFormat
from sedpipe.errors import ManifestError
from sedpipe.io.manifests.form import Manifest

LONG = ("windows", "inherit", "refuse")
"""Windows are labelled by the events in them; pieces inherit the recording's labels; the row fails."""

NATIVE = "native"
"""The commonest rate of the dataset's files."""

_LOWEST_HZ, _HIGHEST_HZ = 1_000, 655_350  # FLAC's, ...
_ANY_HZ = 65_535  # ... and above this only multiples of ten


class CutManifest(Manifest, ABC):
    """A dataset whose clips are cut out of recordings.

    Attributes
    ----------
    clip_s : float
        Longest clip in seconds.
    sample_rate : int or "native"
        Hz at which clips are stored; ``native``: the commonest rate of the files.
    long : str, optional
        One of :data:`LONG`. Where it is not given, a split with strong labels is cut into windows, another one
        refuses what is longer than a clip.
    """

    clip_s: Annotated[float, Field(ge=0.1, le=3600, allow_inf_nan=False)] = DEFAULT_CLIP_S
    sample_rate: int | Literal["native"] = DEFAULT_SAMPLE_RATE
    long: Literal["windows", "inherit", "refuse"] | None = None

    @field_validator("sample_rate", mode="before")
    @classmethod
    def _rate_can_be_stored(cls, rate: Any) -> Any:
        if rate == NATIVE or (isinstance(rate, int) and not isinstance(rate, bool) and _can_be_stored(rate)):
            return rate
        raise ValueError(f'expected "{NATIVE}" or whole Hz from {_LOWEST_HZ:,} to {_HIGHEST_HZ:,} that FLAC can store')

    def long_of(self, split: str) -> Literal["windows", "inherit", "refuse"]:
        """What becomes of the long recordings of a split."""
        return self.long or ("windows" if self.has_truth(split) else "refuse")

    def clip_format(self, native_rate: int) -> ClipFormat:
        """Length and rate of its clips.

        Parameters
        ----------
        native_rate : int
            The commonest rate of the files; looked at only where it decides.

        Raises
        ------
        ManifestError
            If it cannot be stored.
        """
        if isinstance(self.sample_rate, int):
            return ClipFormat(self.clip_s, self.sample_rate)
        if not _can_be_stored(native_rate):
            raise ManifestError(
                f"{self.path}: the commonest rate of its files is {native_rate:,} Hz, which the store does not support",
                hint="give a sample_rate, in Hz",
            )
        return ClipFormat(self.clip_s, native_rate)

    def _cutting(self) -> dict[str, Any]:
        """What of this decides rows and audio; nothing where all is as it was before it could be said."""
        defaults = {"clip_s": DEFAULT_CLIP_S, "sample_rate": DEFAULT_SAMPLE_RATE, "long": None}
        return {key: getattr(self, key) for key, default in defaults.items() if getattr(self, key) != default}


def storable_rate(rate: int) -> int:
    """The highest rate up to ``rate`` (at least 1,000 Hz) that the store supports.

    >>> storable_rate(48_000), storable_rate(97_656), storable_rate(1_000_000)
    (48000, 97650, 655350)
    """
    return rate if _can_be_stored(rate) else min(rate, _HIGHEST_HZ) // 10 * 10


def _can_be_stored(rate: int) -> bool:
    return _LOWEST_HZ <= rate <= _HIGHEST_HZ and (rate <= _ANY_HZ or rate % 10 == 0)
