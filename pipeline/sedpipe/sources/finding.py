"""Listed recordings -> files: as they are called, or as only one file can be meant.

- :func:`find_listed`: names -> :class:`Found`
- :class:`Found`: where each lies, and what no list has
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sedpipe.errors import SettingsError
from sedpipe.io.audio.find import find_audio
from sedpipe.io.lists.known_names import KnownNames
from sedpipe.io.lists.text import has_control_characters


@dataclass(frozen=True)
class Found:
    """Files of listed recordings.

    Parameters
    ----------
    files : dict of str to str
        File below the folder, by listed name; the name itself, or one that differs in its extension, in how accents
        are written, or in folders before it, if only one can be meant. A recording that is not here is missing.
    others : list of str
        Audio files below the folder that are none of these.
    suggestions : dict of str to str
        `` (did you mean ...?)`` of a missing recording, where there is something like it.
    """

    files: dict[str, str]
    others: list[str] = field(default_factory=list)
    suggestions: dict[str, str] = field(default_factory=dict)

    @property
    def n_renamed(self) -> int:
        """Recordings that were found under a name written a little differently."""
        return sum(name != file for name, file in self.files.items())


def find_listed(folder: Path, names: Sequence[str]) -> Found:
    """Where recordings lie.

    Parameters
    ----------
    folder : Path
        Names start from it.
    names : sequence of str
        Relative paths with ``/``, as a list has them.
    """
    files = _audio_below(folder)
    there = set(files)
    # a name that only a link or another suffix keeps out of the search is one all the same
    found = {name: name for name in names if name in there or os.path.isfile(folder / name)}
    by_name = set(found.values())
    left = [file for file in files if file not in by_name]
    known = KnownNames(left)
    renamed = known.find_all(name for name in names if name not in found)
    found |= renamed
    taken = set(renamed.values())
    missing = [name for name in names if name not in found]
    suggestions = {name: known.suggestion(name) for name in missing[:_SUGGESTED]}
    return Found(found, [file for file in left if file not in taken], suggestions)


_SUGGESTED = 10  # looking for what is alike takes long where thousands are missing


def _audio_below(folder: Path) -> list[str]:
    """Files whose names a list could hold."""
    try:
        files = [file.name for file in find_audio([folder], all_of_it=True).files] if os.path.isdir(folder) else []
    except SettingsError:  # it holds no audio
        return []
    return [name for name in files if not has_control_characters(name)]
