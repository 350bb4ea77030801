"""Input and result of an importer.

- :class:`Folder`: recordings and label files below a folder
- :class:`Findings`: recordings with their labels and events
- :func:`look_into`: a folder -> :class:`Folder`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sedpipe.errors import SettingsError
from sedpipe.io.audio.find import find_audio
from sedpipe.io.lists.read import lists_below
from sedpipe.io.lists.recordings import Recording


@dataclass(frozen=True)
class Folder:
    """A folder and its content.

    Parameters
    ----------
    path : Path
        The folder.
    recordings : tuple of str
        Paths of audio files below it, with ``/`` between folders, in order.
    lists : tuple of Path
        Files below it that may be lists.
    """

    path: Path
    recordings: tuple[str, ...]
    lists: tuple[Path, ...]


@dataclass(frozen=True)
class Findings:
    """Result of an importer.

    Parameters
    ----------
    story : str
        How the folder is organised, for display: ``recordings with label files``.
    recordings : tuple of Recording
        Recordings about which something is known, in the order of their names.
    remarks : tuple of str
        What was guessed or left out, in sentences.
    settings : mapping of str to float
        Settings that suit the dataset (``clip_s``, ``sample_rate``), if the importer knows them.
    """

    story: str
    recordings: tuple[Recording, ...]
    remarks: tuple[str, ...] = ()
    settings: Mapping[str, float] = field(default_factory=dict)


def look_into(path: Path) -> Folder:
    """Return the recordings and lists below a folder, without hidden ones.

    Raises
    ------
    SettingsError
        If ``path`` is not a folder, or contains no recording.
    """
    if not path.is_dir():
        raise SettingsError(f"{path} is not a folder", hint="name the folder of the recordings")
    found = find_audio([path], all_of_it=True)
    return Folder(path, tuple(file.name for file in found.files), tuple(lists_below(path)))
