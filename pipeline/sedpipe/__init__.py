"""Weakly labelled sound event detection: networks learn the times of events from labels that name only their classes.

>>> import sedpipe
>>> model = sedpipe.load_model("esc10")  # doctest: +SKIP
>>> model.predict("street.wav")  # doctest: +SKIP
[PredictedEvent(onset=3.2, offset=4.1, label='Dog bark', probability=0.93)]

- :func:`load_model`: open a shipped model, one of your runs, or an export, to find events in recordings
- :func:`open_dataset`: clips, labels and features of a dataset, also as torch tensors
- :mod:`sedpipe.pooling`: hierarchical pooling as a module for any network
- :mod:`sedpipe.metrics`: segment- and event-based scores of event lists in files, dictionaries or data frames
- :class:`Event`, :class:`FrameScores`, :class:`SedpipeError`: inputs, outputs and errors

Each name is imported when it is first used, so that ``import sedpipe`` is fast. The command line is in
``sedpipe.cli``; ``FLOORS`` lists the layers of the package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sedpipe.version import __version__ as __version__

if TYPE_CHECKING:
    from sedpipe import metrics as metrics
    from sedpipe.api import pooling as pooling
    from sedpipe.api.data import open_dataset as open_dataset
    from sedpipe.api.model import load_model as load_model
    from sedpipe.detection.frame_scores import FrameScores as FrameScores
    from sedpipe.errors import SedpipeError as SedpipeError
    from sedpipe.events import Event as Event

__all__ = ["Event", "FrameScores", "SedpipeError", "load_model", "metrics", "open_dataset", "pooling"]

_FOUND_IN = {
    "Event": "sedpipe.events",
    "FrameScores": "sedpipe.detection.frame_scores",
    "SedpipeError": "sedpipe.errors",
    "load_model": "sedpipe.api.model",
    "open_dataset": "sedpipe.api.data",
}
_MODULES = {"metrics": "sedpipe.metrics", "pooling": "sedpipe.api.pooling"}

FLOORS = (
    # words: small values and helpers that are cheap to import
    ("version", "printable", "wording"),
    ("errors", "children", "suggestions", "commands", "choices", "hierarchy", "shards", "listener", "registry"),
    ("labels", "events", "clips", "frames", "fates", "failures", "recorders"),
    ("truth", "tensors"),
    # maths: arrays in, arrays out; no access to files
    ("metrics", "soundscapes", "features"),
    ("detection", "nn"),
    ("training",),
    # everything that touches disk or network
    ("io",),
    # sources of clips, steps that several commands share, output for people
    ("sources",),
    ("steps",),
    ("reports",),
    ("views",),
    # one file for each command
    ("stages",),
    # prediction in the browser
    ("serving",),
    # the interfaces: for programs and for people
    ("api",),
    ("cli",),
)
"""The layers of the package, lowest first; a package or module imports only from layers below it (a test checks it)."""


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name not in _FOUND_IN:
        raise AttributeError(f"module 'sedpipe' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(_FOUND_IN[name]), name)
    globals()[name] = value  # from now on it is found without this function
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
