"""Things that users choose by name, and to which their scripts can add.

A script adds to a registry in its own process; workers are other processes, which import sedpipe anew and lack these
additions. So the code that starts a worker must pass them on (:mod:`sedpipe.io.parallel` does).

- :class:`Registry`: a dictionary that knows what was added to it
- :func:`additions`, :func:`add`: collect the additions to all registries, and add them in another process
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

Entry = TypeVar("Entry")

_REGISTRIES: dict[str, Registry[Any]] = {}
_TO_COME: dict[str, dict[str, Any]] = {}
"""Entries of registries whose modules are not imported yet."""


class Registry(dict[str, Entry], Generic[Entry]):
    """Entries by name.

    Parameters
    ----------
    of : str
        What the entries are, unique among the registries: ``pooling functions``.
    entries : mapping
        Entries that come with sedpipe.

    Examples
    --------
    >>> colours = Registry("colours", {"red": 1})
    >>> colours["blue"] = 2
    >>> additions()["colours"]
    {'blue': 2}
    """

    def __init__(self, of: str, entries: Mapping[str, Entry]) -> None:
        super().__init__(entries)
        self._own = dict(entries)
        self.update(_TO_COME.pop(of, {}))
        _REGISTRIES[of] = self

    @property
    def added(self) -> dict[str, Entry]:
        """Entries that do not come with sedpipe, or have replaced one that does."""
        return {name: entry for name, entry in self.items() if self._own.get(name) is not entry}


def additions() -> dict[str, dict[str, Any]]:
    """Return the additions by registry, without registries that have none."""
    return {of: registry.added for of, registry in _REGISTRIES.items() if registry.added}


def add(entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Add the entries that :func:`additions` returned in another process."""
    for of, added in entries.items():
        if of in _REGISTRIES:
            _REGISTRIES[of].update(added)
        else:
            _TO_COME.setdefault(of, {}).update(added)
