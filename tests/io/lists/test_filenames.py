from pathlib import Path

import pytest
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.annotations import Annotation
from sedpipe.io.lists.filenames import clip_ids_of


def row(filename: str, line: int = 1) -> Annotation:
    return Annotation(Path("list.tsv"), line, filename, None, "")


def test_different_spellings_of_a_path_give_the_same_clip() -> None:
    names = ["sub/a.wav", "./sub//a.wav", "sub\\a.wav"]
    assert clip_ids_of(map(row, names)) == dict.fromkeys(names, "a")


def test_folders_are_part_of_clip_ids_if_a_name_repeats_or_by_path_is_set() -> None:
    assert clip_ids_of(map(row, ["x/a.wav", "x/b.wav"])) == {"x/a.wav": "a", "x/b.wav": "b"}
    assert clip_ids_of(map(row, ["x/a.wav", "y/a.wav", "b.wav"])) == {
        "x/a.wav": "x/a",
        "y/a.wav": "y/a",
        "b.wav": "b",
    }
    assert clip_ids_of(map(row, ["x/a.wav"]), by_path=True) == {"x/a.wav": "x/a"}


def test_a_path_that_leaves_its_folder_is_refused() -> None:
    with pytest.raises(ListFormatError, match=r"list\.tsv:7: found '\.\./a\.wav', expected a file name"):
        clip_ids_of([row("../a.wav", 7)])


def test_two_files_with_the_same_clip_id_are_refused() -> None:
    with pytest.raises(ListFormatError, match=r"list\.tsv:2: .*one file a clip, but 'a\.wav' is clip 'a' too"):
        clip_ids_of([row("a.wav"), row("a.flac", 2)])
