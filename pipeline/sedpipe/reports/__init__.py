"""The reports of commands: values that ``--json`` prints, and that :mod:`sedpipe.views.terminal` shows.

Reports that are also stored are records (:mod:`sedpipe.io.records`).

- :func:`as_json`: a report as plain values
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from sedpipe.io.predictions import PredictedFile
from sedpipe.io.records.form import Record


def as_json(value: object) -> Any:
    """Convert a report, or a part of one, to plain values for JSON; keys are the names of its fields."""
    if isinstance(value, Record | PredictedFile):
        return value.as_json()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: as_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(part) for part in value]
    return value
