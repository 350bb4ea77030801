import pytest
from sedpipe.io.lists.importers.split_folders import split_of_folders


@pytest.mark.parametrize(
    ("names", "splits", "told"),
    [
        (
            ["train/x/a.wav", "VAL/b.wav", "test/c.wav"],
            ["training", "testing", "evaluation"],
            "folders taken as splits: 'train' as training (1), 'VAL' as testing (1), 'test' as evaluation (1)",
        ),
        (
            ["train/a.wav", "Test/b.wav"],
            ["training", "testing"],
            "folders taken as splits: 'train' as training (1), 'Test' as testing (1)",
        ),
        (  # DCASE's names
            ["dev/a.wav", "dev/b.wav", "eval/c.wav"],
            ["training", "training", "testing"],
            "folders taken as splits: 'dev' as training (2), 'eval' as testing (1)",
        ),
        (
            ["train/a.wav", "dev/b.wav", "eval/c.wav"],
            ["training", "testing", "evaluation"],
            "folders taken as splits: 'train' as training (1), 'dev' as testing (1), 'eval' as evaluation (1)",
        ),
    ],
)
def test_folders_named_like_splits_become_splits_and_this_is_reported(
    names: list[str], splits: list[str], told: str
) -> None:
    found = split_of_folders(names)
    assert found.of == dict(zip(names, splits, strict=True))
    assert (found.left_out, found.remarks) == ((), (told,))


@pytest.mark.parametrize("stray", ["demo.wav", "extra/demo.wav", "unlabelled/train/demo.wav"])
def test_a_recording_outside_the_split_folders_is_left_out_and_reported(stray: str) -> None:
    found = split_of_folders([stray, "train/a.wav", "test/b.wav"])
    assert found.of == {"train/a.wav": "training", "test/b.wav": "testing"}
    assert found.left_out == (stray,)
    assert found.remarks == (
        "folders taken as splits: 'train' as training (1), 'test' as testing (1)",
        f"1 recording outside the folders of splits left out: {stray!r}",
    )


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["val/a.wav", "test/b.wav"], "folders not taken as splits, since none is for training: 'val' (1), 'test' (1)"),
        (["test/a.wav", "b.wav"], "folders not taken as splits, since none is for training: 'test' (1)"),
        (
            ["train/a.wav", "test/b.wav", "1.wav", "2.wav"],
            "folders not taken as splits, since they hold 2 of 4 recordings: 'train' (1), 'test' (1)",
        ),
        # a class of train sounds, among others
        (["train/a.wav", "car/b.wav"], "folders not taken as splits, since all are for training: 'train' (1)"),
    ],
)
def test_the_reason_why_folders_are_not_taken_as_splits_is_reported(names: list[str], told: str) -> None:
    found = split_of_folders(names)
    assert (found.of, found.left_out, found.remarks) == ({}, (), (told,))


def test_recordings_in_a_lone_training_folder_are_still_to_be_split() -> None:
    found = split_of_folders(["train/dog/a.wav", "train/cat/b.wav"])
    assert found.of == {"train/dog/a.wav": "", "train/cat/b.wav": ""}


@pytest.mark.parametrize("names", [[], ["train.wav"], ["car/a.wav", "b.wav"]])
def test_other_folders_are_not_splits(names: list[str]) -> None:
    found = split_of_folders(names)
    assert (found.of, found.left_out, found.remarks) == ({}, (), ())
