"""``config.json``: what a model is made of, beside its weights."""

from __future__ import annotations

from typing import ClassVar

from sedpipe.io.records.form import Count, Record, Table


class ModelDescription(Record):
    """All of a model but its weights.

    Attributes
    ----------
    format : int
        Of these files.
    labels : tuple of str
        Its classes.
    front_end, network, pooling : dict
        Settings, which their own classes check.
    feature_dtype : str
        How values of features are stored.
    operating_points : dict of str to dict
        Post-processing by name.
    familiar : dict
        The least level and bandwidth of its training recordings, where they are known.
    weights_sha256 : str
        Of the file of weights beside it; "" where it is not told, as by sedpipe 0.1.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset({"familiar"})

    format: Count
    labels: tuple[str, ...]
    front_end: Table
    feature_dtype: str
    network: Table
    pooling: Table
    operating_points: dict[str, Table]
    weights_sha256: str = ""
    familiar: Table | None = None
