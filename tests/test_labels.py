import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.labels import LabelSet, UnknownLabelError, one_spelling

DCASE = LabelSet(
    (
        "Train horn",
        "Air horn, truck horn",
        "Car alarm",
        "Reversing beeps",
        "Ambulance (siren)",
        "Police car (siren)",
        "Fire engine, fire truck (siren)",
        "Civil defense siren",
        "Screaming",
        "Bicycle",
        "Skateboard",
        "Car",
        "Car passing by",
        "Bus",
        "Truck",
        "Motorcycle",
        "Train",
    )
)


def test_names_keep_their_order_and_index() -> None:
    labels = LabelSet(("b", "a"))
    assert list(labels) == ["b", "a"]
    assert len(labels) == 2
    assert (labels.index("b"), labels.index("a")) == (0, 1)
    assert "a" in labels
    assert "c" not in labels


def test_classes_can_be_indexed_by_integers_numpy_integers_and_slices() -> None:
    labels = LabelSet(("Car", "Bus", "Dog"))
    assert labels[int(np.argmax([0.1, 0.7, 0.2]))] == labels[np.argmax([0.1, 0.7, 0.2])] == "Bus"
    assert labels[-2:] == ("Bus", "Dog")
    assert tuple(labels) == labels.names
    with pytest.raises(IndexError):
        labels[3]


def test_multi_hot_has_a_one_for_each_label() -> None:
    vector = LabelSet(("a", "b", "c")).multi_hot(["c", "a", "c"])
    assert vector.tolist() == [1, 0, 1]
    assert vector.dtype == np.float32
    assert LabelSet(("a", "b", "c")).multi_hot([]).tolist() == [0, 0, 0]


@given(st.lists(st.sampled_from(DCASE.names), unique=True), st.sampled_from([",", ", ", " , "]))
def test_joined_labels_that_contain_commas_are_split_again(names: list[str], comma: str) -> None:
    assert DCASE.split(comma.join(names)) == tuple(names)


def test_a_label_named_twice_counts_once() -> None:
    assert DCASE.split("Car,Train,Car") == ("Car", "Train")


def test_the_longest_match_wins() -> None:
    labels = LabelSet(("Air horn", "truck horn", "Air horn, truck horn"))
    assert labels.split("Air horn, truck horn") == ("Air horn, truck horn",)
    assert labels.split("Air horn,truck horn") == ("Air horn", "truck horn")


@pytest.mark.parametrize("joined", ["", "  "])
def test_an_empty_text_gives_no_labels(joined: str) -> None:
    assert DCASE.split(joined) == ()


@pytest.mark.parametrize(
    ("joined", "message"),
    [
        ("Car alram", r"^label 'Car alram' is not one of the 17 classes \(did you mean 'Car alarm'\?\)$"),
        ("Car,screaming", r"^label 'screaming' is not .* \(did you mean 'Screaming'\?\)$"),
        ("Trainhorn", r"^label 'Trainhorn' is not .* \(did you mean 'Train horn'\?\)$"),
        ("Cars", r"^label 'Cars' is not one of the 17 classes \(did you mean 'Car'\?\)$"),
        ("zzz", r"^label 'zzz' is not one of the 17 classes: Train horn, Air horn, truck horn, Car alarm, "),
        (",Car", r"^label '' is not one of the 17 classes: "),
    ],
)
def test_an_unknown_label_is_named_with_a_suggestion_or_the_known_classes(joined: str, message: str) -> None:
    with pytest.raises(UnknownLabelError, match=message):
        DCASE.split(joined)


def test_index_and_multi_hot_refuse_unknown_labels_too() -> None:
    with pytest.raises(UnknownLabelError, match="did you mean 'Truck'"):
        DCASE.index("Trcuk")
    with pytest.raises(UnknownLabelError, match="did you mean 'Truck'"):
        DCASE.multi_hot(["Car", "Trcuk"])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), r"^labels must name at least one class, got none$"),
        (("a", ""), r"^label '' is empty or has blanks around it$"),
        ((" a",), r"^label ' a' is empty or has blanks around it$"),
        (("a;b",), r"^label 'a;b' holds a tab, a line end or a semicolon$"),
        (("a\tb",), r"holds a tab"),
        (("a\nb",), r"holds a tab"),
        (("Car\x1b[2J",), r"^label 'Car\\x1b\[2J' holds a control character$"),
        (("\u202eraC",), r"^label '\\u202eraC' holds a control character$"),
        (("a", "b", "a"), r"^label 'a' is listed twice$"),
    ],
)
def test_invalid_class_names_are_refused(names: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LabelSet(names)


def test_a_name_is_found_in_either_unicode_normal_form() -> None:
    one, two = "M\u00e9sange", "Me\u0301sange"
    for spelled, asked in ((one, two), (two, one)):
        labels = LabelSet(("Dog", spelled))
        assert labels.index(asked) == 1
        assert asked in labels
        assert labels.split(f"{one},Dog") == (spelled, "Dog")


def test_many_labels_or_accents_do_not_take_quadratic_time() -> None:
    begin = time.process_time()
    LabelSet(tuple(map(str, range(50_000))))
    heap = "a" + "\u0301\u0323" * 50_000
    assert one_spelling(heap) == heap
    assert time.process_time() - begin < 10
    assert one_spelling("e" + "\u0301" * 30) == "\u00e9" + "\u0301" * 29
