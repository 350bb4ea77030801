"""Scores of sound event detection.

``sedpipe.metrics.segment_based(reference, estimated, duration=10)`` scores event lists in files, dictionaries or data
frames; :mod:`sedpipe.api.scoring` has it, and its like for events. The modules here are the maths below: they take
values, know no file, and are equal to sed_eval's, psds_eval's or scikit-learn's.

- ``segment_scores``, ``event_scores``, ``clip_scores``, ``psds_scores``: one way to score each
- ``detection_scores``: what counts and scores of detected events look like
- ``validation``: event lists made fit for scoring
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
