import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from pipeline.errors import SedpipeError
from pipeline.io.archives import ArchiveLimits, read_members

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


def link(name: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd"
    return member


@pytest.mark.parametrize("packing", ["", "gz", "bz2", "xz"])
def test_plain_files_of_a_tar_are_read_and_nothing_else(tmp_path: Path, packing: str) -> None:
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
    assert [(name, load()) for name, load in read_members(archive)] == [("audio/a.wav", SOUND), ("g.wav", SOUND)]


def test_plain_files_of_a_zip_are_read_and_nothing_else(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "audio.zip", **{"audio/a.wav": SOUND, "../b.wav": b"evil", "/c.wav": b"evil"})
    assert [(name, load()) for name, load in read_members(archive)] == [("audio/a.wav", SOUND)]


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
    for name, load in read_members(archive, ArchiveLimits(member_bytes=1_000_000)):
        if name == "bomb":
            with pytest.raises(SedpipeError, match="bomb"):
                load()
        else:
            found[name] = load()
    assert found == {"good": SOUND}


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"PK\x03\x04 and nothing more", b"\x1f\x8b\x08"])
def test_what_is_no_archive_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "audio.zip").write_bytes(content)
    with pytest.raises(SedpipeError, match=r"audio\.zip"):
        list(read_members(tmp_path / "audio.zip"))


def test_an_archive_of_too_many_members_is_refused(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "audio.zip", a=SOUND, b=SOUND, c=SOUND)
    with pytest.raises(SedpipeError, match="more than 2"):
        list(read_members(archive, ArchiveLimits(members=2)))
