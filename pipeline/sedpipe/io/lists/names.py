"""Names of recordings from those of lists: a list that names no recording is about the one with the same name.

- :func:`recording_of_list`: ``a.txt``, ``a.wav.tsv``, ``a.Table.1.selections.txt`` -> the recording
- :data:`LIST_SUFFIXES`: extensions of files that may be lists
"""

from __future__ import annotations

import re

LIST_SUFFIXES = (".tsv", ".csv", ".txt", ".tab", ".json")

_OF_OTHERS = re.compile(
    r"(\.table\.\d+)?\.selections?|\.birdnet(\.selection\.table|\.results)?|[._ -](labels?|annotations?|events?)",
    re.IGNORECASE,
)


def recording_of_list(name: str) -> str:
    """Return the name of a list's recording, from the list's file name; with an extension if that contains one.

    >>> [recording_of_list(name) for name in ("a.txt", "b.wav.tsv", "c.Table.1.selections.txt", "d_labels.txt")]
    ['a', 'b.wav', 'c', 'd']
    """
    suffix = next((suffix for suffix in LIST_SUFFIXES if name.lower().endswith(suffix)), "")
    bare = name[: len(name) - len(suffix)]
    ending = next((found for found in _OF_OTHERS.finditer(bare) if found.end() == len(bare)), None)
    return bare[: ending.start()] if ending and ending.start() else bare
