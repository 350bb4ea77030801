from pathlib import Path

import pytest
from sedpipe.io.lists.importers.class_folders import from_class_folders
from sedpipe.io.lists.importers.findings import Findings, look_into


def found(folder: Path, *names: str) -> Findings | None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return from_class_folders(look_into(folder))


def labels(made: Findings | None) -> dict[str, tuple[str, ...]]:
    assert made is not None
    return {recording.filename: recording.labels for recording in made.recordings}


def test_a_recording_is_labelled_with_the_name_of_its_folder(tmp_path: Path) -> None:
    made = found(tmp_path, "dog/a.wav", "cat/site 1/a.flac")
    assert labels(made) == {"cat/site 1/a.flac": ("cat",), "dog/a.wav": ("dog",)}


def test_numbers_that_only_sort_folders_are_not_part_of_labels(tmp_path: Path) -> None:
    made = found(tmp_path, "001 - Dog bark/a.wav", "002 - Rain/b.wav")
    assert labels(made) == {"001 - Dog bark/a.wav": ("Dog bark",), "002 - Rain/b.wav": ("Rain",)}
    assert made is not None
    assert made.remarks == ("numbers in front of folder names are not part of the labels",)
    assert labels(found(tmp_path, "Rain/c.wav"))["001 - Dog bark/a.wav"] == ("001 - Dog bark",)


def test_a_background_noise_folder_is_not_a_class(tmp_path: Path) -> None:
    made = found(tmp_path, "dog/a.wav", "_background_noise_/b.wav")
    assert labels(made) == {"_background_noise_/b.wav": (), "dog/a.wav": ("dog",)}
    assert made is not None
    assert "'_background_noise_' are taken as recordings without any class" in made.remarks[0]


def test_folders_named_like_splits_become_splits(tmp_path: Path) -> None:
    made = found(tmp_path, "train/dog/a.wav", "train/cat/b.wav", "valid/dog/c.wav", "test/cat/d.wav")
    assert made is not None
    assert {r.filename: (r.split, r.labels) for r in made.recordings} == {
        "train/dog/a.wav": ("training", ("dog",)),
        "train/cat/b.wav": ("training", ("cat",)),
        "valid/dog/c.wav": ("testing", ("dog",)),
        "test/cat/d.wav": ("evaluation", ("cat",)),
    }


@pytest.mark.parametrize("names", [("a.wav", "b.wav"), ("dog/a.wav", "b.wav"), ("dog/a.wav", "dog/b.wav")])
def test_fewer_than_two_class_folders_give_no_findings(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert found(tmp_path, *names) is None


def test_recordings_outside_class_folders_are_left_out_and_reported(tmp_path: Path) -> None:
    made = found(tmp_path, "dog/a.wav", "cat/b.wav", "c.wav")
    assert made is not None
    assert made.remarks == ("1 recording outside the folders of classes left out: 'c.wav'",)


def test_a_recording_beside_split_folders_does_not_turn_them_into_classes(tmp_path: Path) -> None:
    made = found(tmp_path, "train/dog/a.wav", "train/cat/b.wav", "test/dog/c.wav", "demo.wav")
    assert made is not None
    assert {r.filename: (r.split, r.labels) for r in made.recordings} == {
        "train/dog/a.wav": ("training", ("dog",)),
        "train/cat/b.wav": ("training", ("cat",)),
        "test/dog/c.wav": ("testing", ("dog",)),
    }
    assert "1 recording outside the folders of splits left out: 'demo.wav'" in made.remarks


def test_class_folders_inside_a_lone_training_folder_are_classes(tmp_path: Path) -> None:
    made = found(tmp_path, "train/dog/a.wav", "train/cat/b.wav")
    assert labels(made) == {"train/cat/b.wav": ("cat",), "train/dog/a.wav": ("dog",)}
    assert made is not None
    assert {recording.split for recording in made.recordings} == {""}


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    made = found(tmp_path, "train/a.wav", "car/b.wav")
    assert labels(made) == {"train/a.wav": ("train",), "car/b.wav": ("car",)}


def test_folders_that_differ_only_in_unicode_normalisation_are_one_class(tmp_path: Path) -> None:
    made = found(tmp_path, "M\u00e9sange/a.wav", "Me\u0301sange/b.wav", "Dog/c.wav")
    assert set(labels(made).values()) == {("M\u00e9sange",), ("Dog",)}
    assert made is not None
    assert made.remarks == ()
