"""Scores of sound event detection.

``sedpipe.metrics.segment_based(reference, estimated, duration=10)`` scores event lists in files, dictionaries or data
frames; it and ``event_based`` are defined in :mod:`sedpipe.api.scoring`. The modules here contain the maths: they take
values, access no files, and their scores equal those of sed_eval, psds_eval or scikit-learn.

- ``segment_scores``, ``event_scores``, ``clip_scores``, ``psds_scores``: one way of scoring each
- ``detection_scores``: data classes for counts and scores of detected events
- ``validation``: checks and prepares event lists for scoring
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sedpipe.api.scoring import event_based as event_based
    from sedpipe.api.scoring import segment_based as segment_based

__all__ = ["event_based", "segment_based"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'sedpipe.metrics' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module("sedpipe.api.scoring"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
