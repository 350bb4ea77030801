"""Which names are one file on a disk: some disks know no capitals, some no two ways of writing an accent.

- :class:`Disk`: what a disk takes for the same name
- :func:`disk_of`: of a folder, by trying
- :func:`sharing`: files that would be one
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
    """What a disk takes for the same name.

    Parameters
    ----------
    ignores_case : bool
        ``A`` and ``a``, as macOS, Windows, exFAT and many network disks do.
    ignores_form : bool
        An accented letter and a letter with its accent after it, as macOS does.
    """

    ignores_case: bool = False
    ignores_form: bool = False

    def key(self, name: str) -> str:
        """The same for names that are one file.

        >>> Disk(ignores_case=True).key("Owl/B.flac") == Disk(ignores_case=True).key("owl/b.flac")
        True
        """
        if self.ignores_form:
            name = unicodedata.normalize("NFC", name)
        return name.lower() if self.ignores_case else name


def disk_of(folder: Path) -> Disk:
    """The disk that a folder lies on, which is made if need be; tried with two files of no name.

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
    """The first two keys whose files below a folder would be one; the disk is asked only if some are alike.

    Parameters
    ----------
    names : mapping of str to str
        Names of files, by whatever they are of.
    folder : Path
        Where they are to lie.
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
