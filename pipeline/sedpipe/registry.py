"""Things that a person chooses by name, and to which a script of one's own may add.

A script adds to a registry in its own process; workers are other processes, which import sedpipe anew and know nothing
of it. So whoever starts a worker takes along what was added (:mod:`sedpipe.io.parallel` does).

- :class:`Registry`: a dictionary that knows what was added to it
- :func:`additions`, :func:`add`: what was added to all of them, here; and the same there
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
        What they are, as no other registry says it: ``pooling functions``.
    entries : mapping
        Those that come with sedpipe.

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
        """Entries that do not come with sedpipe, or took the place of one that does."""
        return {name: entry for name, entry in self.items() if self._own.get(name) is not entry}


def additions() -> dict[str, dict[str, Any]]:
    """What was added, by registry; those to which nothing was added are left out."""
    return {of: registry.added for of, registry in _REGISTRIES.items() if registry.added}


def add(entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Add what :func:`additions` gave in another process."""
    for of, added in entries.items():
        if of in _REGISTRIES:
            _REGISTRIES[of].update(added)
        else:
            _TO_COME.setdefault(of, {}).update(added)
