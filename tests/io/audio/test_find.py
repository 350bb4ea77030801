import sys
from pathlib import Path

import pytest
from rights import unreadable
from sedpipe.errors import SedpipeError, SettingsError
from sedpipe.io.audio.find import find_audio


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names(*places: Path) -> list[str]:
    return [file.name for file in find_audio(places).files]


def test_a_folder_gives_what_is_called_like_audio_in_the_order_of_the_names_with_its_layout(tmp_path):
    touch(tmp_path, "b/2.MP3", "b/10.flac", "a.wav", "c/d/e.webm", "notes.txt", "cover.jpg", "README")
    found = find_audio([tmp_path])
    assert [file.name for file in found.files] == ["a.wav", "b/10.flac", "b/2.MP3", "c/d/e.webm"]
    assert [file.path for file in found.files] == [tmp_path / file.name for file in found.files]
    assert found.left_out == {"no audio (.jpg)": 1, "no audio (.txt)": 1, "no audio (no suffix)": 1}


def test_a_file_that_is_named_is_taken_whatever_it_is_called_and_whether_it_is_there(tmp_path):
    touch(tmp_path, "recording", ".hidden.wav")
    places = [tmp_path / name for name in ("recording", ".hidden.wav", "gone.wav")]
    assert names(*places) == ["recording", ".hidden.wav", "gone.wav"]


def test_hidden_things_are_left_out_and_counted(tmp_path):
    touch(tmp_path, "a.wav", ".tmp-0123.wav", "._a.wav", ".git/b.wav", ".git/c.wav")
    found = find_audio([tmp_path])
    assert [file.name for file in found.files] == ["a.wav"]
    assert found.left_out == {"hidden": 3}


def test_links_to_files_are_followed_and_links_to_folders_are_not_so_that_a_circle_ends(tmp_path):
    touch(tmp_path, "folder/a.wav", "elsewhere/b.wav")
    (tmp_path / "folder" / "b.wav").symlink_to(tmp_path / "elsewhere" / "b.wav")
    (tmp_path / "folder" / "broken.wav").symlink_to("nowhere.wav")
    (tmp_path / "folder" / "circle").symlink_to(tmp_path)
    found = find_audio([tmp_path / "folder"])
    assert [file.name for file in found.files] == ["a.wav", "b.wav", "broken.wav"]
    assert found.left_out == {"links to folders": 1}
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    assert names(tmp_path / "link") == ["a.wav", "b.wav", "broken.wav"]  # this one was named


def test_of_several_places_each_folder_keeps_its_own_name(tmp_path, monkeypatch):
    touch(tmp_path, "day/a.wav", "night/a.wav", "c.wav")
    monkeypatch.chdir(tmp_path / "day")
    assert names(Path("."), Path("../night"), Path("../c.wav")) == ["day/a.wav", "night/a.wav", "c.wav"]


def test_the_same_recording_twice_is_one(tmp_path):
    touch(tmp_path, "a.wav")
    assert names(tmp_path / "a.wav", tmp_path / "." / "a.wav") == ["a.wav"]


def test_files_of_one_name_are_called_by_their_paths_below_the_folder_that_holds_all(tmp_path):
    touch(tmp_path, "site/day/a.wav", "site/night/a.wav", "site/b.wav")
    named = [tmp_path / "site" / name for name in ("day/a.wav", "night/a.wav", "b.wav")]
    assert names(*named) == ["day/a.wav", "night/a.wav", "b.wav"]
    assert names(*named[1:]) == ["a.wav", "b.wav"]
    (tmp_path / "site" / "c.wav").symlink_to(named[2])
    assert names(named[2], tmp_path / "site" / "c.wav") == ["b.wav", "c.wav"]


def test_two_recordings_of_one_name_are_refused_with_the_way_out(tmp_path):
    touch(tmp_path, "a.wav", "day/a.wav", "other/day/a.wav")
    with pytest.raises(SettingsError, match="would both be named ") as caught:
        find_audio([tmp_path / "day", tmp_path / "other" / "day"])
    assert caught.value.hint == "name the folder above both"


def test_a_folder_without_audio_says_what_is_there(tmp_path):
    touch(tmp_path, "a.txt", "b.txt", ".c")
    with pytest.raises(SettingsError, match="contains no audio file") as caught:
        find_audio([tmp_path])
    assert caught.value.hint == (
        "all that is in it was left out (1 hidden, 2 no audio (.txt)): name the folder that has your recordings"
    )
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingsError) as caught:
        find_audio([tmp_path / "empty"])
    assert caught.value.hint == "there is no file in it: name the folder that has your recordings"
    touch(tmp_path, "heard/a.wav", "heard/notes.txt")
    with pytest.raises(SettingsError) as caught:
        find_audio([tmp_path / "heard", tmp_path / "empty"])
    assert caught.value.hint.startswith("there is no file in it")  # what another folder holds is not here


@pytest.mark.skipif(sys.platform != "linux", reason="root can only do without its power there")
def test_a_folder_that_may_not_be_read_is_counted_or_where_all_is_needed_an_error(tmp_path):
    touch(tmp_path, "a.wav", "b/c.wav")
    with unreadable(tmp_path / "b"):
        assert find_audio([tmp_path]).left_out == {"folders that cannot be read": 1}
        with pytest.raises(SedpipeError, match=r"cannot read .*b: Permission denied"):
            find_audio([tmp_path], all_of_it=True)
        with pytest.raises(SedpipeError, match=r"cannot read .*b: Permission denied"):
            find_audio([tmp_path / "b"])
