import os
import sys
from pathlib import Path

import pytest
from rights import unreadable
from sedpipe.errors import SedpipeError
from sedpipe.io.files.reading import entries, is_there, names_in, opened, read_bounded, walk

linux = pytest.mark.skipif(sys.platform != "linux", reason="root can only do without its power there")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file, a hidden file, an empty folder and a broken link."""
    (tmp_path / "b.json").write_bytes(b"12345")
    (tmp_path / ".hidden.json").write_bytes(b"")
    (tmp_path / "a").mkdir()
    (tmp_path / "broken.json").symlink_to(tmp_path / "nowhere")
    return tmp_path


def test_missing_files_and_folders_raise_no_error(folder: Path) -> None:
    for place in (folder / "none", folder / "b.json" / "none", folder / "broken.json"):
        assert not is_there(place)
        assert names_in(place) == entries(place) == []
    assert read_bounded(folder / "none", 9) is None
    assert read_bounded(folder / "b.json" / "none", 9) is None


def test_entries_are_sorted_and_hidden_ones_are_listed_only_if_a_pattern_matches_them(folder: Path) -> None:
    assert is_there(folder)
    assert [path.name for path in entries(folder)] == ["a", "b.json", "broken.json"]
    assert [path.name for path in entries(folder, "b*.json")] == ["b.json", "broken.json"]
    assert [path.name for path in entries(folder, "*.json")] == [".hidden.json", "b.json", "broken.json"]
    assert read_bounded(folder / "b.json", 5) == b"12345"


def test_a_file_larger_than_the_limit_is_not_read(folder: Path) -> None:
    with pytest.raises(ValueError, match="it has more than 4 bytes"):
        read_bounded(folder / "b.json", 4)


@linux
def test_an_unreadable_file_or_folder_gives_an_error_that_does_not_advise_deletion(folder: Path) -> None:
    with unreadable(folder / "b.json"), pytest.raises(SedpipeError, match="Permission denied") as caught:
        read_bounded(folder / "b.json", 9)
    assert "chmod" in caught.value.hint
    with unreadable(folder / "a"):
        place = folder / "a"
        for look in (lambda: is_there(place / "x"), lambda: names_in(place), lambda: entries(place)):
            with pytest.raises(SedpipeError, match=r"^cannot read .*a(/x)?: Permission denied$") as caught:
                look()
            assert "delete" not in caught.value.hint


def test_a_folder_in_place_of_a_file_is_refused(folder: Path) -> None:
    with pytest.raises(SedpipeError, match="Is a directory") as caught:
        read_bounded(folder / "a", 9)
    assert caught.value.hint == "expected a file: move the folder elsewhere"


@linux
def test_an_unreadable_subfolder_is_not_taken_for_empty(folder: Path) -> None:
    assert [(Path(at).name, sorted(names)) for at, _, names in walk(folder / "a")] == [("a", [])]
    with unreadable(folder / "a"), pytest.raises(SedpipeError, match=r"cannot read .*a: Permission denied"):
        list(walk(folder))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names there")
def test_a_named_pipe_is_refused_and_a_shells_pipe_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run.json")
    with pytest.raises(SedpipeError, match=r"cannot read .*run\.json: it is a pipe, expected a file"):
        read_bounded(tmp_path / "run.json", 9)
    of_shell, end = os.pipe()
    os.write(end, b"12345")
    os.close(end)
    with opened(Path(f"/dev/fd/{of_shell}")) as file:
        assert file.read() == b"12345"
    os.close(of_shell)
