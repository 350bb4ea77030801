import gzip
import io
import random
import tarfile
import time
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sedpipe.io.files.archives import (
    ArchiveError,
    ArchiveLimits,
    Unpacker,
    begins_as_archive,
    is_archive,
    read_members,
)

SOUND = b"sound" * 100


def zip_of(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tar_of(path: Path, mode: str, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for member in members:
            content = SOUND if member.isreg() else b""
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def unpacked(unpack: Unpacker) -> bytes:
    sink = io.BytesIO()
    unpack(sink)
    return sink.getvalue()


def contents(archive: Path) -> list[tuple[str, bytes]]:
    return [(name, unpacked(unpack)) for name, unpack in read_members(archive)]


def link(name: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd"
    return member


@pytest.mark.parametrize("packing", ["", "gz", "bz2", "xz"])
def test_only_regular_files_with_safe_names_are_read_from_a_tar(tmp_path: Path, packing: str) -> None:
    archive = tar_of(
        tmp_path / "audio.tar",
        f"w:{packing}",
        tarfile.TarInfo("audio/a.wav"),
        link("b.wav", tarfile.SYMTYPE),
        link("c.wav", tarfile.LNKTYPE),
        link("d.wav", tarfile.FIFOTYPE),
        tarfile.TarInfo("../e.wav"),
        tarfile.TarInfo("/f.wav"),
        tarfile.TarInfo("g.wav"),
    )
    assert contents(archive) == [("audio/a.wav", SOUND), ("g.wav", SOUND)]


def test_only_files_with_safe_names_are_read_from_a_zip(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "audio.zip", **{"audio/a.wav": SOUND, "../b.wav": b"evil", "/c.wav": b"evil"})
    assert contents(archive) == [("audio/a.wav", SOUND)]


NAMES = {
    "ESC-10\\001 - Dog\\a.wav": "ESC-10/001 - Dog/a.wav",
    ".\\b.wav": "b.wav",
    "./ESC-10/c.wav": "ESC-10/c.wav",
    ".//././d.wav": "d.wav",
    ".e.wav": ".e.wav",
    "f./g.wav": "f./g.wav",
    "..\\h.wav": None,
    "./../i.wav": None,
    "./\\j.wav": "j.wav",
    "\\\\server\\k.wav": None,
    "C:\\l.wav": None,
    ".\\C:\\m.wav": None,
    "a\\..\\..\\n.wav": None,
}
"""Names of members and the names under which they are read; None: the member is skipped."""


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_member_names_become_relative_paths_and_unsafe_ones_are_skipped(tmp_path: Path, kind: str) -> None:
    if kind == "zip":
        archive = zip_of(tmp_path / "audio.zip", **dict.fromkeys(NAMES, SOUND), **{"ESC-10\\": b"", "./": b""})
    else:
        folder = tarfile.TarInfo("./ESC-10")
        folder.type = tarfile.DIRTYPE
        archive = tar_of(tmp_path / "audio.tar", "w:gz", folder, *map(tarfile.TarInfo, NAMES))
    passed_over: list[str] = []
    found = [(name, unpacked(unpack)) for name, unpack in read_members(archive, pass_over=passed_over.append)]
    assert found == [(name, SOUND) for name in NAMES.values() if name is not None]
    assert len(passed_over) == sum(name is None for name in NAMES.values())


def test_skipped_links_and_pipes_are_reported_and_folders_are_not(tmp_path: Path) -> None:
    folder = tarfile.TarInfo("audio")
    folder.type = tarfile.DIRTYPE
    members = folder, link("b.wav", tarfile.SYMTYPE), tarfile.TarInfo("audio/a.wav"), link("d.wav", tarfile.FIFOTYPE)
    passed_over: list[str] = []
    list(read_members(tar_of(tmp_path / "audio.tar", "w", *members), pass_over=passed_over.append))
    assert passed_over == ["b.wav", "d.wav"]


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_member_that_is_too_big_is_refused_and_the_next_is_read(tmp_path: Path, kind: str) -> None:
    if kind == "zip":
        archive = zip_of(tmp_path / "audio.zip", bomb=bytes(10_000_000), good=SOUND)
    else:
        archive = tmp_path / "audio.tar.gz"
        with tarfile.open(archive, "w:gz") as opened:
            for name, content in (("bomb", bytes(10_000_000)), ("good", SOUND)):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                opened.addfile(member, io.BytesIO(content))
    found = {}
    for name, unpack in read_members(archive, ArchiveLimits(member_bytes=1_000_000)):
        if name == "bomb":
            with pytest.raises(ArchiveError, match="bomb"):
                unpacked(unpack)
        else:
            found[name] = unpacked(unpack)
    assert found == {"good": SOUND}


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"PK\x03\x04 and nothing more", b"\x1f\x8b\x08"])
def test_a_file_that_is_not_an_archive_gives_a_one_line_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "audio.zip").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"audio\.zip"):
        list(read_members(tmp_path / "audio.zip"))


def test_an_archive_with_too_many_members_is_refused(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "audio.zip", a=SOUND, b=SOUND, c=SOUND)
    with pytest.raises(ArchiveError, match="more than 2"):
        list(read_members(archive, ArchiveLimits(members=2)))


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.xz", "tar.bz2"])
def test_unpacking_a_decompression_bomb_stops_early(tmp_path: Path, kind: str) -> None:
    limits = ArchiveLimits(ratio=1, total_bytes=3_000_000)
    if kind == "zip":
        archive = zip_of(tmp_path / "bomb.zip", **{f"{n}.wav": bytes(1_000_000) for n in range(9)})
    else:
        archive = tmp_path / f"bomb.{kind}"
        with tarfile.open(archive, f"w:{kind[4:]}") as opened:  # type: ignore[call-overload]
            for n in range(9):
                member = tarfile.TarInfo(f"{n}.wav")
                member.size = 1_000_000
                opened.addfile(member, io.BytesIO(bytes(1_000_000)))
    assert archive.stat().st_size < 100_000
    got: list[str] = []
    with pytest.raises(ArchiveError, match=r"bomb.* unpacks to more than 3,000,000 bytes"):
        got.extend(name for name, unpack in read_members(archive, limits) if unpacked(unpack))
    assert 1 <= len(got) <= 3


