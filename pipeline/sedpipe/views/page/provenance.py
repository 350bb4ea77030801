"""The origin of the numbers: settings, versions, random seeds and fingerprints as plain rows.

- :func:`provenance`: sections of names and values
- :func:`flatten`: a nested table -> rows
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sedpipe.views.page.scored_run import ScoredRun

Rows = list[tuple[str, str]]


def provenance(run: ScoredRun) -> dict[str, Rows]:
    """Return the rows of each section; empty sections are left out."""
    record, scores = {} if run.record is None else run.record.as_json(), run.scores.as_json()
    result = {name: value for name, value in (record.get("result") or {}).items() if name != "run_dir"}
    sections = {
        "Post-processing": flatten(scores["post_processing"]),
        "Settings": flatten(record.get("settings", {})),
        "Training": flatten(result),
        "Data": flatten({name: value for name, value in record.get("data", {}).items() if name != "labels"}),
        "Encoders": flatten({encoder["name"]: encoder for encoder in record.get("encoders", [])}),
        "Versions": flatten(record.get("versions", {})),
        "sha256 of the files": flatten(run.files),
        "Clip-based": flatten(scores["clip_based"] or {}),
        "Event-based": flatten(scores["event_based"] or {}),
        "PSDS": flatten(scores["psds"]),
        "Threshold-free": flatten(scores["threshold_free"]),
        "Other metrics": flatten(scores["metrics"]),
    }
    return {name: rows for name, rows in sections.items() if rows}


def flatten(table: Mapping[str, Any], prefix: str = "") -> Rows:
    """Return a row for every value of a nested table: its path and its text.

    >>> flatten({"a": {"b": 1, "c": [2, 3]}, "d": None})
    [('a.b', '1'), ('a.c', '2, 3'), ('d', 'none')]
    """
    rows: Rows = []
    for name, value in table.items():
        if isinstance(value, Mapping):
            rows += flatten(value, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", _text(value)))
    return rows


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(_text(item) for item in value) if isinstance(value, list | tuple) else str(value)
