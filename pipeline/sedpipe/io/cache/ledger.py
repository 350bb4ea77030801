"""The ledger of a download: what became of each clip, so that no clip is tried needlessly.

It is an SQLite file in the folder of the dataset, with one row per clip. Each ``--shard i/n`` has a ledger of its own;
all of them are read as one. Whether the audio of a clip exists is decided by the audio files alone: the ledger records
what else is known.

- :class:`Ledger`: a ledger, written by one process at a time
- :class:`Entry`: the row of a clip
- :func:`read_ledgers`: all ledgers of a dataset as one; :func:`read_states`: only the two columns that are counted
- :func:`is_due`: whether a clip should be tried again
- :func:`write_entries`: write the rows as a table
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from sedpipe.errors import SedpipeError
from sedpipe.fates import STATES, Fate
from sedpipe.io.files.atomic import write_text
from sedpipe.io.files.locks import hold, hold_if_free, is_held
from sedpipe.io.files.reading import entries, opened, unreadable
from sedpipe.io.records.reading import damaged
from sedpipe.printable import printable, shortened, spreadsheet_cell
from sedpipe.shards import Shard

MOST_ATTEMPTS = 5
"""Number of attempts for a clip that is ``retryable``; after that only ``--retry all`` tries it again."""

_DOING = "downloading this dataset, or this part of it"
_ONE_AT_A_TIME = "wait until it has finished, or give each process a part with --shard"

Key = tuple[str, str]
"""Split and ``clip_id``."""

_FATE = tuple(field.name for field in fields(Fate))
_COLUMNS = (*_FATE, "attempts", "last_try")
_TYPES = {"duration": "REAL", "sample_rate": "INTEGER", "channels": "INTEGER", "attempts": "INTEGER"}
_IN_PYTHON: dict[str, tuple[type, ...]] = {"TEXT": (str,), "REAL": (int, float), "INTEGER": (int,)}
_OF_THE_DISK = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_NOMEM",
                "SQLITE_AUTH")  # fmt: skip
_OF_OTHERS = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")
_HINTS = {
    _OF_THE_DISK: "free some space, or choose another folder with --cache",
    _OF_OTHERS: "another program has it open: wait until that has finished, then run the same command again",
}
_TYPED = ", ".join(f"{name} {_TYPES.get(name, 'TEXT')} NOT NULL" for name in _COLUMNS)
_TABLE = f"CREATE TABLE IF NOT EXISTS clips ({_TYPED}, PRIMARY KEY (split, clip_id)) WITHOUT ROWID"
_PUT = (
    f"INSERT INTO clips ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "
    f"ON CONFLICT DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _FATE[2:])}, "
    "attempts = clips.attempts + excluded.attempts, "
    "last_try = CASE excluded.last_try WHEN '' THEN clips.last_try ELSE excluded.last_try END"
)


@dataclass(frozen=True)
class Entry:
    """The row of a clip: its fate, how often it was tried, and when last (UTC, ISO 8601)."""

    fate: Fate
    attempts: int
    last_try: str


class Ledger:
    """A ledger, open for writing; to be used in a ``with`` block.

    A row is on disk as soon as it is recorded. No write-ahead log is used, since it needs shared memory, which network
    disks lack.

    Parameters
    ----------
    folder : Path
        Folder of the dataset.
    shard : Shard, optional
        Shard that the ledger is for, if several processes share the work.

    Raises
    ------
    SedpipeError
        If another process is writing this ledger, or it cannot be read or written; raised on entering the block.
    """

    def __init__(self, folder: Path, shard: Shard | None = None) -> None:
        self.path = folder / ("ledger.sqlite" if shard is None else f"ledger-{shard.suffix}.sqlite")
        self._held = ExitStack()

    def __enter__(self) -> Ledger:
        with ExitStack() as held:
            held.enter_context(hold(_lock_of(self.path), _DOING, _ONE_AT_A_TIME))
            with _sentences(self.path):
                self._connection = held.enter_context(closing(sqlite3.connect(self.path)))
                self._connection.execute(_TABLE)
                self._connection.commit()
            self._held = held.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def record(self, fate: Fate) -> None:
        """Write what became of a clip; unless it is ``pending``, this counts as one more attempt."""
        self.record_all([fate])

    def record_all(self, fates: Iterable[Fate]) -> None:
        """Write what became of many clips, in one transaction."""
        with _sentences(self.path):
            self._connection.executemany(_PUT, map(_row, fates))
            self._connection.commit()

    def keep_only(self, keys: Collection[Key]) -> None:
        """Delete clips that are no longer listed, also from the ledgers of other shards that no process is writing."""
        with _sentences(self.path):
            _keep_only(self._connection, keys)
        for path in entries(self.path.parent, "ledger*.sqlite"):
            if path == self.path or all(row[:2] in keys for row in _rows(path, ("split", "clip_id", "state"))):
                continue
            # another user's ledger may be read-only: that does no harm, since clips that are not listed never count
            with suppress(SedpipeError), hold_if_free(_lock_of(path)) as is_ours:
                if is_ours:  # otherwise the process that writes it clears it when it starts
                    with _sentences(path), closing(sqlite3.connect(path)) as connection:
                        _keep_only(connection, keys)

    @property
    def is_alone(self) -> bool:
        """Whether no other process is downloading this dataset at this moment."""
        own = _lock_of(self.path)
        return not any(is_held(path) for path in entries(self.path.parent, "ledger*.lock") if path != own)


def read_ledgers(folder: Path) -> dict[Key, Entry]:
    """Read the rows of all ledgers of a dataset, even while other processes are writing them.

    If several ledgers have a row for a clip, the latest counts; among rows of the same second, one that is ``ok``.

    Raises
    ------
    SedpipeError
        If a ledger is damaged or cannot be read.
    """
    rows = _merged(folder, _COLUMNS)
    return {key: Entry(Fate(*row[: len(_FATE)]), *row[len(_FATE) :]) for key, row in rows.items()}


def read_states(folder: Path) -> dict[Key, tuple[str, str]]:
    """Read state and reason of each clip: the same as :func:`read_ledgers` reads, in a fraction of the time."""
    rows = _merged(folder, ("split", "clip_id", "state", "last_try", "reason"))
    return {key: (state, reason) for key, (_, _, state, _, reason) in rows.items()}


def is_due(entry: Entry | None, retry: Collection[str] = ()) -> bool:
    """Return whether a clip without audio should be tried.

    Parameters
    ----------
    entry : Entry, optional
        Row of the clip; None if there is none.
    retry : collection of str
        Values of ``RETRY``: final states whose clips should be tried all the same.

    >>> gone = Entry(Fate("training", "a", "gone"), attempts=1, last_try="")
    >>> is_due(gone), is_due(gone, ["gone"])
    (False, True)
    """
    if entry is None or "all" in retry or entry.fate.state in ("ok", "pending"):
        return True
    if entry.fate.state == "retryable":
        return entry.attempts < MOST_ATTEMPTS
    return entry.fate.state in retry


def write_entries(path: Path, entries: Iterable[Entry]) -> None:
    """Write rows as a table with a header line; tabs and line ends within a message become spaces."""
    lines = ["\t".join(_COLUMNS)]
    for entry in sorted(entries, key=lambda entry: (entry.fate.split, entry.fate.clip_id)):
        fate = replace(entry.fate, message=spreadsheet_cell(entry.fate.message))  # may be any text from a server
        values = [*(getattr(fate, name) for name in _FATE), entry.attempts, entry.last_try]
        lines.append("\t".join(printable(" ".join(str(value).split())) for value in values))
    write_text(path, "\n".join(lines) + "\n")


def _row(fate: Fate) -> tuple[str | int | float, ...]:
    tried = fate.state != "pending"
    now = datetime.now(UTC).isoformat(timespec="seconds") if tried else ""
    return (*(getattr(fate, name) for name in _FATE), int(tried), now)


def _merged(folder: Path, columns: Sequence[str]) -> dict[Key, tuple[Any, ...]]:
    """Return some columns, the first two of which are the key, of the row that counts for each clip."""
    paths = entries(folder, "ledger*.sqlite")
    state, last_try = columns.index("state"), columns.index("last_try")
    merged: dict[Key, tuple[Any, ...]] = {}
    for path in paths:
        for row in _rows(path, columns):
            other = merged.get(row[:2]) if len(paths) > 1 else None
            if other is None or (row[last_try], row[state] == "ok") >= (other[last_try], other[state] == "ok"):
                merged[row[:2]] = row
    return merged


def _rows(path: Path, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    with _sentences(path), closing(sqlite3.connect(path)) as connection:
        is_new = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'clips'").fetchone()[0] == 0
        rows = [] if is_new else connection.execute(f"SELECT {', '.join(columns)} FROM clips").fetchall()
    # SQLite stores values of any type in any column
    types = [_IN_PYTHON[_TYPES.get(name, "TEXT")] for name in columns]
    state = columns.index("state")
    for row in rows:
        if not all(type(value) in kinds for value, kinds in zip(row, types, strict=True)) or row[state] not in STATES:
            raise _damaged(path, f"found the row {shortened(printable(repr(row)), 100)}")
    return rows


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


def _keep_only(connection: sqlite3.Connection, keys: Collection[Key]) -> None:
    known = connection.execute("SELECT split, clip_id FROM clips").fetchall()
    others = [key for key in known if key not in keys]
    connection.executemany("DELETE FROM clips WHERE split = ? AND clip_id = ?", others)
    connection.commit()


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:  # UnicodeDecodeError: from the text of SQLite's own message
        _check_readable(path)  # SQLite does not say why it cannot open a file
        name = getattr(error, "sqlite_errorname", "")  # Python's own error about invalid text has no name
        for names, hint in _HINTS.items():
            if name.startswith(names):
                raise SedpipeError(f"cannot read or write {path}: {error}", hint=hint) from error
        raise _damaged(path, str(error)) from error


def _check_readable(path: Path) -> None:
    try:
        opened(path).close()
    except FileNotFoundError:
        return
    except OSError as error:
        raise unreadable(path, error) from error


def _damaged(path: Path, what: str) -> SedpipeError:
    again = "delete it and run the same command again: existing audio is kept, failed clips are tried again"
    return damaged(path, what, again)
