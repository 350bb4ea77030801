"""``dataset.json``: the dataset that ``download`` made from a manifest."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from sedpipe.choices import SPLITS
from sedpipe.clips import DEFAULT_CLIP_S, DEFAULT_SAMPLE_RATE, ClipFormat
from sedpipe.io.records.form import Count, Name, Record
from sedpipe.labels import LabelSet


class DatasetRecord(Record):
    """The dataset that ``download`` made from a manifest.

    Attributes
    ----------
    dataset : str
        Name of the dataset.
    fingerprint : str
        Fingerprint of the manifest; a different one means that rows and audio were made by other rules.
    labels : tuple of str
        The classes, in the order of their indices.
    listed : dict
        Number of clips that the manifest lists, by split.
    clip_s : float
        Length of the longest clip in seconds.
    sample_rate : int
        Sample rate of all its audio in Hz.
    manifest : str
        Path of the manifest; empty, since unknown, in datasets of the first edition.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset({"manifest"})

    dataset: Name
    fingerprint: str
    labels: tuple[str, ...]
    listed: dict[str, Count]
    clip_s: Annotated[float, Field(gt=0, le=1e6)] = DEFAULT_CLIP_S
    sample_rate: Annotated[int, Field(gt=0, le=10**7)] = DEFAULT_SAMPLE_RATE
    manifest: str = ""

    @field_validator("labels")
    @classmethod
    def _labels_are_distinct(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        return LabelSet(labels).names

    @field_validator("listed")
    @classmethod
    def _splits_are_known(cls, listed: dict[str, int]) -> dict[str, int]:
        for split in listed:
            if split not in SPLITS:
                raise ValueError(f"{split[:40]!r} is not one of {', '.join(SPLITS)}")
        return listed

    @property
    def clip_format(self) -> ClipFormat:
        """Clip length and sample rate as one value."""
        return ClipFormat(self.clip_s, self.sample_rate)
