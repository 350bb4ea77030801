import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from leftovers import leftover_name
from sedpipe.errors import NameTooLongError, SedpipeError
from sedpipe.io.files.atomic import check_name, remove_leftovers, write_atomically, write_json, write_pieces, write_text


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_file_appears_only_when_the_block_succeeds(tmp_path: Path) -> None:
    target = tmp_path / "new" / "audio.flac"
    with write_atomically(target) as temporary:
        temporary.write_bytes(b"whole")
        assert not target.exists()
        assert temporary.parent == target.parent
        assert temporary.name.startswith(".tmp-")
        assert temporary.suffix == ".flac"
    assert target.read_bytes() == b"whole"
    assert names_in(target.parent) == ["audio.flac"]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a folder cannot be forced to disk")
def test_bytes_are_synced_before_the_file_is_renamed_and_its_folder_afterwards(tmp_path: Path, monkeypatch) -> None:
    target, done, replace = tmp_path / "clips.tsv", [], os.replace

    def force(descriptor: int) -> None:
        forced = os.fstat(descriptor)
        done.append("name" if os.path.samestat(forced, tmp_path.stat()) else f"{forced.st_size} bytes")

    def rename(temporary: Path, path: Path) -> None:
        done.append("renamed")
        replace(temporary, path)

    monkeypatch.setattr(os, "fsync", force)
    monkeypatch.setattr(os, "replace", rename)
    write_text(target, "whole")
    assert done == ["5 bytes", "renamed", "name"]


@pytest.mark.parametrize("trouble", [RuntimeError("boom"), KeyboardInterrupt(), OSError(errno.ENOENT, "other file")])
def test_an_error_in_the_block_leaves_the_old_file_and_no_leftover(tmp_path: Path, trouble: BaseException) -> None:
    target = tmp_path / "clips.tsv"
    target.write_text("old")

    def fail() -> None:
        with write_atomically(target) as temporary:
            temporary.write_text("half")
            raise trouble

    with pytest.raises(type(trouble)) as caught:
        fail()
    assert caught.value is trouble
    assert target.read_text() == "old"
    assert names_in(tmp_path) == ["clips.tsv"]


def test_a_full_disk_gives_a_one_line_error_and_leaves_no_file(tmp_path: Path) -> None:
    def fill() -> None:
        with write_atomically(tmp_path / "a.h5"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(SedpipeError, match=r"^cannot write .*a\.h5: No space left on device$"):
        fill()
    assert names_in(tmp_path) == []


def test_a_name_too_long_for_the_disk_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / ("\N{CJK UNIFIED IDEOGRAPH-97F3}" * 84 + ".tsv")  # three bytes each
    begun = False

    def fill() -> None:
        nonlocal begun
        with write_atomically(path):
            begun = True

    with pytest.raises(NameTooLongError, match=r"File name too long \(256 bytes in one name") as caught:
        fill()
    assert caught.value.hint == "shorten the name of the recording or folder that it is named after"
    assert not begun
    assert names_in(path.parent) == []
    with pytest.raises(NameTooLongError):
        check_name(path)
    write_text(path.with_suffix(".tx"), "255 are allowed")
    check_name(path.with_suffix(".tx"))


def test_a_file_in_place_of_the_folder_gives_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SedpipeError, match=r"^cannot write .*file/a\.txt: (Not a directory|File exists)$"):
        write_text(tmp_path / "file" / "a.txt", "")


@pytest.mark.parametrize("place", ["", ".", "/"])
def test_a_path_without_a_file_name_gives_a_one_line_error(place: str) -> None:
    with pytest.raises(SedpipeError, match="it is a folder"):
        write_text(Path(place), "x")


def test_a_folder_as_target_gives_a_one_line_error_and_leaves_no_leftover(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(SedpipeError, match=r"^cannot write .*a\.txt: Is a directory$"):
        write_text(tmp_path / "a.txt", "")
    assert names_in(tmp_path) == ["a.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes among files")
def test_pipes_and_links_to_them_are_not_replaced_by_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "stdout").symlink_to("pipe")  # /dev/stdout is a link, too
    for name in ("pipe", "stdout"):
        with pytest.raises(SedpipeError, match=rf"^cannot write .*{name}: it is a device or a pipe, expected a file$"):
            write_text(tmp_path / name, "new")
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "stdout").is_symlink()
    assert names_in(tmp_path) == ["pipe", "stdout"]


def test_two_writers_of_one_file_do_not_interfere(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with write_atomically(target) as first:
        with write_atomically(target) as second:
            second.write_text("second")
        first.write_text("first")
    assert target.read_text() == "first"


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "ordinary").write_text("")
    write_text(tmp_path / "atomic", "")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_text_is_written_as_utf_8_with_line_endings_unchanged(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "Vögel\n")
    assert (tmp_path / "a.txt").read_bytes() == "Vögel\n".encode()


def test_pieces_are_written_unchanged_and_an_error_among_them_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write_pieces(path, iter(["Straße\r\n", "", "\N{PARTY POPPER}"]))
    assert path.read_bytes() == "Straße\r\n\N{PARTY POPPER}".encode()

    def broken() -> Iterator[str]:
        yield "half"
        raise KeyError

    with pytest.raises(KeyError):
        write_pieces(path, broken())
    assert path.read_bytes() == "Straße\r\n\N{PARTY POPPER}".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_json_is_readable_and_refuses_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"label": "Vögel", "f1": 0.5})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"label": "Vögel", "f1": 0.5}
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(tmp_path / "a.json", float("nan"))


def test_only_leftovers_of_killed_processes_in_the_given_folders_are_removed(tmp_path: Path) -> None:
    dead = leftover_name(".h5")
    for name in (f"a/{dead}", "a/0.h5", "a/.hidden", f"b/{dead}", f"b/below/{dead}"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"half")
    remove_leftovers(tmp_path / "a", tmp_path / "b", tmp_path / "no such folder")
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["a/.hidden", "a/0.h5", f"b/below/{dead}"]


def test_leftover_folders_are_removed_with_their_content_but_not_what_links_point_to(tmp_path: Path) -> None:
    folder, link = (tmp_path / leftover_name() for _ in range(2))
    folder.mkdir()
    (folder / "0.wav").write_bytes(b"unpacked")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "0.wav").write_bytes(b"not ours")
    link.symlink_to(tmp_path / "kept")
    remove_leftovers(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == ["kept", "kept/0.wav"]
