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


def test_a_folder_yields_files_with_audio_suffixes_sorted_by_relative_path(tmp_path):
    touch(tmp_path, "b/2.MP3", "b/10.flac", "a.wav", "c/d/e.webm", "notes.txt", "cover.jpg", "README")
    found = find_audio([tmp_path])
    assert [file.name for file in found.files] == ["a.wav", "b/10.flac", "b/2.MP3", "c/d/e.webm"]
    assert [file.path for file in found.files] == [tmp_path / file.name for file in found.files]
    assert found.left_out == {"no audio (.jpg)": 1, "no audio (.txt)": 1, "no audio (no suffix)": 1}


def test_a_file_named_explicitly_is_taken_whatever_its_name_even_if_missing(tmp_path):
    touch(tmp_path, "recording", ".hidden.wav")
    places = [tmp_path / name for name in ("recording", ".hidden.wav", "gone.wav")]
    assert names(*places) == ["recording", ".hidden.wav", "gone.wav"]


def test_hidden_files_and_folders_are_left_out_and_counted(tmp_path):
    touch(tmp_path, "a.wav", ".tmp-0123.wav", "._a.wav", ".git/b.wav", ".git/c.wav")
    found = find_audio([tmp_path])
    assert [file.name for file in found.files] == ["a.wav"]
    assert found.left_out == {"hidden": 3}


def test_symlinks_to_files_are_followed_and_symlinks_to_folders_are_not(tmp_path):
    touch(tmp_path, "folder/a.wav", "elsewhere/b.wav")
    (tmp_path / "folder" / "b.wav").symlink_to(tmp_path / "elsewhere" / "b.wav")
    (tmp_path / "folder" / "broken.wav").symlink_to("nowhere.wav")
    (tmp_path / "folder" / "circle").symlink_to(tmp_path)
    found = find_audio([tmp_path / "folder"])
    assert [file.name for file in found.files] == ["a.wav", "b.wav", "broken.wav"]
    assert found.left_out == {"links to folders": 1}
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    assert names(tmp_path / "link") == ["a.wav", "b.wav", "broken.wav"]  # a link that is named explicitly is followed


def test_with_several_places_names_begin_with_the_name_of_the_folder(tmp_path, monkeypatch):
    touch(tmp_path, "day/a.wav", "night/a.wav", "c.wav")
    monkeypatch.chdir(tmp_path / "day")
    assert names(Path("."), Path("../night"), Path("../c.wav")) == ["day/a.wav", "night/a.wav", "c.wav"]


def test_a_recording_named_twice_is_listed_once(tmp_path):
    touch(tmp_path, "a.wav")
    assert names(tmp_path / "a.wav", tmp_path / "." / "a.wav") == ["a.wav"]


def test_files_with_the_same_name_are_named_relative_to_their_common_folder(tmp_path):
    touch(tmp_path, "site/day/a.wav", "site/night/a.wav", "site/b.wav")
    named = [tmp_path / "site" / name for name in ("day/a.wav", "night/a.wav", "b.wav")]
    assert names(*named) == ["day/a.wav", "night/a.wav", "b.wav"]
    assert names(*named[1:]) == ["a.wav", "b.wav"]
    (tmp_path / "site" / "c.wav").symlink_to(named[2])
    assert names(named[2], tmp_path / "site" / "c.wav") == ["b.wav", "c.wav"]


def test_two_recordings_with_the_same_relative_name_are_an_error_with_a_hint(tmp_path):
    touch(tmp_path, "a.wav", "day/a.wav", "other/day/a.wav")
    with pytest.raises(SettingsError, match="would both be named ") as caught:
        find_audio([tmp_path / "day", tmp_path / "other" / "day"])
    assert caught.value.hint == "name the folder above both"


def test_the_error_for_a_folder_without_audio_reports_what_it_contains(tmp_path):
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
    assert caught.value.hint.startswith("there is no file in it")  # files of the other folder are not counted


@pytest.mark.skipif(sys.platform != "linux", reason="root can only do without its power there")
def test_an_unreadable_subfolder_is_counted_or_an_error_if_everything_is_needed(tmp_path):
    touch(tmp_path, "a.wav", "b/c.wav")
    with unreadable(tmp_path / "b"):
        assert find_audio([tmp_path]).left_out == {"folders that cannot be read": 1}
        with pytest.raises(SedpipeError, match=r"cannot read .*b: Permission denied"):
            find_audio([tmp_path], all_of_it=True)
        with pytest.raises(SedpipeError, match=r"cannot read .*b: Permission denied"):
            find_audio([tmp_path / "b"])
