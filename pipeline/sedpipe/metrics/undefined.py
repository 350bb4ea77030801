"""Reasons why a score is ``None``, in words.

- :func:`undefined`: the scores of a report that are ``None``, with their reasons
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NO_OUTPUT = "nothing was estimated"
NO_REFERENCE = "the reference has none"


def undefined(scores: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return the reason for each undefined score in nested tables of scores, by its dotted name.

    >>> undefined({"precision": None, "per_class": {"Bus": {"f1": None, "n_reference": 0}}})
    {'precision': 'nothing was estimated', 'per_class.Bus.f1': 'the reference has none'}
    """
    reasons: dict[str, str] = {}
    for name, value in scores.items():
        if isinstance(value, Mapping):
            reasons |= undefined(value, f"{prefix}{name}.")
        elif value is None:
            # a macro mean is over the classes with reference, whose precision counts as 0 if they have no output
            of_output = name == "precision" and not prefix.endswith("macro.")
            reasons[f"{prefix}{name}"] = NO_OUTPUT if of_output else NO_REFERENCE
    return reasons
