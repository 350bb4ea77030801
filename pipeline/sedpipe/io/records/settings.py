"""Stored settings compared with current ones, although settings have been added since.

- :func:`as_table`: settings as JSON represents them
- :func:`filled`: stored settings, with the defaults of those that did not exist when they were stored
- :func:`differences`, :func:`in_words`: how two sets of settings differ
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from sedpipe.io.records.form import Table
from sedpipe.printable import printable, shortened

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_MOST_OF_ALL_CHANGES = 180
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = 60


def as_table(settings: DataclassInstance) -> Table:
    """Return settings as JSON represents them: tuples become lists."""
    table: Table = _as_json(settings)
    return table


def filled(stored: Mapping[str, Any], settings: DataclassInstance) -> dict[str, Any]:
    """Return stored settings, with the defaults of those that did not exist then, since these were in effect.

    Parameters
    ----------
    stored : mapping
        Settings in the form of :func:`as_table`, perhaps of an earlier edition.
    settings : dataclass
        Settings of the same kind, of this edition.

    Examples
    --------
    >>> from sedpipe.training.config import TrainingConfig
    >>> filled({"epochs": 3, "augment": {"shift": True}}, TrainingConfig(batch_size=7))["batch_size"]
    128
    """
    known = dict(stored)
    for field in fields(settings):
        inner, default = getattr(settings, field.name), _default_of(field)
        if field.name not in known:
            if default is not MISSING:
                known[field.name] = _as_json(default)
        elif is_dataclass(inner) and not isinstance(inner, type) and isinstance(known[field.name], Mapping):
            known[field.name] = filled(known[field.name], inner)
    return known


def _as_json(value: Any) -> Any:
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    return json.loads(json.dumps(plain))


def _default_of(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def differences(there: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return ``key: there X, now Y`` for every setting in which two nested tables differ."""
    lines = []
    for key in sorted(there.keys() | now.keys()):
        old, new = there.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            lines += differences(old, new, f"{prefix}{key}.")
        elif old != new:
            lines.append(f"{prefix}{key}: there {_REPR.repr(old)}, now {_REPR.repr(new)}")
    return lines


def in_words(changed: Sequence[str]) -> str:
    """Return the first of some differences, and how many more there are, as part of a sentence."""
    told = [shortened(printable(changed[0]), _MOST_OF_ALL_CHANGES)]
    for line in changed[1:]:
        if len("; ".join([*told, line])) > _MOST_OF_ALL_CHANGES:
            return f"{'; '.join(told)}; and {len(changed) - len(told)} more"
        told.append(printable(line))
    return "; ".join(told)
