import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.errors import SedpipeError
from sedpipe.io.files.one_place import Disk, disk_of, sharing

EVERY = [Disk(case, form) for case in (False, True) for form in (False, True)]


def test_a_disk_is_probed_with_files_that_are_removed_afterwards(tmp_path: Path) -> None:
    disk = disk_of(tmp_path / "new")
    for name in ("Owl", "b\u00e4r"):
        (tmp_path / name).write_text("")
    assert disk.ignores_case == (tmp_path / "owl").exists()
    assert disk.ignores_form == (tmp_path / unicodedata.normalize("NFD", "b\u00e4r")).exists()
    assert os.listdir(tmp_path / "new") == []


@pytest.mark.parametrize("disk", EVERY)
def test_names_have_the_same_key_if_the_disk_takes_them_for_one_file(disk: Disk) -> None:
    decomposed = unicodedata.normalize("NFD", "b\u00e4r.flac")
    assert (disk.key("site/A.flac") == disk.key("Site/a.flac")) == disk.ignores_case
    assert (disk.key("b\u00e4r.flac") == disk.key(decomposed)) == disk.ignores_form
    assert (disk.key("B\u00c4R.flac") == disk.key(decomposed)) == (disk.ignores_case and disk.ignores_form)
    assert disk.key("a.flac") != disk.key("b.flac")


@pytest.mark.parametrize("disk", EVERY)
def test_the_first_two_keys_that_share_a_file_are_returned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: Disk
) -> None:
    monkeypatch.setattr("sedpipe.io.files.one_place.disk_of", lambda _: disk)
    assert sharing({"one": "x.flac", "two": "y.flac", "three": "x.flac"}, tmp_path) == ("one", "three")
    alike = sharing({"one": "x.flac", "two": "X.flac"}, tmp_path)
    assert alike == (("one", "two") if disk.ignores_case else None)


@given(st.lists(st.text("aAbB", min_size=1, max_size=3), unique=True))
def test_two_names_share_a_file_exactly_if_there_are_fewer_files_than_names(names: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sedpipe.io.files.one_place.disk_of", lambda _: Disk(ignores_case=True))
        found = sharing(dict(zip(names, names, strict=True)), Path("nowhere"))
    assert (found is None) == (len({name.upper() for name in names}) == len(names))
    assert found is None or found[0].upper() == found[1].upper()


def test_a_disk_is_probed_only_if_names_differ_only_in_case(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert sharing({"one": "a", "two": "b"}, tmp_path / "file") is None
    with pytest.raises(SedpipeError, match=r"^cannot write .*: Not a directory$"):
        sharing({"one": "a", "two": "A"}, tmp_path / "file")
