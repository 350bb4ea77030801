"""Which of the recordings that are known a list means by a name: lists of one set often differ in folders and endings.

- :class:`KnownNames`: names that are known; finds the one that is meant
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from sedpipe.clips import clip_id_of_filename
from sedpipe.suggestions import did_you_mean


class KnownNames:
    """Recordings by their names.

    Parameters
    ----------
    names : iterable of str
        Relative paths with ``/``, with or without extension.

    Examples
    --------
    >>> known = KnownNames(["site 1/a.wav", "site 2/a.wav", "site 2/b.WAV"])
    >>> known.find("/data/site 2/a.flac"), known.find("b"), known.find("a.wav")
    ('site 2/a.wav', 'site 2/b.WAV', None)
    >>> KnownNames(["a.flac", "site 1/a.wav"]).find("a")
    'a.flac'
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)
        self._exact = set(self._names)
        self._by_last: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name in self._names:
            parts = _parts(name)
            self._by_last.setdefault(parts[-1], []).append((parts, name))

    def find(self, name: str) -> str | None:
        """The only recording that ``name`` can mean; None where there is none, or more than one."""
        if name in self._exact:
            return name
        meant = self.candidates(name)
        return meant[0] if len(meant) == 1 else None

    def candidates(self, name: str) -> list[str]:
        """Recordings of this file name, extension aside; with folders, only those that end in the same ones.

        Of several, one whose whole path is the same is meant, unless another has the extension that ``name`` asks for.
        """
        parts = _parts(name)
        agreeing: dict[int, list[tuple[tuple[str, ...], str]]] = {}
        for known, path in self._by_last.get(parts[-1], []):
            agreeing.setdefault(_agreement(parts, known), []).append((known, path))
        best = agreeing[max(agreeing)] if agreeing else []
        whole = [path for known, path in best if known == parts]
        others = [path for known, path in best if known != parts]
        if len(whole) == 1 and not any(_file_name(path) == _file_name(name) for path in others):
            return whole
        return [path for _, path in best]

    def suggestion(self, name: str) -> str:
        """`` (did you mean ...?)`` for a name that means none of them."""
        return did_you_mean(name, self._names)


def _file_name(path: str) -> str:
    return unicodedata.normalize("NFC", path).replace("\\", "/").rpartition("/")[2].casefold()


def _parts(name: str) -> tuple[str, ...]:
    """Folders and the file name without extension, accents written in one way."""
    path = unicodedata.normalize("NFC", name).replace("\\", "/")
    *folders, last = [part for part in path.split("/") if part not in ("", ".")] or [""]
    return *folders, clip_id_of_filename(last)


def _agreement(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    """How many parts at the end are the same."""
    return next(
        (n for n, (x, y) in enumerate(zip(reversed(a), reversed(b), strict=False)) if x != y), min(len(a), len(b))
    )
