import unicodedata

import pytest
from sedpipe.suggestions import did_you_mean

KNOWN = ("Car horn", "Dog bark", "Großer Brachvogel")


@pytest.mark.parametrize(
    ("found", "meant"),
    [
        ("car_horn", "Car horn"),
        ("CAR-HORN", "Car horn"),
        ("Carhorn", "Car horn"),
        ("dog brak", "Dog bark"),
        (unicodedata.normalize("NFD", "Großer Brachvögel"), "Großer Brachvogel"),
    ],
)
def test_the_nearest_name_is_suggested_despite_case_separators_and_accents(found: str, meant: str) -> None:
    assert did_you_mean(found, KNOWN) == f" (did you mean {meant!r}?)"


def test_a_name_unlike_all_others_gets_no_suggestion() -> None:
    assert did_you_mean("Thunderstorm", KNOWN) == ""
    assert did_you_mean("", KNOWN) == ""
    assert did_you_mean("Car horn", ()) == ""


def test_a_very_long_name_gets_no_suggestion() -> None:
    assert did_you_mean("x" * 10**7, KNOWN) == ""
