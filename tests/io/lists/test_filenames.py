from pathlib import Path

import pytest
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.annotations import Annotation
from sedpipe.io.lists.filenames import clip_ids_of


def row(filename: str, line: int = 1) -> Annotation:
    return Annotation(Path("list.tsv"), line, filename, None, "")


def test_a_file_is_one_clip_however_its_path_is_written() -> None:
    names = ["sub/a.wav", "./sub//a.wav", "sub\\a.wav"]
    assert clip_ids_of(map(row, names)) == dict.fromkeys(names, "a")


def test_folders_count_where_a_name_is_in_two_of_them_and_always_in_lists_of_ours() -> None:
    assert clip_ids_of(map(row, ["x/a.wav", "x/b.wav"])) == {"x/a.wav": "a", "x/b.wav": "b"}
    assert clip_ids_of(map(row, ["x/a.wav", "y/a.wav", "b.wav"])) == {
        "x/a.wav": "x/a",
        "y/a.wav": "y/a",
        "b.wav": "b",
    }
    assert clip_ids_of(map(row, ["x/a.wav"]), by_path=True) == {"x/a.wav": "x/a"}


def test_a_name_that_leads_out_of_its_folder_is_refused() -> None:
    with pytest.raises(ListFormatError, match=r"list\.tsv:7: found '\.\./a\.wav', expected a file name"):
        clip_ids_of([row("../a.wav", 7)])


def test_two_files_are_not_one_clip() -> None:
    with pytest.raises(ListFormatError, match=r"list\.tsv:2: .*one file a clip, but 'a\.wav' is clip 'a' too"):
        clip_ids_of([row("a.wav"), row("a.flac", 2)])
