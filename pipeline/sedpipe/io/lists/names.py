"""Which recording a list is about, where nothing in it says so: the one that is called as the list is.

- :func:`recording_of_list`: ``a.txt``, ``a.wav.tsv``, ``a.Table.1.selections.txt`` -> the recording
- :data:`LIST_SUFFIXES`: how files that may be lists end
"""

from __future__ import annotations

import re

LIST_SUFFIXES = (".tsv", ".csv", ".txt", ".tab", ".json")

_OF_OTHERS = re.compile(
    r"(\.table\.\d+)?\.selections?|\.birdnet(\.selection\.table|\.results)?|[._ -](labels?|annotations?|events?)",
    re.IGNORECASE,
)


def recording_of_list(name: str) -> str:
    """File name of a list -> name of its recording, with the extension if the list has it.

    >>> [recording_of_list(name) for name in ("a.txt", "b.wav.tsv", "c.Table.1.selections.txt", "d_labels.txt")]
    ['a', 'b.wav', 'c', 'd']
    """
    suffix = next((suffix for suffix in LIST_SUFFIXES if name.lower().endswith(suffix)), "")
    bare = name[: len(name) - len(suffix)]
    ending = next((found for found in _OF_OTHERS.finditer(bare) if found.end() == len(bare)), None)
    return bare[: ending.start()] if ending and ending.start() else bare
