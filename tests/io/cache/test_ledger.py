import itertools
import multiprocessing
import random
import sqlite3
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sedpipe.errors import SedpipeError
from sedpipe.fates import STATES, Fate
from sedpipe.io.cache.ledger import (
    MOST_ATTEMPTS,
    Entry,
    Ledger,
    _sentences,
    is_due,
    read_ledgers,
    read_states,
    write_entries,
)
from sedpipe.shards import Shard


def fate(clip_id: str, state: str, **more: object) -> Fate:
    return Fate("training", clip_id, state, **more)  # type: ignore[arg-type]


def test_a_row_is_read_back_with_all_its_fields_even_while_the_ledger_is_open(tmp_path: Path) -> None:
    told = Fate("testing", "-a_b", "ok", "short", "9.1 s\tof 10", "webm opus", 9.1, 48_000, 2, "ab" * 32, "yt-dlp 1")
    with Ledger(tmp_path) as ledger:
        ledger.record(told)
        [(key, entry)] = read_ledgers(tmp_path).items()  # while it is being written
    assert (entry.fate, entry.attempts, key) == (told, 1, ("testing", "-a_b"))
    assert entry.last_try.endswith("+00:00")
    assert list(read_ledgers(tmp_path).values()) == [entry]


def test_attempts_are_counted_and_the_latest_fate_is_kept(tmp_path: Path) -> None:
    for state in ("pending", "retryable", "retryable", "pending", "ok"):
        with Ledger(tmp_path) as ledger:
            ledger.record(fate("a", state))
    entry = read_ledgers(tmp_path)["training", "a"]
    assert (entry.fate.state, entry.attempts) == ("ok", 3)


@pytest.mark.parametrize("order", [*itertools.permutations((1, 2, 3))])
@pytest.mark.parametrize(
    ("told", "counts"),
    [
        ((("gone", 1), ("retryable", 3), ("gone", 2)), ("retryable", 3)),
        ((("ok", 1), ("retryable", 3), ("gone", 2)), ("retryable", 3)),
        ((("ok", 1), ("ok", 2), ("gone", 3)), ("gone", 3)),
        ((("ok", 3), ("retryable", 3), ("gone", 3)), ("ok", 3)),
        ((("pending", 0), ("gone", 1), ("pending", 0)), ("gone", 1)),
    ],
)
def test_the_latest_entry_of_several_ledgers_counts_and_ok_wins_a_tie(
    tmp_path: Path, told: tuple[tuple[str, int], ...], counts: tuple[str, int], order: tuple[int, ...]
) -> None:
    for index, (state, day) in zip(order, told, strict=True):
        with Ledger(tmp_path, Shard(index, 3)) as ledger:
            ledger.record(fate("a", state))
        with closing(sqlite3.connect(tmp_path / f"ledger-{Shard(index, 3).suffix}.sqlite")) as connection, connection:
            connection.execute("UPDATE clips SET last_try = ?", (f"2026-01-0{day}" if day else "",))
    entry = read_ledgers(tmp_path)["training", "a"]
    assert (entry.fate.state, entry.last_try) == (counts[0], f"2026-01-0{counts[1]}")


def test_retryable_clips_are_due_for_five_attempts_gone_and_blocked_ones_never_and_others_always() -> None:
    assert MOST_ATTEMPTS == 5
    assert is_due(None)
    due = {
        (state, attempts) for state in STATES for attempts in range(8) if is_due(Entry(fate("a", state), attempts, ""))
    }
    always = {(state, attempts) for state in ("ok", "pending") for attempts in range(8)}
    assert due == always | {("retryable", attempts) for attempts in range(5)}


@pytest.mark.parametrize("asked", ["gone", "blocked", "all"])
def test_settled_clips_are_due_again_on_request(asked: str) -> None:
    due = {state for state in STATES if is_due(Entry(fate("a", state), MOST_ATTEMPTS, ""), [asked])}
    everything = set(STATES) if asked == "all" else {"ok", "pending", asked}
    assert due == everything


