"""``config.json``: the description of a model, stored beside its weights."""

from __future__ import annotations

from typing import ClassVar

from sedpipe.io.records.form import Count, Record, Table


class ModelDescription(Record):
    """Everything about a model except its weights.

    Attributes
    ----------
    format : int
        Version of the file format.
    labels : tuple of str
        Classes of the model.
    front_end, network, pooling : dict
        Settings, which are checked by the classes that they belong to.
    feature_dtype : str
        Data type in which feature values are stored.
    operating_points : dict of str to dict
        Post-processing, by name of the operating point.
    familiar : dict
        Lowest level and bandwidth of its training recordings, if they are known.
    weights_sha256 : str
        sha256 of the weights file beside it; "" if unknown, as in models of sedpipe 0.1.
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
