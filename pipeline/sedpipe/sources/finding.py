"""Listed recordings -> files: found by their name, or by a similar one if only one file can be meant.

- :func:`find_listed`: names -> :class:`Found`
- :class:`Found`: the file of each recording, and files that are not listed
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
        File below the folder, by listed name: the name itself, or one that differs in its extension, in how accents
        are encoded, or in the folders before it, if only one file can be meant. A recording that has none is missing.
    others : list of str
        All other audio files below the folder.
    suggestions : dict of str to str
        `` (did you mean ...?)`` for a missing recording, if there is a similar name.
    """

    files: dict[str, str]
    others: list[str] = field(default_factory=list)
    suggestions: dict[str, str] = field(default_factory=dict)

    @property
    def n_renamed(self) -> int:
        """Number of recordings that were found under a slightly different name."""
        return sum(name != file for name, file in self.files.items())


def find_listed(folder: Path, names: Sequence[str]) -> Found:
    """Find the files of recordings.

    Parameters
    ----------
    folder : Path
        Folder that the names are relative to.
    names : sequence of str
        Relative paths with ``/``, as in a list.
    """
    files = _audio_below(folder)
    there = set(files)
    # the search leaves out links and unusual suffixes, but a listed file that exists counts all the same
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


_SUGGESTED = 10  # the search for similar names takes long if thousands of recordings are missing


def _audio_below(folder: Path) -> list[str]:
    """Return the audio files whose names a list can contain."""
    try:
        files = [file.name for file in find_audio([folder], all_of_it=True).files] if os.path.isdir(folder) else []
    except SettingsError:  # the folder contains no audio
        return []
    return [name for name in files if not has_control_characters(name)]
