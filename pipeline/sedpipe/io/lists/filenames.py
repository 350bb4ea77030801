"""File names in a list and the clips they stand for.

- :class:`ClipNames`: file name -> ``clip_id``, refusing two files for one clip
"""

from __future__ import annotations

from pathlib import Path

from sedpipe.clips import clip_id_of_filename
from sedpipe.io.lists.text import as_filename, complaint


class ClipNames:
    """The file names of one list; in different folders they must still be different clips.

    Parameters
    ----------
    path : Path
        The list, for complaints.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._clip_ids: dict[str, str] = {}
        self._filenames: dict[str, str] = {}

    def clip_id(self, number: int, filename: str) -> str:
        """``clip_id`` of ``filename``, found in line ``number``; a ``ListFormatError`` if the name cannot be used."""
        known = self._clip_ids.get(filename)
        if known is not None:
            return known
        normal = as_filename(self._path, number, filename)
        clip_id = clip_id_of_filename(normal)
        other = self._filenames.setdefault(clip_id, normal)
        if other != normal:
            raise complaint(self._path, number, filename, f"one file a clip, but {other!r} is clip {clip_id!r} too")
        self._clip_ids[filename] = clip_id
        return clip_id
