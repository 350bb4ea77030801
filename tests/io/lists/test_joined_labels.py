import time

import pytest
from sedpipe.io.lists.joined_labels import taken_apart


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (["Dog;Cat"], [("Dog", "Cat")]),
        (["Dog | Cat"], [("Dog", "Cat")]),
        (["Electric_guitar,Guitar"], [("Electric_guitar", "Guitar")]),
        (["Train horn,Air horn, truck horn,Train"], [("Train horn", "Air horn, truck horn", "Train")]),
        (["Dog, Cat", "Dog", "Cat"], [("Dog", "Cat"), ("Dog",), ("Cat",)]),
        (["Dog, Cat", "Dog"], [("Dog, Cat",), ("Dog",)]),
        (["Dog,Dog", ""], [("Dog",), ()]),
    ],
)
def test_labels_in_one_cell_are_told_from_commas_in_their_names(
    cells: list[str], labels: list[tuple[str, ...]]
) -> None:
    assert [taken_apart(cells)[0][cell] for cell in cells] == labels


def test_what_was_taken_apart_or_kept_whole_is_said() -> None:
    said = [str(remark) for remark in taken_apart(["Dog;Cat", "Air horn, truck horn"])[1]]
    assert said == [
        "cells with several labels split (1 cell)",
        "commas in 'Air horn, truck horn' are taken as part of the label; use a semicolon to separate two labels",
    ]


def test_blanks_within_a_cell_take_no_square_of_their_number() -> None:
    begin = time.process_time()
    cell = "a" + " " * 60_000 + "b"
    assert taken_apart([cell])[0][cell] == (cell,)
    assert time.process_time() - begin < 5