def test_a_ledger_creates_its_folder(tmp_path: Path) -> None:
    with Ledger(tmp_path / "cache" / "dataset") as ledger:
        ledger.record(fate("a", "ok"))
    assert len(read_ledgers(tmp_path / "cache" / "dataset")) == 1


@pytest.mark.parametrize("parts", [1, 3])
def test_read_states_matches_the_states_of_the_full_rows(tmp_path: Path, parts: int) -> None:
    dice = random.Random(parts)
    for index in range(1, parts + 1):
        with Ledger(tmp_path, Shard(index, parts) if parts > 1 else None) as ledger:
            for clip_id in "abcdef":
                ledger.record(fate(clip_id, dice.choice(["ok", "gone", "retryable", "pending"]), reason="told"))
    rows = read_ledgers(tmp_path)
    assert read_states(tmp_path) == {key: (row.fate.state, row.fate.reason) for key, row in rows.items()}
    assert len(rows) == 6


def test_a_second_writer_is_rejected_and_writers_of_other_shards_are_not(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        assert ledger.is_alone
        with pytest.raises(SedpipeError, match="another process is downloading"), Ledger(tmp_path):
            pass
        with Ledger(tmp_path, Shard(1, 2)):
            assert not ledger.is_alone
        assert ledger.is_alone
    with Ledger(tmp_path):
        pass


def test_clips_that_are_no_longer_listed_are_dropped(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        for clip_id in "abc":
            ledger.record(fate(clip_id, "gone"))
        ledger.keep_only({("training", "b"), ("training", "z")})
    assert set(read_ledgers(tmp_path)) == {("training", "b")}


def test_unlisted_clips_are_also_dropped_from_ledgers_that_are_not_in_use(tmp_path: Path) -> None:
    parts = [Shard(index, 3) for index in (1, 2, 3)]
    for part, clip_id in zip(parts, "abc", strict=True):
        with Ledger(tmp_path, part) as ledger:
            ledger.record(fate(clip_id, "gone"))
            ledger.record(fate(f"{clip_id} of old", "gone"))
    with Ledger(tmp_path, parts[0]) as first, Ledger(tmp_path, parts[1]) as second:
        kept = {("training", clip_id) for clip_id in "abc"}
        first.keep_only(kept)
        assert set(read_ledgers(tmp_path)) == kept | {("training", "b of old")}
        second.keep_only(kept)
    assert set(read_ledgers(tmp_path)) == kept


def test_an_unwritable_ledger_of_another_shard_is_left_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in (Shard(1, 2), Shard(2, 2)):
        with Ledger(tmp_path, part) as ledger:
            ledger.record(fate(f"{part.index} of old", "gone"))

    def refuse(path: Path) -> None:
        raise SedpipeError(f"cannot write {path}: Permission denied")

    monkeypatch.setattr("sedpipe.io.cache.ledger.hold_if_free", refuse)
    with Ledger(tmp_path, Shard(1, 2)) as ledger:
        ledger.keep_only(set())
    assert set(read_ledgers(tmp_path)) == {("training", "2 of old")}


def test_a_damaged_ledger_gives_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(SedpipeError, match="is damaged") as caught, Ledger(tmp_path):
        pass
    assert "delete it" in caught.value.hint
    with pytest.raises(SedpipeError, match="is damaged"):
        read_ledgers(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE clips SET state = 'lost'",
        "UPDATE clips SET last_try = x'00'",
        "UPDATE clips SET attempts = 'many'",
        "UPDATE clips SET message = CAST(x'ff' AS TEXT)",
        "ALTER TABLE clips DROP COLUMN reason",
        "DROP TABLE clips; CREATE TABLE clips (a)",
    ],
)
def test_a_ledger_with_wrong_columns_or_values_is_reported_as_damaged(tmp_path: Path, damage: str) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.record(fate("a", "gone"))
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        connection.executescript(damage)
    connection.close()
    with pytest.raises(SedpipeError, match=r"ledger\.sqlite is damaged: ") as caught:
        read_ledgers(tmp_path)
    assert len(caught.value.message) <= 300
    assert caught.value.message.isprintable()
    assert "delete it" in caught.value.hint


def sqlite_error(name: str) -> sqlite3.Error:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    "name",
    ["FULL", "IOERR_WRITE", "CANTOPEN", "READONLY", "PERM", "BUSY", "LOCKED", "NOMEM", "PROTOCOL", "AUTH"],
)
def test_errors_caused_by_the_disk_or_another_process_are_not_reported_as_damage(tmp_path: Path, name: str) -> None:
    failed = pytest.raises(SedpipeError, match=r"^cannot read or write .*: as SQLite says it$")
    with failed as caught, _sentences(tmp_path / "l"):
        raise sqlite_error(f"SQLITE_{name}")
    is_others = name in ("BUSY", "LOCKED", "PROTOCOL")
    assert ("another program" in caught.value.hint, "free some space" in caught.value.hint) == (
        is_others,
        not is_others,
    )


