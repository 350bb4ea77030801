"""``predictions.jsonl``: what ``sedpipe predict --out`` has finished, a line of JSON a recording.

- :class:`LogHead`: the first line
- :class:`LogLine`: each other one
"""

from __future__ import annotations

from typing import ClassVar

from sedpipe.io.predictions import PredictedEvent
from sedpipe.io.records.form import Record, Table


class LogHead(Record):
    """Whatever decides the events: the model, its post-processing, how windows overlap."""

    settings: Table


class LogLine(Record):
    """A recording that is finished.

    Attributes
    ----------
    name : str
        As lists call it.
    file : tuple of two ints
        Its size and time of change (ns) from before it was read.
    duration : float, optional
        Seconds.
    events : tuple of PredictedEvent
        In order of time.
    reason : str
        What is to be said of it, if anything is.
    unlike_training : tuple of str
        In what it lies outside of what the model was trained on.
    path : str
        Where it lay, from the root; "" where that was not noted, as by early editions.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset({"reason", "unlike_training", "path"})

    name: str
    file: tuple[int, int]
    duration: float | None
    events: tuple[PredictedEvent, ...]
    reason: str = ""
    unlike_training: tuple[str, ...] = ()
    path: str = ""
