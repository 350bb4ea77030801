import hashlib
import io
import re
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from conftest import Web
from rights import unreadable
from sedpipe.errors import SedpipeError
from sedpipe.sources.recordings import MOST_BYTES_A_RECORDING, RecordingShelf, open_shelf

DOG, RAIN = "001 - Dog bark/1-a.ogg", "002 - Rain/1-b.ogg"
CONTENT = {DOG: b"dog" * 100, RAIN: b"rain" * 100}
ANY_ARCHIVE = "http://127.0.0.1:1/never-asked.zip"


def checksum_of(name: str) -> str:
    return hashlib.sha256(CONTENT[name]).hexdigest()


def zipped(path: Path, members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def open_here(tmp_path: Path, places: Sequence[str | Path], archive_url: str = ANY_ARCHIVE) -> RecordingShelf:
    return open_shelf(list(CONTENT), checksum_of, archive_url, [str(place) for place in places], tmp_path / "sources")


def found(shelf: RecordingShelf) -> list[str]:
    usable = shelf.usable(CONTENT)
    assert all(path.read_bytes() == CONTENT[name] for name, path in usable.items())
    return list(usable)


def written(folder: Path, members: Mapping[str, bytes]) -> Path:
    for name, content in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("top", ["", "ESC-10-master/"])
def test_recordings_are_found_in_the_folder_or_in_a_subfolder(tmp_path: Path, top: str) -> None:
    folder = written(tmp_path / "mine", {top + name: content for name, content in CONTENT.items()})
    assert found(open_here(tmp_path, [folder])) == [DOG, RAIN]
    assert not (tmp_path / "sources").exists()


def test_several_places_complement_each_other_and_the_first_intact_copy_is_used(tmp_path: Path) -> None:
    first = written(tmp_path / "first", {DOG: b"damaged"})
    second = written(tmp_path / "second", {DOG: CONTENT[DOG]})
    third = zipped(tmp_path / "third.zip", CONTENT)
    assert found(open_here(tmp_path, [first, second])) == [DOG]
    usable = open_here(tmp_path, [first, second, third]).usable(CONTENT)
    assert usable[DOG] == second / DOG
    assert usable[RAIN].read_bytes() == CONTENT[RAIN]


def test_damaged_and_missing_recordings_are_reported_by_name(tmp_path: Path) -> None:
    shelf = open_here(tmp_path, [written(tmp_path / "mine", {DOG: b"damaged"})])
    assert shelf.complaints(CONTENT, shelf.usable(CONTENT)) == [
        f"{tmp_path / 'mine' / DOG} is damaged (its sha256 is not the listed one)",
        f"recording {RAIN!r} was not found",
    ]
    empty = open_here(tmp_path, [written(tmp_path / "empty", {"note": b""})])
    assert empty.complaints(CONTENT, {}) == [f"recording {DOG!r} and 1 more was not found"]
    assert empty.complaints(CONTENT, {DOG: Path(), RAIN: Path()}) == []


def test_a_recording_without_read_permission_is_not_reported_as_damaged(tmp_path: Path) -> None:
    folder = written(tmp_path / "mine", CONTENT)
    with unreadable(folder / DOG):
        shelf = open_here(tmp_path, [folder])
        assert found(shelf) == [RAIN]
        lines = shelf.complaints(CONTENT, shelf.usable(CONTENT))
    assert lines == [f"{folder / DOG} cannot be read (Permission denied)"]


@pytest.mark.parametrize("tops", [("original/", "resampled/"), ("resampled/", "original/")])
def test_the_intact_one_of_two_copies_in_an_archive_is_used(tmp_path: Path, tops: tuple[str, str]) -> None:
    content = {"original/": CONTENT[DOG], "resampled/": b"another one"}
    archive = zipped(tmp_path / "two.zip", {top + DOG: content[top] for top in tops})
    assert found(open_here(tmp_path, [archive])) == [DOG]


@pytest.mark.parametrize("top", ["", "./", "ESC-10-553c8f1/", "./ESC-10/", ".\\ESC-10\\"])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_only_the_listed_recordings_are_unpacked_from_an_archive(tmp_path: Path, top: str, compression: int) -> None:
    members = {
        top + name: content for name, content in {**CONTENT, "README.md": b"x", "003 - Wind/1-c.ogg": b"y"}.items()
    }
    archive = zipped(tmp_path / "esc.zip", members, compression)
    assert found(open_here(tmp_path, [archive])) == [DOG, RAIN]
    assert files_below(tmp_path / "sources") == [f"recordings/{DOG}", f"recordings/{RAIN}"]


def test_members_with_path_traversal_are_not_written_outside_the_cache(tmp_path: Path) -> None:
    hostile = {
        f"../{DOG}": CONTENT[DOG],
        f"/{RAIN}": CONTENT[RAIN],
        f"a/../../{DOG}": CONTENT[DOG],
        "../../evil": b"evil",
        "/tmp/evil": b"evil",
    }
    before = files_below(tmp_path)
    shelf = open_here(tmp_path, [zipped(tmp_path / "evil.zip", hostile)])
    assert set(files_below(tmp_path)) - set(before) <= {
        "evil.zip",
        f"sources/recordings/{DOG}",
        f"sources/recordings/{RAIN}",
    }
    assert set(found(shelf)) <= set(CONTENT)  # a member is used only if its bytes are right


def test_a_recording_that_claims_to_be_huge_is_not_unpacked(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "bomb.zip", {DOG: b"\0" * (MOST_BYTES_A_RECORDING + 1)})
    with pytest.raises(SedpipeError, match=rf"bomb\.zip: '{DOG}' claims {MOST_BYTES_A_RECORDING + 1:,} bytes, more"):
        open_here(tmp_path, [archive])
    assert files_below(tmp_path) == ["bomb.zip"]


def with_claimed_size(archive: Path, size: int) -> None:
    """Let every member claim to unpack to ``size`` bytes."""
    content = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = content.find(signature)
        while place >= 0:
            content[place + offset : place + offset + 4] = struct.pack("<I", size)
            place = content.find(signature, place + 4)
    archive.write_bytes(content)


@pytest.mark.parametrize("size", [1, 2**32 - 2])
def test_a_false_claimed_size_gives_a_one_line_error(tmp_path: Path, size: int) -> None:
    archive = zipped(tmp_path / "liar.zip", {DOG: CONTENT[DOG]})
    with_claimed_size(archive, size)
    with pytest.raises(SedpipeError, match=r"liar\.zip: '.*' (claims 4,294,967,294 bytes|claims 1 bytes)|Bad CRC"):
        open_here(tmp_path, [archive])
    assert files_below(tmp_path) == ["liar.zip"]


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_archive_gives_a_one_line_error_or_its_intact_recordings(tmp_path: Path, compression: int) -> None:
    whole = zipped(tmp_path / "whole.zip", CONTENT, compression).read_bytes()
    damaged = tmp_path / "damaged.zip"
    complaints = set()
    for place in range(0, len(whole), 4):
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            found(open_here(tmp_path / str(place), [damaged]))
        except SedpipeError as error:
            complaints.add(re.split("[:,] ", error.message)[0])
    assert complaints <= {
        f"cannot read the archive {damaged}",
        f"{damaged} is neither a folder nor a zip or tar archive",
        f"{damaged}",
    }
    assert f"cannot read the archive {damaged}" in complaints


def test_recordings_that_are_already_unpacked_are_not_unpacked_again(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "esc.zip", CONTENT)
    open_here(tmp_path, [archive])
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "sources").rglob("*.ogg")}
    (tmp_path / "sources" / "recordings" / RAIN).unlink()
    open_here(tmp_path, [archive])
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "sources").rglob("*.ogg")}
    assert [path.name for path in times if after[path] != times[path]] == ["1-b.ogg"]


