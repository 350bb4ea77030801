from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from sedpipe.io.lists.recordings import Recording
from sedpipe.steps.recording_groups import group_of

ONE_BY_ONE = (
    "nothing in names and folders shows which recordings belong together, so those for testing are drawn one by one; "
    "if some share a place, a person or a day, say so with group in the TOML"
)
CLASSES = ("dog", "cat", "rain", "wind", "car", "bus", "owl")


def recordings(names: Iterable[str], label_of: Callable[[int], tuple[str, ...]]) -> list[Recording]:
    return [Recording(name, label_of(n)) for n, name in enumerate(names)]


def test_a_prefix_or_folder_that_is_the_class_is_no_group() -> None:
    names = [f"{label}/{label}_{n:03}.wav" for n in range(40) for label in CLASSES]
    assert group_of(recordings(names, lambda n: (CLASSES[n % 7],)), 0.2) == ("", [ONE_BY_ONE])


def test_a_prefix_that_is_one_of_the_labels_is_no_group() -> None:
    names = [f"{CLASSES[n % 7]}_{n}.wav" for n in range(280)]
    group, said = group_of(recordings(names, lambda n: (CLASSES[n % 7], *(["rain"] if n % 5 == 0 else []))), 0.2)
    assert (group, said) == ("", [ONE_BY_ONE])


def test_classes_that_share_a_prefix_are_no_group() -> None:
    kinds = [f"{animal}_{what}" for animal in CLASSES for what in ("near", "far")]
    names = [f"{kinds[n % 14]}_{n}.wav" for n in range(280)]
    assert group_of(recordings(names, lambda n: (kinds[n % 14],)), 0.2) == ("", [ONE_BY_ONE])


@pytest.mark.parametrize("name", ["{source}-{n}.wav", "{source}_{n}.wav", "{source}/{n}.wav"])
def test_slices_of_one_recording_stay_together_although_all_have_the_same_class(name: str) -> None:
    names = [name.format(source=1000 + n // 4, n=n) for n in range(400)]
    group, said = group_of(recordings(names, lambda n: (CLASSES[n // 4 % 7],)), 0.2)
    assert group
    assert said[0].endswith(" (100 groups)")
    assert len(said) == 1


def test_recordings_of_a_place_stay_together_although_some_classes_occur_only_there() -> None:
    names = [f"place{n % 6}_{n}.wav" for n in range(300)]
    labels = {0: "otter", 1: "seal"}
    group, said = group_of(
        recordings(names, lambda n: ("owl", *([labels[n % 6]] if n % 6 < 2 and n < 60 else []))), 0.2
    )
    assert group == "prefix_"
    assert said[0] == "recordings whose names begin alike up to '_' stay in one split (6 groups)"


def test_a_name_without_the_separator_is_in_no_group_and_is_counted() -> None:
    names = [f"p{n % 20:02}_{n}.wav" for n in range(200)]
    group, said = group_of(recordings([*names, "extra.wav"], lambda n: (CLASSES[n % 2],)), 0.2)
    assert group == "prefix_"
    told = "recordings whose names begin alike up to '_' stay in one split (20 groups; 1 recording in no group)"
    assert said == [told]
    loose = [f"extra {n}.wav" for n in range(40)]
    assert group_of(recordings([*names, *loose], lambda n: (CLASSES[n % 2],)), 0.2) == ("", [ONE_BY_ONE])


@pytest.mark.parametrize("n_groups", [1, 4, 101])
def test_too_few_or_too_small_groups_are_not_used_and_that_is_reported(n_groups: int) -> None:
    names = [f"p{n % n_groups}_{n}.wav" for n in range(200)]
    assert group_of(recordings(names, lambda n: (CLASSES[n % 2],)), 0.2) == ("", [ONE_BY_ONE])


def test_groups_in_given_splits_are_reported_as_not_independent() -> None:
    split = [
        Recording(f"p{n % 6}_{n}.wav", ("dog",), None, "training" if n % 6 < 4 else "evaluation") for n in range(60)
    ]
    told = "recordings whose names begin alike up to '_' belong together: scores do not treat them as independent"
    assert group_of(split, 0.2) == ("prefix_", [f"{told} (6 groups)"])
    moved = [replace(split[0], split="evaluation"), *split[1:]]
    assert group_of(moved, 0.2) == ("prefix_", [f"{told} (6 groups, 1 of them in several splits)"])


def test_no_groups_are_guessed_for_given_splits_if_names_show_none() -> None:
    assert group_of([Recording(f"{n}.wav", ("dog",), None, "training") for n in range(60)], 0.2) == ("", [])


def test_classes_found_in_only_one_split_are_reported() -> None:
    names = [f"p{n % 5}_{n}.wav" for n in range(100)]
    of_one = recordings(names, lambda n: ("owl", *([f"rare {n % 5}"] if n % 4 == 0 else [])))
    group, said = group_of(of_one, 0.2)
    assert group == "prefix_"
    assert len(said) == 3
    assert said[1].startswith("1 of 6 classes with all recordings in testing, none to train on: 'rare ")
    assert said[2].startswith("4 of 6 classes without a recording in testing: 'rare ")
