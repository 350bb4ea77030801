"""The units that are damaged and read: a file in a folder with the function that reads it, or a command line.

- :class:`Surface`: one such unit; :class:`Told`: how reading it ended
- :class:`Ground`: the folder, intact except for the file that is damaged
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path

import torch
from sedpipe.errors import SedpipeError
from sedpipe.printable import printable

from fuzz.mutations import damaged

MOST_OF_A_MESSAGE = 300


@dataclass(frozen=True)
class Surface:
    """One kind of file or command.

    Parameters
    ----------
    name : str
    path : Path, optional
        Path of the file below the folder; None if no file is damaged and ``read`` itself uses the seed.
    read : callable
        Function that reads the file, in that folder, and returns the result. It takes the seed, None for intact files.
    is_text : bool
        Whether the file is damaged as text instead of as bytes.
    is_slow : bool
        Whether reading takes more than a twentieth of a second; such a surface gets fewer inputs.
    """

    name: str
    path: Path | None
    read: Callable[[str | None], object]
    is_text: bool = True
    is_slow: bool = False


@dataclass(frozen=True)
class Told:
    """How reading ended: ``read``, ``refused``, or a fault: ``traceback``, ``long`` or ``unprintable``."""

    outcome: str
    said: str
    place: str = ""

    @property
    def is_fine(self) -> bool:
        """Whether the outcome is acceptable."""
        return self.outcome in ("read", "refused")


def of_file(
    name: str, path: Path | str, read: Callable[[], object], *, is_text: bool = True, is_slow: bool = False
) -> Surface:
    """Return the surface of a file and the function that reads it."""
    return Surface(name, Path(path), lambda _: read(), is_text, is_slow)


def judged(message: str) -> Told:
    """Return the outcome of an error message, which must be short and printable."""
    if len(message) > MOST_OF_A_MESSAGE:
        return Told("long", message)
    if printable(message) != message:
        return Told("unprintable", message)
    return Told("refused", message)


def fallen(error: BaseException) -> Told:
    """Return the outcome of an exception that was not caught."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return Told("traceback", f"{type(error).__name__}: {error}"[:200], f"{frame.filename}:{frame.lineno}")


class Ground:
    """A folder in which one file after the other is damaged, read and restored.

    Parameters
    ----------
    folder : Path
        Folder with intact files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamps = dict(_files_below(str(folder)))
        self._whole = {path: Path(path).read_bytes() for path in self._stamps}

    def told(self, surface: Surface, seed: str | None) -> Told:
        """Damage a surface's file, read it, and undo both the damage and whatever reading has written.

        Without a seed, the file stays intact.
        """
        with self._mended(), _in(self._folder):
            if surface.path is not None and seed is not None:
                path = self._folder / surface.path
                path.write_bytes(damaged(self._whole[str(path)], seed, is_text=surface.is_text))
            try:
                said = surface.read(seed)
            except SedpipeError as error:
                return judged(error.message)
            except Exception as error:
                return fallen(error)
            return said if isinstance(said, Told) else Told("read", repr(said))

    @contextmanager
    def _mended(self) -> Iterator[None]:
        try:
            yield
        finally:
            there = dict(_files_below(str(self._folder)))
            for path in there.keys() - self._stamps.keys():
                os.unlink(path)
            for path, stamp in self._stamps.items():
                if there.get(path) != stamp:
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    Path(path).write_bytes(self._whole[path])
                    self._stamps[path] = _stamp(os.stat(path))


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _files_below(folder: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the paths of all files with a stamp that shows changes; this runs for every input."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files_below(entry.path)
            else:
                yield entry.path, _stamp(entry.stat(follow_symlinks=False))


@contextmanager
def _in(folder: Path) -> Iterator[None]:
    there = Path.cwd()
    os.chdir(folder)
    torch.set_num_threads(1)
    try:
        with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
            yield
    finally:
        os.chdir(there)