def test_a_file_that_is_not_an_archive_gives_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "esc.rar").write_bytes(b"Rar!" * 100)
    with pytest.raises(SedpipeError, match=r"^.*esc\.rar is neither a folder nor a zip or tar archive$") as caught:
        open_here(tmp_path, [tmp_path / "esc.rar"])
    assert caught.value.hint == "unpack it and name the folder"


def test_a_missing_place_gives_a_one_line_error(tmp_path: Path) -> None:
    with pytest.raises(SedpipeError, match=r"^--from .*nowhere: there is no such folder or archive$"):
        open_here(tmp_path, [tmp_path / "nowhere"])


def test_the_public_archive_is_fetched_once_if_no_place_is_named(tmp_path: Path, web: Web) -> None:
    zipped(web.folder / "esc.zip", {f"top/{name}": content for name, content in CONTENT.items()})
    url, said = f"{web.url}/esc.zip", list[str]()
    for _ in range(2):
        shelf = open_shelf(list(CONTENT), checksum_of, url, [], tmp_path / "sources", say=said.append)
        assert found(shelf) == [DOG, RAIN]
    assert web.asked == ["/esc.zip"]
    assert said == [f"fetching the recordings: {url}"]


def test_the_address_of_a_mirror_is_accepted_as_a_place(tmp_path: Path, web: Web) -> None:
    zipped(web.folder / "mirror.zip", CONTENT)
    assert found(open_here(tmp_path, [f"{web.url}/mirror.zip"])) == [DOG, RAIN]


def test_a_web_page_in_place_of_an_archive_is_an_error_and_not_kept(tmp_path: Path, web: Web) -> None:
    (web.folder / "esc.zip").write_text("<html>please log in</html>")
    url = f"{web.url}/esc.zip"
    with pytest.raises(SedpipeError, match=rf"^{url} is not an archive$"):
        open_here(tmp_path, [], url)
    zipped(web.folder / "esc.zip", CONTENT)
    assert found(open_here(tmp_path, [], url)) == [DOG, RAIN]


def test_a_nested_archive_is_not_searched(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr(DOG, CONTENT[DOG])
    shelf = open_here(tmp_path, [zipped(tmp_path / "outer.zip", {"inner.zip": inner.getvalue()})])
    assert found(shelf) == []
