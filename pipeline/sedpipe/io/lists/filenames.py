"""File names in a list and the clips they stand for.

- :func:`clip_ids_of`: file name -> ``clip_id``; two files for one clip are refused
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sedpipe.clips import clip_id_of_filename, clip_id_of_path
from sedpipe.io.lists.annotations import Annotation
from sedpipe.io.lists.text import as_filename, complaint


def clip_ids_of(rows: Iterable[Annotation], *, by_path: bool = False) -> dict[str, str]:
    """Return the clip that each file name of a list stands for.

    Folders count only if the list has the same name in several of them, since programs often write folders that others
    leave out.

    Parameters
    ----------
    rows : iterable of Annotation
        Rows of one list.
    by_path : bool
        Whether folders always count, as in lists that sedpipe writes.

    Raises
    ------
    ListFormatError
        If a name cannot be used, or two files stand for the same clip.
    """
    first: dict[str, Annotation] = {}
    for row in rows:
        first.setdefault(row.filename, row)
    normal = {filename: as_filename(row.path, row.line, filename) for filename, row in first.items()}
    names = set(normal.values())
    has_same_names = len({clip_id_of_filename(name) for name in names}) < len({clip_id_of_path(name) for name in names})
    clip_id_of = clip_id_of_path if by_path or has_same_names else clip_id_of_filename
    return _distinct(first, normal, clip_id_of)


def _distinct(first: dict[str, Annotation], normal: dict[str, str], clip_id_of: Callable[[str], str]) -> dict[str, str]:
    found: dict[str, str] = {}
    owner: dict[str, str] = {}
    for filename, name in normal.items():
        found[filename] = clip_id = clip_id_of(name)
        other = owner.setdefault(clip_id, name)
        if other != name:
            row = first[filename]
            expected = f"one file a clip, but {other!r} is clip {clip_id!r} too"
            raise complaint(row.path, row.line, row.filename, expected)
    return found
