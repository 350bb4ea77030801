import hashlib
import os
from pathlib import Path

import pytest
from sedpipe.io.cache.audio_checksums import AudioChecksums, AudioStamp


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    path = tmp_path / "a.flac"
    path.write_bytes(b"sound")
    os.utime(path, ns=(3, 7))
    return path


def test_a_stamp_is_size_time_and_sha256(audio: Path) -> None:
    assert AudioStamp.of(audio) == (5, 7, hashlib.sha256(b"sound").hexdigest())


def test_the_checksum_of_an_unchanged_file_is_found_even_after_reloading_the_table(tmp_path: Path, audio: Path) -> None:
    first = AudioChecksums(tmp_path / "sums.tsv")
    assert first.find("a", 5, 7) is None
    first.note("a", AudioStamp.of(audio))
    first.save(["a"])
    for checksums in (first, AudioChecksums(tmp_path / "sums.tsv")):
        assert checksums.find("a", 5, 7) == hashlib.sha256(b"sound").hexdigest()
        assert checksums.find("a", 6, 7) is checksums.find("a", 5, 8) is checksums.find("b", 5, 7) is None
        assert checksums.sizes() == {5}


def test_clips_that_are_no_longer_listed_are_dropped(tmp_path: Path) -> None:
    checksums = AudioChecksums(tmp_path / "sums.tsv")
    for clip_id in "ab":
        checksums.note(clip_id, AudioStamp(1, 2, "c"))
    checksums.save(["b", "unknown"])
    assert (tmp_path / "sums.tsv").read_text() == "b\t1\t2\tc\n"


def test_an_unchanged_table_is_not_written_again(tmp_path: Path, audio: Path) -> None:
    table = tmp_path / "sums.tsv"
    checksums = AudioChecksums(table)
    checksums.note("a", AudioStamp.of(audio))
    checksums.save(["a"])
    os.utime(table, ns=(5, 5))
    AudioChecksums(table).save(["a"])
    assert table.stat().st_mtime_ns == 5


def test_saving_the_same_entries_twice_writes_the_table_once(tmp_path: Path, audio: Path) -> None:
    table = tmp_path / "sums.tsv"
    checksums = AudioChecksums(table)
    checksums.note("a", AudioStamp.of(audio))
    checksums.save(["a"])
    os.utime(table, ns=(5, 5))
    checksums.note("a", AudioStamp.of(audio))
    checksums.save(["a"])
    assert table.stat().st_mtime_ns == 5


def test_a_truncated_table_is_rewritten(tmp_path: Path) -> None:
    table = tmp_path / "sums.tsv"
    table.write_text("a\t1\t2\tc\nb\t1")
    AudioChecksums(table).save(["a", "b"])
    assert table.read_text() == "a\t1\t2\tc\n"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\t1\n", b"a\tone\t2\tabc\n", b"a\t1\t2\t3\t4\n"])
def test_a_damaged_table_is_ignored_and_rewritten(tmp_path: Path, audio: Path, content: bytes) -> None:
    table = tmp_path / "sums.tsv"
    table.write_bytes(content)
    checksums = AudioChecksums(table)
    assert checksums.find("a", 5, 7) is None
    checksums.note("a", AudioStamp.of(audio))
    checksums.save(["a"])
    assert table.read_text().startswith("a\t5\t7\t")
