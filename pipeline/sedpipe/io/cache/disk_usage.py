"""List the contents of the cache, and free space; no symlink is ever followed.

- :class:`CacheItem`: features made with one set of parameters, the audio of a split, a run, a leftover
- :func:`cache_items`: all items; :func:`places`: the folders that contain them
- :func:`free`: delete an item, unless a process is writing it
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sedpipe.errors import SedpipeError
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.runs import Run
from sedpipe.io.files.locks import hold
from sedpipe.io.files.owners import IN_WORK_S, TEMPORARY_PREFIX, is_abandoned, temporary_name
from sedpipe.io.files.reading import entries, names_in

KINDS = ("features", "audio", "run", "leftover")
UNKNOWN = "unknown"
"""Kind of a folder that may not be read: it may contain anything, and is never freed."""


@dataclass(frozen=True)
class CacheItem:
    """One thing that can be freed.

    Parameters
    ----------
    name : str
        Path below the cache, which is also the item's name in commands.
    kind : str
        One of ``KINDS``, or ``UNKNOWN``.
    dataset : str
    bytes, files : int
        Size and number of the files that deleting it removes; symlinks are not followed, and audio that also exists
        elsewhere (hard links) counts as 0 bytes, since deleting it frees nothing.
    last_use : str
        Time (UTC) at which one of its files was last read or changed, as exactly as the disk records it. Its locks do
        not count, since checking whether they are held touches them.
    parameters : dict
        Parameters of features.
    link : str
        Target, if the item is a symlink, which is shown but never deleted.
    unreadable : str
        A folder in it that may not be read, and why, if there is one: then the item is larger than it seems, and is
        never deleted.
    """

    name: str
    kind: str
    dataset: str
    bytes: int
    files: int
    last_use: str
    parameters: dict[str, Any] = field(default_factory=dict)
    link: str = ""
    unreadable: str = ""


def cache_items(root: Path, dataset: str | None = None) -> list[CacheItem]:
    """Return everything that can be freed, in the order of dataset and kind."""
    items = []
    for folder in _folders(root):
        if dataset not in (None, folder.name):
            continue
        try:
            is_dataset = "dataset.json" in names_in(folder)
        except SedpipeError:  # perhaps another user's; the other folders can still be listed
            items.append(_item(root, folder, UNKNOWN, folder.name))
            continue
        if is_dataset:
            items += [_item(root, path, kind, folder.name) for kind, path in _parts(folder)]
    return items


def _parts(folder: Path) -> Iterator[tuple[str, Path]]:
    for kind, place in (("features", "features"), ("audio", "audio"), ("run", "runs")):
        if (folder / place).is_symlink():
            yield kind, folder / place
            continue
        for path in entries(folder / place, "*"):
            yield "leftover" if path.name.startswith(TEMPORARY_PREFIX) else kind, path
    for path in entries(folder, f"{TEMPORARY_PREFIX}*"):
        yield "leftover", path


def places(root: Path) -> list[Path]:
    """Return the folders that contain items, without symlinks."""
    found = (folder / name for folder in _folders(root) for name in (".", "features", "audio", "runs"))
    return [path for path in found if os.path.isdir(path) and not os.path.islink(path)]


def _folders(folder: Path) -> list[Path]:
    """Return the real folders in a folder, without symlinks to folders."""
    return [path for path in entries(folder, "*") if path.is_dir() and not path.is_symlink()]


def _item(root: Path, path: Path, kind: str, dataset: str) -> CacheItem:
    n_bytes, n_files, uses = 0, 0, list[float]()
    unreadable: list[str] = []
    for file, status in _file_statuses(path, unreadable):
        n_bytes += status.st_size if status.st_nlink == 1 else 0
        n_files += 1
        uses += [] if _is_lock(file) else [status.st_mtime, status.st_atime]
    name = path.relative_to(root).as_posix()
    last_use = datetime.fromtimestamp(max(uses, default=path.lstat().st_mtime), UTC)
    told = last_use.isoformat(timespec="seconds")
    link = os.readlink(path) if path.is_symlink() else ""
    parameters = _parameters(path) if kind == "features" and not link and not unreadable else {}
    return CacheItem(name, kind, dataset, n_bytes, n_files, told, parameters, link, "; ".join(unreadable[:1]))


def _is_lock(name: str) -> bool:
    return name.endswith(".lock")


def _file_statuses(path: Path, unreadable: list[str]) -> Iterator[tuple[str, os.stat_result]]:
    """Yield name and status of all files below a path, without symlinks and files that vanish meanwhile.

    Messages about folders that may not be read are added to ``unreadable``.
    """

    def remember(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            unreadable.append(f"cannot read {error.filename}: {error.strerror}")

    if path.is_symlink():
        return
    if not path.is_dir():
        yield path.name, path.lstat()
        return
    for folder, _, names in os.walk(path, onerror=remember):  # does not follow links
        for name in names:
            try:
                status = os.lstat(os.path.join(folder, name))
            except FileNotFoundError:
                continue
            if not os.path.islink(os.path.join(folder, name)):
                yield name, status


def _parameters(folder: Path) -> dict[str, Any]:
    for store in entries(folder, "[!.]*.h5"):
        before = store.stat()
        file = FeatureFile(store)
        try:
            return dict(file.parameters)
        except SedpipeError:  # damaged: its parameters are unknown, but it can still be freed
            continue
        finally:
            file.close()
            with suppress(OSError):  # listing an item does not count as using it
                os.utime(store, ns=(before.st_atime_ns, before.st_mtime_ns))
    return {}


def free(root: Path, item: CacheItem) -> None:
    """Delete an item; it is renamed first, so that an interruption never leaves a part of it in its place.

    Raises
    ------
    SedpipeError
        If the item is a symlink or is behind one, a process is writing it, a part of it may not be read, or deleting
        it fails.
    """
    path = root / item.name
    _refuse_links(root, path, item)
    if item.unreadable:  # only a part of it could be deleted
        raise SedpipeError(item.unreadable, hint="ask its owner, or give your user permission to read and write it")
    with ExitStack() as held, _told(path):
        # looked up before its locks are taken, since that may create them in its folder
        last_write = max(_writes(path), default=path.lstat().st_mtime)
        for lock in _locks(root, path, item):
            held.enter_context(hold(lock, f"writing {item.name}", hint="delete it when that has finished"))
        _refuse_work_in_progress(path, item, last_write)
        aside = path.with_name(temporary_name())
        os.rename(path, aside)
        if aside.is_dir():
            shutil.rmtree(aside)  # does not follow links
        else:
            aside.unlink()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SedpipeError(f"cannot delete {path}: {error.strerror or error}") from error


def _refuse_links(root: Path, path: Path, item: CacheItem) -> None:
    for place in (path, *path.parents):
        if place == root:
            return
        if place.is_symlink():
            raise SedpipeError(
                f"{item.name} is a link to {os.readlink(place)}, or is behind one",
                hint="delete its target yourself, if it is yours",
            )


def _locks(root: Path, path: Path, item: CacheItem) -> list[Path]:
    """Return the locks of all processes that may be writing the item."""
    if item.kind == "features":
        return [path / "features.lock", *entries(path, "features-*.lock"), path / "merge.lock"]
    if item.kind == "run" and path.is_dir():
        return [Run(path).lock_path, Run(path).results_lock_path]
    return entries(root / item.dataset, "ledger*.lock") if item.kind == "audio" else []


def _is_finished(run: Run) -> bool:
    try:
        return run.is_finished
    except SedpipeError:  # a damaged run can be freed like an unfinished one
        return False


def _writes(path: Path) -> Iterator[float]:
    """Yield the times at which the files below a path were written, without its locks."""
    return (status.st_mtime for name, status in _file_statuses(path, []) if not _is_lock(name))


def _refuse_work_in_progress(path: Path, item: CacheItem, last_write: float) -> None:
    """Raise if a process may be working on an item without a lock, as its name or its times show."""
    if item.kind == "leftover" and not is_abandoned(path):
        raise SedpipeError(
            f"a process is writing {item.name} or did so within the last hour", hint="delete it when that has finished"
        )
    is_unfinished = item.kind == "run" and not _is_finished(Run(path))
    if is_unfinished and time.time() - max([last_write, *_writes(path)]) < IN_WORK_S:
        raise SedpipeError(
            f"{item.name} was written to less than an hour ago and is not finished",
            hint="if no process is working on it, delete it later, or delete the folder yourself",
        )