def test_the_limit_on_unpacked_bytes_is_one_gibibyte_or_100_times_the_archive(tmp_path: Path) -> None:
    small = zip_of(tmp_path / "small.zip", a=SOUND)
    assert ArchiveLimits().unpacked_of(small) == 1 << 30
    with (tmp_path / "big.zip").open("wb") as file:
        file.truncate(1 << 30)
    assert ArchiveLimits().unpacked_of(tmp_path / "big.zip") == 100 << 30


@pytest.mark.parametrize("packing", ["", "gz", "bz2", "xz"])
def test_a_truncated_tar_is_read_up_to_the_break(tmp_path: Path, packing: str) -> None:
    rng = random.Random(0)
    archive = tmp_path / "audio.tar"
    with tarfile.open(archive, f"w:{packing}") as opened:  # type: ignore[call-overload]
        for n in range(3):
            member = tarfile.TarInfo(f"{n}.wav")
            member.size = 1_000_000
            opened.addfile(member, io.BytesIO(rng.randbytes(1_000_000)))
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) * 8 // 10])
    got: list[str] = []
    with pytest.raises(ArchiveError, match=r"cannot read the archive .*audio\.tar"):
        got.extend(name for name, unpack in read_members(archive) if unpacked(unpack))
    assert got in (["0.wav", "1.wav"], ["0.wav"])  # with bzip2 and xz, reading ends at the last whole block


def test_archives_are_distinguished_from_other_files(tmp_path: Path) -> None:
    assert is_archive(zip_of(tmp_path / "a", x=SOUND))
    assert is_archive(tar_of(tmp_path / "b", "w:xz", tarfile.TarInfo("x")))
    (tmp_path / "c").write_bytes(b"Rar!" * 100)
    assert not is_archive(tmp_path / "c")
    assert not is_archive(tmp_path)
    assert not is_archive(tmp_path / "nowhere")


def test_a_file_with_an_appended_zip_is_not_an_archive(tmp_path: Path) -> None:
    """LiteRT models contain their labels in this way; a reader of members would not find the start of an archive."""
    appended = zip_of(tmp_path / "labels.zip", labels=SOUND).read_bytes()
    (tmp_path / "model.tflite").write_bytes(b"\x1c\0\0\0TFL3" + appended)
    assert zipfile.is_zipfile(tmp_path / "model.tflite")
    assert not is_archive(tmp_path / "model.tflite")
    assert not begins_as_archive(tmp_path / "model.tflite")


@pytest.mark.parametrize("packing", ["", "gz", "bz2", "xz", "zip"])
def test_a_truncated_archive_is_still_recognised_by_its_beginning(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "a"
    whole = zip_of(path, x=SOUND) if packing == "zip" else tar_of(path, f"w:{packing}", tarfile.TarInfo("x"))
    assert begins_as_archive(whole)
    path.write_bytes(path.read_bytes()[: 270 if packing == "" else 40])
    assert begins_as_archive(path)
    path.write_bytes(b"text")
    assert not begins_as_archive(path)


@pytest.mark.parametrize("packing", ["", "gz", "zip"])
def test_the_size_of_a_member_is_known_before_it_is_unpacked(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "a"
    whole = zip_of(path, x=SOUND) if packing == "zip" else tar_of(path, f"w:{packing}", tarfile.TarInfo("x"))
    assert [(name, unpack.size) for name, unpack in read_members(whole)] == [("x", len(SOUND))]


def extended(content: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    """Return a tar archive of one empty file, preceded by an extended header with any content."""
    header = tarfile.TarInfo("x")
    header.type, header.size = kind, len(content)
    padded = content + bytes(-len(content) % 512)
    return header.tobuf(tarfile.GNU_FORMAT) + padded + tarfile.TarInfo("a.wav").tobuf() + bytes(1024)


@pytest.mark.parametrize(
    "content",
    [
        b"1" * 500_000,
        b"5 aaa" * 100_000 + b"5 a=\n",
        b"500000 comment=" + b"1" * 499_984 + b"\n",
        b"9 a=b\n",
        b"6 abc\n",
    ],
)
def test_an_invalid_extended_header_is_refused_without_quadratic_time(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(extended(content))
    begin = time.process_time()
    assert not is_archive(tmp_path / "a.tar")
    with pytest.raises(ArchiveError, match="an extended header"):
        contents(tmp_path / "a.tar")
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("packing", ["", "gz"])
def test_valid_extended_headers_are_read(tmp_path: Path, packing: str) -> None:
    names = ["V\u00f6gel/" + "x" * 300 + ".wav", "b.wav"]
    mode: Any = f"w:{packing}"
    with tarfile.open(tmp_path / "a", mode, format=tarfile.PAX_FORMAT, pax_headers={"comment": "\n1 2="}) as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(name))
    assert is_archive(tmp_path / "a")
    assert [name for name, _ in contents(tmp_path / "a")] == names


def test_recognising_an_archive_does_not_allocate_the_memory_that_its_header_claims(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.tar.gz", "wb", compresslevel=1) as file:
        file.write(extended(bytes(64 << 20), tarfile.GNUTYPE_LONGNAME))
    tracemalloc.start()
    try:
        assert not is_archive(tmp_path / "a.tar.gz")
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
