"""Match names in a list to known recordings: lists of one dataset often differ in folders and file extensions.

- :class:`KnownNames`: the known recordings; finds the one that a name means, or those that the names of a list mean
- :func:`agreement`: how many parts at the end of two paths are the same
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from sedpipe.clips import clip_id_of_filename
from sedpipe.labels import one_spelling
from sedpipe.suggestions import did_you_mean


class KnownNames:
    """Known recordings, found by name.

    Parameters
    ----------
    names : iterable of str
        Relative paths of the recordings with ``/``, with or without extension.

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
        # sorted by reversed parts, names that agree in most of them are adjacent: many recordings may share a name
        self._from_the_end = sorted((_parts(name)[::-1], place) for place, name in enumerate(self._names))
        self._whole = {parts for parts, _ in self._from_the_end}

    def find(self, name: str) -> str | None:
        """Return the only recording that ``name`` can mean; None if there is no such recording, or more than one."""
        if name in self._exact:
            return name
        parts = _parts(name)[::-1]
        first, end = self._agreeing_most(parts)
        if end - first > 1 and parts not in self._whole:
            return None
        meant = self.candidates(name)
        return meant[0] if len(meant) == 1 else None

    def find_all(self, names: Iterable[str], *, spellings: bool = False) -> dict[str, str]:
        """Return the recording that each name of one list means; two names never mean the same recording.

        If several names can only mean the same recording, the nearest name gets it: the one that agrees in more
        folders, then in its whole path, then in its extension, then in every letter; if two are equally near, neither
        gets it. The other names mean recordings that are not known: ``site2/a.wav`` in a list that also has
        ``site1/a.wav`` is not the latter.

        With ``spellings``, a name that a list writes in several ways means the same recording each time: ``a.wav``,
        ``./a.wav`` and ``a``, but not ``a.mp3``.

        >>> known = KnownNames(["site1/a.wav", "b.wav"])
        >>> known.find_all(["site2/a.wav", "site1/a.wav", "audio/b.wav"])
        {'site1/a.wav': 'site1/a.wav', 'audio/b.wav': 'b.wav'}
        >>> known.find_all(["site2/a.wav"])
        {'site2/a.wav': 'site1/a.wav'}
        >>> known.find_all(["b", "./b.wav", "b.mp3"], spellings=True)
        {'b': 'b.wav', './b.wav': 'b.wav'}
        """
        asking: dict[str, list[str]] = {}
        for name in dict.fromkeys(names):
            meant = self.find(name)
            if meant is not None:
                asking.setdefault(meant, []).append(name)
        found: dict[str, str] = {}
        for meant, of_one in asking.items():
            nearness = [_nearness(name, meant) for name in of_one]
            most = max(nearness)
            nearest = [name for name, near in zip(of_one, nearness, strict=True) if near == most]
            if spellings and all(_parts(name) == _parts(nearest[0]) for name in nearest):
                nearest = [name for name in of_one if _is_spelling(name, nearest[0])]
                found |= dict.fromkeys(nearest, meant)
            elif len(nearest) == 1:
                found[nearest[0]] = meant
        return found

    def candidates(self, name: str) -> list[str]:
        """Return the recordings with this file name, ignoring extensions, that agree in the most folders before it.

        If there are several, one whose whole path is the same is meant, unless another has the extension of ``name``.
        """
        parts = _parts(name)[::-1]
        first, end = self._agreeing_most(parts)
        best = sorted((place, known == parts) for known, place in self._from_the_end[first:end])
        whole = [self._names[place] for place, is_whole in best if is_whole]
        others = [self._names[place] for place, is_whole in best if not is_whole]
        if len(whole) == 1 and not any(_file_name(path) == _file_name(name) for path in others):
            return whole
        return [self._names[place] for place, _ in best]

    def _agreeing_most(self, parts: tuple[str, ...]) -> tuple[int, int]:
        """Return begin and end of the recordings that agree with ``parts``, last part first, in the most parts."""
        at = bisect_left(self._from_the_end, (parts,))
        n_same = max((_n_same(parts, known) for known, _ in self._from_the_end[max(0, at - 1) : at + 1]), default=0)
        if n_same == 0:
            return 0, 0
        ends = [
            bisect(self._from_the_end, parts[:n_same], key=lambda entry: entry[0][:n_same])
            for bisect in (bisect_left, bisect_right)
        ]
        return ends[0], ends[1]

    def suggestion(self, name: str) -> str:
        """Return `` (did you mean ...?)`` for a name that means none of the recordings."""
        return did_you_mean(name, self._names)


def agreement(a: str, b: str) -> int:
    """Return how many parts at the end of two paths are the same, ignoring the extensions of the files.

    >>> agreement("site 1/a.wav", "/data/site 1/a.flac"), agreement("site 1/a.wav", "site 2/a.wav")
    (2, 1)
    """
    return _agreement(_parts(a), _parts(b))


def _file_name(path: str) -> str:
    return one_spelling(path).replace("\\", "/").rpartition("/")[2].casefold()


def _parts(name: str) -> tuple[str, ...]:
    """Return folders and the file name without extension, with accents spelled in one way.

    Blanks around the file name are removed, too: readers of lists strip them, although a file may have such a name.
    """
    path = one_spelling(name).replace("\\", "/")
    *folders, last = [part for part in path.split("/") if part not in ("", ".")] or [""]
    return *folders, clip_id_of_filename(last.strip())


def _is_spelling(name: str, other: str) -> bool:
    """Return whether two names differ only in how they are written; ``name`` may lack the extension."""
    return _parts(name) == _parts(other) and _extension(name) in ("", _extension(other))


def _extension(name: str) -> str:
    file_name = _file_name(name)
    return file_name[len(clip_id_of_filename(file_name)) :]


def _nearness(name: str, known: str) -> tuple[int, bool, bool, bool]:
    a, b = _parts(name), _parts(known)
    return _agreement(a, b), a == b, _file_name(name) == _file_name(known), name == known


def _agreement(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    """How many parts at the end are the same."""
    return _n_same(a[::-1], b[::-1])


def _n_same(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    """How many parts at the beginning are the same."""
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
