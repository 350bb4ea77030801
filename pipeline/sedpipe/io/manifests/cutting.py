"""Length and sample rate of a dataset's clips, and what to do with recordings that are longer.

- :class:`CutManifest`: the common part of all kinds of datasets whose clips are cut out of recordings
- :func:`storable_rate`: the rate at which recordings of a given rate can be stored
- :data:`LONG`: what can be done with a recording that is longer than a clip
"""

from __future__ import annotations

from abc import ABC
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from sedpipe.clips import DEFAULT_CLIP_S, DEFAULT_SAMPLE_RATE, ClipFormat
from sedpipe.errors import ManifestError
from sedpipe.io.manifests.form import Manifest

LONG = ("windows", "inherit", "refuse")
"""Cut it into windows labelled with the events in them, or into pieces that inherit its labels, or let its row fail."""

NATIVE = "native"
"""Stands for the commonest sample rate of the dataset's files."""

_LOWEST_HZ, _HIGHEST_HZ = 1_000, 655_350  # of the sample rates that FLAC can store, ...
_ANY_HZ = 65_535  # ... and above this only multiples of ten


class CutManifest(Manifest, ABC):
    """A dataset whose clips are cut out of recordings.

    Attributes
    ----------
    clip_s : float
        Longest clip in seconds.
    sample_rate : int or "native"
        Sample rate in Hz at which clips are stored; ``native``: the commonest rate of the files.
    long : str, optional
        One of :data:`LONG`. By default, recordings are cut into windows in a split with strong labels; in any other
        split, recordings longer than a clip are refused.
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
        """Return what to do with the long recordings of a split, one of :data:`LONG`."""
        return self.long or ("windows" if self.has_truth(split) else "refuse")

    def clip_format(self, native_rate: int) -> ClipFormat:
        """Return length and sample rate of the clips.

        Parameters
        ----------
        native_rate : int
            Commonest rate of the files in Hz; used only if ``sample_rate`` is ``native``.

        Raises
        ------
        ManifestError
            If ``native_rate`` is used and cannot be stored.
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
        """Return the settings that are not the defaults: fingerprints from before these settings existed stay valid."""
        defaults = {"clip_s": DEFAULT_CLIP_S, "sample_rate": DEFAULT_SAMPLE_RATE, "long": None}
        return {key: getattr(self, key) for key, default in defaults.items() if getattr(self, key) != default}


def storable_rate(rate: int) -> int:
    """Return the highest rate up to ``rate`` (at least 1,000 Hz) that the store supports.

    >>> storable_rate(48_000), storable_rate(97_656), storable_rate(1_000_000)
    (48000, 97650, 655350)
    """
    return rate if _can_be_stored(rate) else min(rate, _HIGHEST_HZ) // 10 * 10


def _can_be_stored(rate: int) -> bool:
    return _LOWEST_HZ <= rate <= _HIGHEST_HZ and (rate <= _ANY_HZ or rate % 10 == 0)
