import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from sedpipe.io.encoders.cards import Archive, EncoderFile
from sedpipe.io.encoders.search import Search

RAW = bytes(range(256)) * 16
OTHER = RAW[:-1] + b"?"
WANTED = EncoderFile(
    "ears.tflite", hashlib.sha256(RAW).hexdigest(), len(RAW), archive=Archive("ears-1.whl", "a" * 64, 10_000)
)


def zip_of(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README", "text")
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return path


def tar_of(path: Path, name: str, content: bytes) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    return tmp_path / "deep" / "deeper"


@pytest.mark.parametrize("in_folder", [False, True])
@pytest.mark.parametrize("kind", ["file", "member", "member of a tar"])
def test_a_file_is_recognised_by_its_bytes_whatever_its_name(
    tmp_path: Path, folder: Path, kind: str, in_folder: bool
) -> None:
    """It has another name, is in an archive of another name, or lies beside a different file of its name and size."""
    (folder / "notes.txt").write_text("text")
    if kind == "file":
        (made := folder / "download(1)").write_bytes(RAW)
    elif kind == "member":
        made = zip_of(folder / "mine.zip", a__other=OTHER, models__renamed=RAW)
    else:
        made = tar_of(folder / "mine.tgz", "renamed", RAW)
    if in_folder:
        (folder / "ears.tflite").write_bytes(OTHER)
    assert Search(WANTED).look(tmp_path if in_folder else made) == RAW


def found(place: Path) -> str:
    search = Search(WANTED)
    assert search.look(place) is None
    return search.findings


def test_a_named_file_that_differs_is_reported_by_size_or_else_by_checksum(tmp_path: Path) -> None:
    cases = {
        "short": (RAW[:2000], "has 2,000 of 4,096 bytes: cut short, or another file"),
        "long": (RAW + b"?", "has 4,097 bytes instead of 4,096: another file"),
        "same": (OTHER, "has the right size, but another sha256: damaged, or another version"),
    }
    for name, (content, why) in cases.items():
        (tmp_path / name).write_bytes(content)
        assert found(tmp_path / name) == f"{tmp_path / name} {why} (and it is no archive)"


def test_a_model_with_an_appended_zip_of_labels_is_not_an_archive(tmp_path: Path) -> None:
    labels = zip_of(tmp_path / "labels.zip", labels=b"cat").read_bytes()
    (tmp_path / "other.tflite").write_bytes(b"\x1c\0\0\0TFL3" + labels)
    assert found(tmp_path / "other.tflite").endswith("cut short, or another file (and it is no archive)")


def test_files_in_a_folder_with_its_name_or_size_are_reported_and_others_counted(tmp_path: Path, folder: Path) -> None:
    assert found(folder) == f"{folder} is an empty folder"
    (folder / "a.txt").write_text("text")
    zip_of(folder / "b.zip")
    assert found(tmp_path) == f"{tmp_path}: 2 files in it, none of which is it or an archive that holds it"
    (folder / "ears.tflite").write_bytes(RAW[:9])
    assert "ears.tflite has 9 of 4,096 bytes" in found(tmp_path)
    (folder / "ears.tflite").unlink()
    (folder / "of its size").write_bytes(OTHER)
    assert "of its size has the right size" in found(tmp_path)


def test_an_archive_without_the_file_is_reported_with_its_similar_members(tmp_path: Path) -> None:
    plain = zip_of(tmp_path / "plain.zip", other=b"text")
    assert found(plain) == f"the archive {plain} does not hold it"
    with zipfile.ZipFile(tmp_path / "named.zip", "w") as archive:
        archive.writestr("models/ears.tflite", RAW[:9])
    assert found(tmp_path / "named.zip").startswith("'models/ears.tflite' in ")
    assert found(tmp_path / "named.zip").endswith("has 9 of 4,096 bytes: cut short, or another file")
    assert "has the right size, but another sha256" in found(zip_of(tmp_path / "same.zip", x=OTHER))


def test_a_damaged_archive_is_reported_if_named_or_expected_to_contain_the_file(tmp_path: Path, folder: Path) -> None:
    whole = zip_of(folder / "ears-1.whl", ears__ears=RAW)
    assert Search(WANTED).look(tmp_path) == RAW
    whole.write_bytes(whole.read_bytes()[:-30])
    for place in (whole, tmp_path):
        assert "ears-1.whl is a damaged archive, or none: cannot read the archive" in found(place)
    whole.rename(folder / "letters.zip")
    assert found(tmp_path) == f"{tmp_path}: 1 file in it, none of which is it or an archive that holds it"


def test_a_damaged_member_is_skipped_if_another_is_intact_and_reported_if_none_is(tmp_path: Path) -> None:
    for name, second in (("two.zip", RAW), ("one.zip", b"text")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("first", RAW)
            archive.writestr("second", second)
        content = bytearray((tmp_path / name).read_bytes())
        content[100] ^= 255
        (tmp_path / name).write_bytes(content)
    assert Search(WANTED).look(tmp_path / "two.zip") == RAW
    assert found(tmp_path / "one.zip").startswith(f"cannot read the archive {tmp_path / 'one.zip'}: 'first': Bad CRC")


def test_two_findings_are_listed_and_the_rest_are_counted(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "ears.tflite").write_bytes(b"?" * number)
    assert found(tmp_path).count("ears.tflite") == 2
    assert found(tmp_path).endswith(", and 5 more like it")


def test_the_findings_of_each_place_are_reported(tmp_path: Path) -> None:
    search = Search(WANTED)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        search.look(tmp_path / name)
    assert search.findings == f"{tmp_path / 'a'} is an empty folder, {tmp_path / 'b'} is an empty folder"


def test_a_missing_place_is_reported(tmp_path: Path) -> None:
    assert "cannot be read (No such file" in found(tmp_path / "nowhere")
