from pathlib import Path

import pytest
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.annotations import Annotation
from sedpipe.io.lists.filenames import ClipNames


def row(filename: str, line: int = 1) -> Annotation:
    return Annotation(Path("list.tsv"), line, filename, None, "")


def test_a_file_is_one_clip_however_its_path_is_written() -> None:
    names = ClipNames()
    assert names.clip_id(row("sub/a.wav")) == names.clip_id(row("./sub//a.wav")) == names.clip_id(row("sub\\a.wav"))


def test_a_name_that_leads_out_of_its_folder_is_refused() -> None:
    with pytest.raises(ListFormatError, match=r"list\.tsv:7: found '\.\./a\.wav', expected a file name"):
        ClipNames().clip_id(row("../a.wav", 7))


def test_two_files_are_not_one_clip() -> None:
    names = ClipNames()
    names.clip_id(row("a.wav"))
    with pytest.raises(ListFormatError, match=r"expected one file a clip, but 'a\.wav' is clip 'a' too"):
        names.clip_id(row("a.flac", 2))
