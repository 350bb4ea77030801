import hashlib
import os
from pathlib import Path

import pytest

from pipeline.io import audio_checksums
from pipeline.io.audio_checksums import AudioChecksums, sha256_of


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read, in order."""
    paths: list[Path] = []

    def noted(path: Path) -> str:
        paths.append(path)
        return sha256_of(path)

    monkeypatch.setattr(audio_checksums, "sha256_of", noted)
    return paths


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    path = tmp_path / "a.flac"
    path.write_bytes(b"sound")
    return path


def test_checksum_is_the_sha256_of_the_bytes(tmp_path: Path, audio: Path) -> None:
    assert AudioChecksums(tmp_path / "sums.tsv").of("a", audio) == hashlib.sha256(b"sound").hexdigest()


def test_an_unchanged_file_is_read_once_even_by_the_next_process(
    tmp_path: Path, audio: Path, reads: list[Path]
) -> None:
    first = AudioChecksums(tmp_path / "sums.tsv")
    assert first.of("a", audio) == first.of("a", audio)
    first.save()
    AudioChecksums(tmp_path / "sums.tsv").of("a", audio)
    assert reads == [audio]


def test_a_changed_size_or_time_is_looked_into(tmp_path: Path, audio: Path, reads: list[Path]) -> None:
    checksums = AudioChecksums(tmp_path / "sums.tsv")
    checksums.of("a", audio)
    os.utime(audio, ns=(1, 1))
    assert checksums.of("a", audio) == hashlib.sha256(b"sound").hexdigest()
    audio.write_bytes(b"noise!")
    os.utime(audio, ns=(1, 1))
    assert checksums.of("a", audio) == hashlib.sha256(b"noise!").hexdigest()
    assert len(reads) == 3


def test_an_unchanged_table_is_not_written_again(tmp_path: Path, audio: Path) -> None:
    table = tmp_path / "sums.tsv"
    for _ in range(2):
        checksums = AudioChecksums(table)
        checksums.of("a", audio)
        checksums.save()
        os.utime(table, ns=(5, 5)) if table.stat().st_mtime_ns != 5 else None
    assert table.stat().st_mtime_ns == 5


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\t1\n", b"a\tone\t2\tabc\n", b"a\t1\t2\t3\t4\n"])
def test_a_damaged_table_costs_work_and_nothing_else(tmp_path: Path, audio: Path, content: bytes) -> None:
    table = tmp_path / "sums.tsv"
    table.write_bytes(content)
    checksums = AudioChecksums(table)
    assert checksums.of("a", audio) == hashlib.sha256(b"sound").hexdigest()
    checksums.save()
    assert table.read_text().startswith("a\t5\t")
