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
def test_the_nearest_name_is_meant_whatever_the_case_joints_and_accents(found: str, meant: str) -> None:
    assert did_you_mean(found, KNOWN) == f" (did you mean {meant!r}?)"


def test_a_name_far_from_all_is_answered_with_nothing() -> None:
    assert did_you_mean("Thunderstorm", KNOWN) == ""
    assert did_you_mean("", KNOWN) == ""
    assert did_you_mean("Car horn", ()) == ""


def test_a_name_of_any_length_is_answered_at_once() -> None:
    assert did_you_mean("x" * 10**7, KNOWN) == ""
