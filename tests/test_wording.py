"""Numbers and names in sentences."""

import pytest
from sedpipe.wording import counted, of_some


@pytest.mark.parametrize(
    ("count", "unit", "told"),
    [
        (0, "clip", "0 clips"),
        (1, "clip", "1 clip"),
        (2, "clip", "2 clips"),
        (1, "class", "1 class"),
        (12_345, "class", "12,345 classes"),
    ],
)
def test_units_are_singular_for_one_and_plural_otherwise(count, unit, told):
    assert counted(count, unit) == told


def test_at_most_three_names_are_listed() -> None:
    assert of_some(["a"]) == "'a'"
    assert of_some(list("abcd")) == "'a', 'b', 'c' and 1 more"
