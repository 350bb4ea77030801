"""File names in a list and the clips they stand for.

- :class:`ClipNames`: file name -> ``clip_id``, refusing two files for one clip
"""

from __future__ import annotations

from sedpipe.clips import clip_id_of_filename
from sedpipe.io.lists.annotations import Annotation
from sedpipe.io.lists.text import as_filename, complaint


class ClipNames:
    """The file names of one list; in different folders they must still be different clips."""

    def __init__(self) -> None:
        self._clip_ids: dict[str, str] = {}
        self._filenames: dict[str, str] = {}

    def clip_id(self, row: Annotation) -> str:
        """``clip_id`` of the row's recording; a ``ListFormatError`` if its name cannot be used."""
        known = self._clip_ids.get(row.filename)
        if known is not None:
            return known
        normal = as_filename(row.path, row.line, row.filename)
        clip_id = clip_id_of_filename(normal)
        other = self._filenames.setdefault(clip_id, normal)
        if other != normal:
            expected = f"one file a clip, but {other!r} is clip {clip_id!r} too"
            raise complaint(row.path, row.line, row.filename, expected)
        self._clip_ids[row.filename] = clip_id
        return clip_id
