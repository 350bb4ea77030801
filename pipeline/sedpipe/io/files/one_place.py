"""Names that are the same file on a disk: some disks ignore case, some the two ways of encoding an accent.

- :class:`Disk`: which names a disk takes for the same
- :func:`disk_of`: the disk of a folder, determined by trying
- :func:`sharing`: files that would be the same
"""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sedpipe.io.files.atomic import cannot_write
from sedpipe.io.files.owners import temporary_name

_CAPITAL, _SMALL = "A", "a"
_COMPOSED, _DECOMPOSED = "\u00e9", "e\u0301"


@dataclass(frozen=True)
class Disk:
    """Rules by which a disk takes two names for the same.

    Parameters
    ----------
    ignores_case : bool
        Whether ``A`` and ``a`` are the same, as for macOS, Windows, exFAT and many network disks.
    ignores_form : bool
        Whether an accented letter and a letter followed by its accent are the same, as for macOS.
    """

    ignores_case: bool = False
    ignores_form: bool = False

    def key(self, name: str) -> str:
        """Return a key that is the same for all names of a file.

        >>> Disk(ignores_case=True).key("Owl/B.flac") == Disk(ignores_case=True).key("owl/b.flac")
        True
        """
        if self.ignores_form:
            name = unicodedata.normalize("NFC", name)
        return name.lower() if self.ignores_case else name


def disk_of(folder: Path) -> Disk:
    """Return the disk of a folder, which is created if needed, determined with two files in a temporary folder.

    Raises
    ------
    SedpipeError
        If nothing can be written there.
    """
    tried = folder / temporary_name()
    try:
        tried.mkdir(parents=True)
        for name in (_CAPITAL, _COMPOSED):
            (tried / name).touch()
        return Disk((tried / _SMALL).exists(), (tried / _DECOMPOSED).exists())
    except OSError as error:
        raise cannot_write(tried, error) from error
    finally:
        shutil.rmtree(tried, ignore_errors=True)


def sharing(names: Mapping[str, str], folder: Path) -> tuple[str, str] | None:
    """Return the first two keys whose files below a folder would be the same; None if there are none.

    The disk is tried only if it matters: if some names differ only in case or accents.

    Parameters
    ----------
    names : mapping of str to str
        Names of files, by any key.
    folder : Path
        Folder for the files.
    """
    if _first_two(names, Disk(ignores_case=True, ignores_form=True)) is None:
        return None
    return _first_two(names, disk_of(folder))


def _first_two(names: Mapping[str, str], disk: Disk) -> tuple[str, str] | None:
    first: dict[str, str] = {}
    for key, name in names.items():
        other = first.setdefault(disk.key(name), key)
        if other != key:
            return other, key
    return None
