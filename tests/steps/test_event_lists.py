from pathlib import Path

import pytest
from sedpipe.errors import ListFormatError, SettingsError
from sedpipe.events import Event
from sedpipe.labels import LabelSet
from sedpipe.steps.event_lists import ListsRead, read_lists

HEADER = "filename\tonset\toffset\tevent_label\n"
DOG = Event(1.0, 2.0, "Dog")


def read(folder: Path, reference: str, estimated: str) -> ListsRead:
    (folder / "r.tsv").write_text(reference)
    (folder / "e.tsv").write_text(estimated)
    return read_lists(folder / "r.tsv", [folder / "e.tsv"])


def test_clips_are_matched_by_file_name_whatever_the_folder_and_extension(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + "x.wav\t1\t2\tDog\ny.wav\n", HEADER + "/far/x.flac\t1\t2\tDog\n")
    (estimated,) = found.estimated.values()
    assert dict(estimated) == {"x": [DOG]}
    assert found.remarks == ()


def test_clips_identified_by_the_end_of_their_path_alone_are_counted_in_a_remark(tmp_path: Path) -> None:
    listed = HEADER + "site1/a.wav\t1\t2\tDog\nsite2/a.wav\nb.wav\n"
    found = read(tmp_path, listed, HEADER + "/far/site1/a.flac\t1\t2\tDog\n/far/site2/a.flac\nb.flac\n")
    (estimated,) = found.estimated.values()
    assert dict(estimated) == {"site1/a": [DOG], "site2/a": [], "b": []}
    assert found.remarks == (f"{tmp_path / 'e.tsv'}: 2 clips identified by the end of the path alone",)


def test_a_clip_missing_from_the_reference_gives_an_error_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ListFormatError, match=r"has events of clip 'dog_1', which .*r\.tsv does not list \(did you"):
        read(tmp_path, HEADER + "dog 1.wav\t1\t2\tDog\nb.wav\n", HEADER + "dog_1.wav\t1\t2\tDog\n")


def test_the_classes_of_all_lists_are_used_in_sorted_order(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + "a.wav\t1\t2\tDog\n", HEADER + "a.wav\t1\t2\tCat\n")
    assert found.labels.names == ("Cat", "Dog")
    assert any("has classes that" in remark and "'Cat'" in remark for remark in found.remarks)


def test_lists_without_clips_or_classes_give_a_one_line_error(tmp_path: Path) -> None:
    with pytest.raises(ListFormatError, match=r"r\.tsv lists no clip$"):
        read(tmp_path, HEADER, HEADER)
    with pytest.raises(SettingsError, match="name no class"):
        read(tmp_path, HEADER + "a.wav\n", HEADER + "a.wav\n")


def test_events_of_a_missing_recording_are_not_given_to_one_of_the_same_file_name(tmp_path: Path) -> None:
    rows = "site1/a.wav\t1\t2\tDog\n", "site2/a.wav\t3\t4\tDog\n"
    for estimated in (rows, rows[::-1]):
        with pytest.raises(
            ListFormatError, match=r"has events of clip 'site2/a', which .*r\.tsv does not list \(did you"
        ):
            read(tmp_path, HEADER + "site1/a.wav\t1\t2\tDog\nsite1/b.wav\nsite2/b.wav\n", HEADER + "".join(estimated))


@pytest.mark.parametrize("mark", ["|", ";", ","])
def test_a_cell_with_several_labels_is_split_into_several_events_and_reported(tmp_path: Path, mark: str) -> None:
    both = HEADER + "a.wav\t1\t2\tDog\na.wav\t1\t2\tCat\n"
    found = read(tmp_path, HEADER + f"a.wav\t1\t2\tDog{mark}Cat\n", both)
    assert found.labels.names == ("Cat", "Dog")
    assert sorted(found.reference["a"]) == [Event(1, 2, "Cat"), DOG]
    assert found.remarks == (f"{tmp_path / 'r.tsv'}: cells with several labels split (1 cell)",)


def test_labels_are_not_split_at_a_comma_and_space_or_within_a_known_class(tmp_path: Path) -> None:
    horn = HEADER + "a.wav\t1\t2\tAir horn, truck horn\n"
    assert read(tmp_path, horn, horn).labels.names == ("Air horn, truck horn",)
    (tmp_path / "r.tsv").write_text(HEADER + "a.wav\t1\t2\tDog|Cat\na.wav\t3\t4\tDog\n")
    known = read_lists(tmp_path / "r.tsv", [], LabelSet(("Dog", "Dog|Cat")))
    assert {(event.onset, event.label) for event in known.reference["a"]} == {(1, "Dog|Cat"), (3, "Dog")}
