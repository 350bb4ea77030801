"""The sound classes of a dataset: names, their order, and multi-hot vectors.

- :class:`LabelSet`: ordered class names <-> indices <-> multi-hot (K,)
- :class:`UnknownLabelError`: for a name that is not in the set, with the name that was probably meant
- :func:`one_spelling`: a label with its accents in normalized form
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np

from sedpipe.printable import printable, shortened
from sedpipe.suggestions import did_you_mean

_MOST_OF_A_LABEL, _MOST_SHOWN = 60, 160
_MOST_ACCENTS = 30  # on one letter; neither Unicode's stream-safe text format nor any language has more

FORBIDDEN = ("\t", "\n", "\r", ";")


def one_spelling(label: str) -> str:
    """Return a label with each accented letter as one character (NFC): file names on a Mac use two characters.

    >>> len("Me\u0301sange"), len(one_spelling("Me\u0301sange"))
    (8, 7)
    """
    return label if _is_heaped(label) else unicodedata.normalize("NFC", label)


def _is_heaped(text: str) -> bool:
    """Whether a letter has more accents than in any language: sorting them takes time quadratic in their number."""
    n_accents = 0
    for character in "" if text.isascii() else text:
        n_accents = n_accents + 1 if unicodedata.combining(character) else 0
        if n_accents > _MOST_ACCENTS:
            return True
    return False


class UnknownLabelError(ValueError):
    """A label is not in the set; the message contains a suggestion, and readers of files add file and line."""


@dataclass(frozen=True)
class LabelSet:
    """Ordered, distinct class names.

    Parameters
    ----------
    names : tuple of str
        Names of the K classes. Commas are allowed ("Air horn, truck horn"); tabs, line ends and semicolons are not,
        since the lists that sedpipe writes use them as separators, nor are control characters, which terminals execute.
        A name is found whichever way its accents are encoded.

    Raises
    ------
    ValueError
        If there is no name, or if a name is empty, has blanks around it, is repeated, or contains a forbidden
        character.

    Examples
    --------
    >>> labels = LabelSet(("Car", "Air horn, truck horn"))
    >>> labels[0], labels[-1:], list(labels), len(labels), "Car" in labels, labels.index("Car")
    ('Car', ('Air horn, truck horn',), ['Car', 'Air horn, truck horn'], 2, True, 0)
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.names:
            raise ValueError("labels must name at least one class, got none")
        for name in self.names:
            if not name or name != name.strip():
                raise ValueError(f"label {name!r} is empty or has blanks around it")
            if any(character in name for character in FORBIDDEN):
                raise ValueError(f"label {name!r} holds a tab, a line end or a semicolon")
            if printable(name) != name:  # lists and pages would carry it to terminals; anyone can make a model
                raise ValueError(f"label {name!r} holds a control character")
        repeated = sorted(name for name, count in Counter(self.names).items() if count > 1)
        if repeated:
            raise ValueError(f"label {repeated[0]!r} is listed twice")

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, place: int | np.integer[Any]) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...

    def __getitem__(self, place: int | np.integer[Any] | slice) -> str | tuple[str, ...]:
        return self.names[place]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._indices or (isinstance(name, str) and one_spelling(name) in self._indices)

    @cached_property
    def _indices(self) -> dict[str, int]:
        names = {name: index for index, name in enumerate(self.names)}
        return {one_spelling(name): index for name, index in names.items()} | names

    @cached_property
    def _longest_first(self) -> Sequence[str]:
        return sorted(self._indices, key=len, reverse=True)

    def index(self, name: str) -> int:
        """Index of ``name``; raises :class:`UnknownLabelError`, with a suggestion, if it is not in the set."""
        if name in self:
            return self._indices[name if name in self._indices else one_spelling(name)]
        raise UnknownLabelError(self._complaint(name))

    def multi_hot(self, labels: Iterable[str]) -> np.ndarray:
        """Return a vector (K,) of float32 with 1 for each of ``labels`` and 0 elsewhere."""
        vector = np.zeros(len(self), dtype=np.float32)
        for label in labels:
            vector[self.index(label)] = 1.0
        return vector

    def split(self, joined: str) -> tuple[str, ...]:
        """Split comma-joined labels, although labels may contain commas: the longest match wins.

        Raises :class:`UnknownLabelError` for the first part that no label matches.

        >>> LabelSet(("Train", "Air horn, truck horn")).split("Air horn, truck horn,Train")
        ('Air horn, truck horn', 'Train')
        """
        found: list[str] = []
        rest = joined.strip()
        while rest:
            label = next((name for name in self._longest_first if _starts_with(rest, name)), None)
            if label is None:
                raise UnknownLabelError(self._complaint(rest.split(",")[0].strip()))
            name = self.names[self._indices[label]]
            if name not in found:
                found.append(name)
            rest = rest[len(label) :].lstrip().removeprefix(",").lstrip()
        return tuple(found)

    def _complaint(self, name: str) -> str:
        meant = did_you_mean(name, self.names) or f": {shortened(', '.join(self.names), _MOST_SHOWN)}"
        classes = "the one class" if len(self) == 1 else f"one of the {len(self)} classes"
        return f"label {shortened(name, _MOST_OF_A_LABEL)!r} is not {classes}{meant}"


def _starts_with(text: str, label: str) -> bool:
    """Whether ``text`` begins with ``label`` as a whole item of a comma-joined list."""
    return text.startswith(label) and text[len(label) :].lstrip()[:1] in ("", ",")
