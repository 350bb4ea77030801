"""Reproducible draw of a share of recordings, with about that share of each class, keeping groups whole.

- :func:`drawn`: the recordings that are drawn, the same for the same recordings
- :func:`groups_by_name`, :func:`groups_by_column`: groups of recordings that must stay together
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from sedpipe.errors import ListFormatError
from sedpipe.io.lists.columns import roles_of
from sedpipe.io.lists.known_names import KnownNames
from sedpipe.io.lists.recordings import Recording
from sedpipe.io.lists.tables import read_table
from sedpipe.io.lists.text import complaint
from sedpipe.suggestions import did_you_mean

BY_FOLDER = "folder"
BY_PREFIX = "prefix"

_NOTHING = ""  # stands for recordings in which no class sounds, of which a share is wanted as for any class


def drawn(recordings: Sequence[Recording], share: float, groups: Mapping[str, str]) -> set[str]:
    """Return the file names of about ``share`` of the recordings.

    Parameters
    ----------
    recordings : sequence of Recording
        The recordings, in any order.
    share : float in (0, 1)
        Share of the recordings of each class, and of those in which no class sounds.
    groups : mapping of str to str
        Group by file name; a recording without one is a group of its own.

    Returns
    -------
    set of str
        File names of whole groups, at least one and not all of them; empty if there are fewer than two groups.

    Notes
    -----
    Classes are processed from the rarest to the commonest, and groups in the order of the checksums of their names. A
    group is taken if that brings the counts of all classes closer to the wanted counts, relative to the latter. So
    adding or removing a recording moves few others. After K. Sechidis, G. Tsoumakas and I. Vlahavas, "On the
    Stratification of Multi-Label Data" (ECML PKDD 2011), without their random choices.
    """
    counts: dict[str, Counter[str]] = {}
    for recording in recordings:
        group = groups.get(recording.filename) or f"\0{recording.filename}"
        counts.setdefault(group, Counter()).update(recording.labels or [_NOTHING])
    # sorted, since sums of floats depend on their order, and the order of the recordings must not matter
    wanted = {label: share * n for label, n in sorted(sum(counts.values(), Counter[str]()).items())}
    order = sorted(counts, key=lambda group: hashlib.sha256(group.encode("utf-8", "surrogateescape")).digest())
    if len(order) < 2:
        return set()
    taken = _taken(order, counts, wanted) or {min(order, key=lambda group: _distance(counts[group], wanted))}
    if len(taken) == len(order):
        taken.discard(order[-1])
    return {
        recording.filename
        for recording in recordings
        if (groups.get(recording.filename) or f"\0{recording.filename}") in taken
    }


def _taken(order: Sequence[str], counts: Mapping[str, Counter[str]], wanted: Mapping[str, float]) -> set[str]:
    taken: set[str] = set()
    there: Counter[str] = Counter()
    for label in sorted(wanted, key=lambda label: (wanted[label], label)):
        for group in order:
            if there[label] >= wanted[label]:
                break
            if group in taken or not counts[group][label]:
                continue
            if _distance(there + counts[group], wanted) < _distance(there, wanted):
                taken.add(group)
                there += counts[group]
    return taken


def _distance(there: Mapping[str, int], wanted: Mapping[str, float]) -> float:
    return sum(((there.get(label, 0) - n) / max(n, 1.0)) ** 2 for label, n in wanted.items())


def groups_by_name(filenames: Sequence[str], rule: str) -> dict[str, str] | None:
    """Return groups by file name if ``rule`` is a rule about names, else None.

    Parameters
    ----------
    filenames : sequence of str
        File names with ``/`` between folders.
    rule : str
        ``folder``, or ``prefix`` and the mark that ends it (``prefix_``); the mark alone is enough.

    Examples
    --------
    >>> groups_by_name(["a/p1_x.wav", "b/p1_y.wav", "b/z.wav"], "prefix_")
    {'a/p1_x.wav': 'p1', 'b/p1_y.wav': 'p1', 'b/z.wav': ''}
    >>> groups_by_name(["a/x.wav", "b/y.wav"], "folder")
    {'a/x.wav': 'a', 'b/y.wav': 'b'}
    """
    if rule == BY_FOLDER:
        return {name: str(PurePosixPath(name).parent) for name in filenames}
    mark = rule.removeprefix(BY_PREFIX)
    if not mark or any(letter.isalnum() for letter in mark):
        return None
    stems = {name: PurePosixPath(name).stem for name in filenames}
    return {name: stem.split(mark, 1)[0] if mark in stem else "" for name, stem in stems.items()}


def groups_by_column(path: Path, column: str, filenames: Sequence[str]) -> dict[str, str]:
    """Return groups by file name, from a column of a list.

    Raises
    ------
    ListFormatError
        If the list is a folder, has no such column or none with file names, the column is empty, or a file is in two
        groups.
    """
    if path.is_dir():
        raise ListFormatError(f"{path} is a folder of lists, which has no column {column!r}")
    table = read_table(path)
    names = [name.casefold() for name in table.columns]
    roles = roles_of(table.columns)
    if column.casefold() not in names or "filename" not in roles:
        found = ", ".join(map(repr, table.header)) or "no header"
        raise ListFormatError(
            f"{path}: found {found}, expected the column {column!r}{did_you_mean(column, table.header)}",
            hint="group names a column of the weak list, or says prefix_ (names that begin alike) or folder",
        )
    place, of_name = names.index(column.casefold()), roles["filename"][0]
    of_row: dict[str, str] = {}
    for row, cells in table.rows:
        if len(cells) > max(place, of_name):
            name, group = cells[of_name].strip().replace("\\", "/"), cells[place].strip()
            known = of_row.get(name, "")
            of_row[name] = known or group
            if group and known and group != known:
                raise complaint(path, row, f"{column} {group!r} for {name!r}", f"{known!r}, as in an earlier row")
    if not any(of_row.values()):
        raise ListFormatError(
            f"{path}: the column {column!r} is empty",
            hint="fill it in, name another column, or leave group out of the TOML",
        )
    return {filename: of_row[name] for name, filename in KnownNames(filenames).find_all(of_row).items()}
