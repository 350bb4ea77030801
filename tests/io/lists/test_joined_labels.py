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
def test_joined_labels_are_split_but_not_at_commas_within_a_label(
    cells: list[str], labels: list[tuple[str, ...]]
) -> None:
    assert [taken_apart(cells)[0][cell] for cell in cells] == labels


def test_split_cells_and_labels_kept_whole_are_reported() -> None:
    said = [str(remark) for remark in taken_apart(["Dog;Cat", "Air horn, truck horn"])[1]]
    assert said == [
        "cells with several labels split (1 cell)",
        "commas in 'Air horn, truck horn' are taken as part of the label; use a semicolon to separate two labels",
    ]


def test_many_blanks_in_a_cell_do_not_take_quadratic_time() -> None:
    begin = time.process_time()
    cell = "a" + " " * 60_000 + "b"
    assert taken_apart([cell])[0][cell] == (cell,)
    assert time.process_time() - begin < 5