def test_a_ledger_locked_by_another_program_is_reported_as_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.record(fate("a", "gone"))
    monkeypatch.setattr("sedpipe.io.cache.ledger.sqlite3.connect", partial(sqlite3.connect, timeout=0))
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SedpipeError, match="database is locked") as caught:
            read_ledgers(tmp_path)
    assert caught.value.hint.startswith("another program has it open: wait")


@pytest.mark.parametrize("name", ["CORRUPT", "NOTADB", "ERROR", "MISMATCH"])
def test_content_that_sqlite_cannot_interpret_is_reported_as_damage(tmp_path: Path, name: str) -> None:
    with pytest.raises(SedpipeError, match="is damaged: as SQLite says it"), _sentences(tmp_path / "l"):
        raise sqlite_error(f"SQLITE_{name}")


def test_the_table_has_one_line_per_clip_whatever_its_message(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.record(fate("b", "gone", message="two\nlines\tand a tab"))
        ledger.record(fate("a", "ok"))
    write_entries(tmp_path / "clips.tsv", read_ledgers(tmp_path).values())
    lines = (tmp_path / "clips.tsv").read_text().splitlines()
    assert [line.split("\t")[:3] for line in lines[1:]] == [["training", "a", "ok"], ["training", "b", "gone"]]
    assert lines[2].split("\t")[4] == "two lines and a tab"
    assert {line.count("\t") for line in lines} == {12}


def test_the_table_contains_no_terminal_escapes_or_spreadsheet_formulas(tmp_path: Path) -> None:
    said = [fate("-a", "gone", message="=1+1"), fate("b", "gone", message="\x1b[2J"), fate("c", "gone", message="-1")]
    write_entries(tmp_path / "clips.tsv", [Entry(each, 1, "") for each in said])
    rows = [line.split("\t") for line in (tmp_path / "clips.tsv").read_text().splitlines()[1:]]
    assert [(row[1], row[4]) for row in rows] == [("-a", "'=1+1"), ("b", "\\x1b[2J"), ("c", "-1")]


def _write_for_ever(folder: Path) -> None:
    with Ledger(folder) as ledger:
        for number in range(100_000):
            ledger.record(fate(f"{number:06d}", "gone"))
            (folder / "written").write_text(str(number))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_every_recorded_row_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    moments = random.Random(0)
    for _ in range(6):
        (tmp_path / "written").write_text("-1")
        child = multiprocessing.get_context("fork").Process(target=_write_for_ever, args=(tmp_path,))
        child.start()
        while (tmp_path / "written").read_text() in ("", "-1"):
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 0.1))
        child.kill()
        child.join()
        written = int((tmp_path / "written").read_text() or 0)
        entries = read_ledgers(tmp_path)
        assert all(("training", f"{number:06d}") in entries for number in range(written + 1))
        with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
