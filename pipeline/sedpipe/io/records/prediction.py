"""``predictions.jsonl``: the recordings that ``sedpipe predict --out`` has finished, one line of JSON for each.

- :class:`LogHead`: the first line
- :class:`LogLine`: every other line
"""

from __future__ import annotations

from typing import ClassVar

from sedpipe.io.predictions import PredictedEvent
from sedpipe.io.records.form import Record, Table


class LogHead(Record):
    """Everything that determines the events: the model, its post-processing, the overlap of windows."""

    settings: Table


class LogLine(Record):
    """A recording that is finished.

    Attributes
    ----------
    name : str
        Name of the recording in lists.
    file : tuple of two ints
        Size in bytes and time of the last change (ns) of its file, from before it was read.
    duration : float, optional
        Duration in seconds.
    events : tuple of PredictedEvent
        Events in order of time.
    reason : str
        A note about the recording, if there is one.
    unlike_training : tuple of str
        How the recording differs from the model's training data.
    path : str
        Absolute path of the recording; "" if it was not noted, as by early editions.
    """

    parts_to_come: ClassVar[frozenset[str]] = frozenset({"reason", "unlike_training", "path"})

    name: str
    file: tuple[int, int]
    duration: float | None
    events: tuple[PredictedEvent, ...]
    reason: str = ""
    unlike_training: tuple[str, ...] = ()
    path: str = ""
