"""The introduction of a page, before any number, for readers who were sent the page and know nothing about it.

- :func:`system_sentence`: what the system is and what it was trained on; :func:`system_note`: the same in a few words
- :func:`date_text`: a date as people write it
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sedpipe.io.records.run import RunRecord
from sedpipe.wording import counted

_POOLING = {
    "max": "max pooling",
    "average": "average pooling",
    "linear": "linear softmax pooling",
    "exponential": "exponential softmax pooling",
    "attention": "attention pooling",
}


def date_text(day: date) -> str:
    """Return a date as people write it.

    >>> date_text(date(2026, 11, 28))
    '28 November 2026'
    """
    return f"{day.day} {day:%B %Y}"


def system_sentence(record: RunRecord | None) -> str:
    """Return a sentence about the system that made the estimates, as far as the record of the run describes it."""
    note = system_note(record)
    learned = "A neural network trained on weak labels, which say what sounds in a clip but not when"
    return f"{learned}: {note}." if note else f"{learned}."


def system_note(record: RunRecord | None) -> str:
    """Return what distinguishes this system from similar ones, in a few words; empty without a record."""
    if record is None:
        return ""
    training = record.data.get("training")
    count = training.get("clips") if isinstance(training, Mapping) else None
    clips = [counted(count, "clip")] if isinstance(count, int) else []
    strong = ["also strong labels"] if record.settings.training.get("supervision") == "mixed" else []
    ears = " and ".join(encoder.name for encoder in record.encoders)
    heard = [f"features of {ears}"] if ears else []
    return ", ".join(
        [*clips, *strong, *heard, *_pooling(record.settings.pooling), f"random seed {record.settings.seed}"]
    )


def _pooling(pooling: Mapping[str, Any]) -> list[str]:
    function = pooling.get("function")
    if not isinstance(function, str):
        return []
    return [f"{'hierarchical ' if pooling.get('hierarchy') else ''}{_POOLING.get(function, f'{function} pooling')}"]
