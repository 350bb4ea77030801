from pathlib import Path

import pytest
from sedpipe.errors import ListFormatError
from sedpipe.events import Event
from sedpipe.io.lists.recordings import Recording, read_recordings
from sedpipe.labels import LabelSet

LABELS = LabelSet(("Dog", "Cat"))


def read(folder: Path, weak: str, strong: str | None = None) -> list[Recording]:
    (folder / "weak.tsv").write_text(weak)
    if strong is not None:
        (folder / "strong.tsv").write_text(strong)
    return read_recordings(folder / "weak.tsv", None if strong is None else folder / "strong.tsv", LABELS)[0]


def test_events_join_their_recordings_and_are_unknown_for_recordings_without_a_row(tmp_path: Path) -> None:
    strong = "a.wav\t3\t4\tCat\na.wav\t1\t2\tDog\nc.wav\t\t\t\n"
    assert read(tmp_path, "a.wav\tDog\na.wav\tCat\nb.wav\tDog\nc.wav\t\n", strong) == [
        Recording("a.wav", ("Dog", "Cat"), (Event(1, 2, "Dog"), Event(3, 4, "Cat"))),
        Recording("b.wav", ("Dog",), None),
        Recording("c.wav", (), ()),
    ]


def test_without_a_strong_list_events_are_unknown(tmp_path: Path) -> None:
    assert read(tmp_path, "a.wav\tDog\n") == [Recording("a.wav", ("Dog",), None)]


def test_the_strong_list_may_have_several_labels_in_one_cell(tmp_path: Path) -> None:
    (recording,) = read(tmp_path, "a.wav\tDog|Cat\n", "a.wav\t1\t2\tDog|Cat\n")
    assert recording.events == (Event(1, 2, "Cat"), Event(1, 2, "Dog"))


def test_the_strong_list_may_have_other_folders_and_extensions(tmp_path: Path) -> None:
    (recording,) = read(tmp_path, "site/a.wav\tDog\n", "C:\\data\\site\\a.flac\t1\t2\tDog\n")
    assert recording.events == (Event(1, 2, "Dog"),)


def test_events_of_unlisted_recordings_give_an_error_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(
        ListFormatError, match=r"'dog_2\.wav' has events but is not listed in .* \(did you mean 'dog 2\.wav'\?\)"
    ):
        read(tmp_path, "dog 2.wav\tDog\n", "dog_2.wav\t1\t2\tDog\n")
    with pytest.raises(ListFormatError, match=r"'x\.wav', 'y\.wav' have events but are not listed in "):
        read(tmp_path, "a.wav\tDog\n", "x.wav\t1\t2\tDog\ny.wav\t1\t2\tDog\n")


def test_guesses_in_either_list_are_reported(tmp_path: Path) -> None:
    (tmp_path / "weak.csv").write_text("file;label\na.wav;Dog\n")
    (tmp_path / "strong.csv").write_text("file;start;end;label\na.wav;1,5;2;Dog\n")
    _, remarks = read_recordings(tmp_path / "weak.csv", tmp_path / "strong.csv", LABELS)
    assert [str(remark) for remark in remarks] == ["separated by semicolons (2 lists)", "decimal commas (1 time)"]


@pytest.mark.parametrize("strong", ["site1/a.wav\t1\t2\tDog\nsite2/a.wav\t3\t4\tDog\n",
                                    "site2/a.wav\t3\t4\tDog\nsite1/a.wav\t1\t2\tDog\n"])  # fmt: skip
def test_events_of_another_recording_of_the_same_name_are_refused_not_joined(tmp_path: Path, strong: str) -> None:
    said = r"strong\.tsv: 'site2/a\.wav' has events but is not listed in .*weak\.tsv \(did you mean 'site1/a\.wav'\?\)"
    with pytest.raises(ListFormatError, match=said):
        read(tmp_path, "site1/a.wav\tDog\n", strong)


def test_a_recording_spelt_in_several_ways_in_the_strong_list_has_all_of_its_events(tmp_path: Path) -> None:
    found = read(tmp_path, "a.wav\tDog\nb.wav\tCat\n", "a.wav\t1\t2\tDog\n./a.wav\t3\t4\tDog\na\t5\t6\tDog\n")
    assert found[0].events == (Event(1.0, 2.0, "Dog"), Event(3.0, 4.0, "Dog"), Event(5.0, 6.0, "Dog"))
    assert found[1].events is None


@pytest.mark.parametrize("listed", ["M\u00e9sange", "Me\u0301sange"])
def test_labels_are_spelt_as_in_the_label_set(tmp_path: Path, listed: str) -> None:
    (tmp_path / "weak.tsv").write_text(f"a.wav\t{listed}\n")
    (tmp_path / "strong.tsv").write_text(f"a.wav\t1\t2\t{listed}\n")
    for spelled in ("M\u00e9sange", "Me\u0301sange"):
        (recording,), _ = read_recordings(tmp_path / "weak.tsv", tmp_path / "strong.tsv", LabelSet((spelled,)))
        assert recording == Recording("a.wav", (spelled,), (Event(1, 2, spelled),))
