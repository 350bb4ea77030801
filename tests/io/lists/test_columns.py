import time

import pytest
from sedpipe.io.lists.columns import ROLES, roles_of, seconds_a_unit


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("filename", "filename"),
        ("File Name", "filename"),
        ("audio_filename", "filename"),
        ("Begin Path", "filename"),
        ("segment_id", "filename"),
        ("onset", "onset"),
        ("start_time_seconds", "onset"),
        ("Begin Time (s)", "onset"),
        ("eventOnset", "onset"),
        ("START [ms]", "onset"),
        ("Début", "onset"),
        ("end", "offset"),
        ("End Time (s)", "offset"),
        ("Delta Time (s)", "duration"),
        ("event_label", "event_label"),
        ("Species", "event_label"),
        ("Common Name", "event_label"),
        ("Espèce", "event_label"),
        ("Unnamed: 0", "index"),
        ("", "index"),
    ],
)
def test_common_column_names_are_recognised(name: str, role: str) -> None:
    assert roles_of([name]) == {role: [0]}


@pytest.mark.parametrize("name", ["fold", "Low Freq (Hz)", "confidence", "s", "(s)", "class_id"])
def test_other_columns_have_no_role(name: str) -> None:
    assert roles_of([name]) == {}


def test_the_more_usual_of_two_column_names_for_one_role_comes_first() -> None:
    assert roles_of(["species", "event_label"])["event_label"] == [1, 0]
    assert roles_of(["Begin File", "Begin Path"])["filename"] == [1, 0]


def test_no_name_has_two_roles() -> None:
    names = [name for of_role in ROLES.values() for name in of_role]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("name", "unit"), [("start_ms", 0.001), ("onset (ms)", 0.001), ("start (s)", 1), ("terms", 1)])
def test_a_unit_is_recognised_only_as_a_separate_word(name: str, unit: float) -> None:
    assert seconds_a_unit(name) == unit


def test_a_very_long_column_name_is_read_in_under_five_seconds() -> None:
    begin = time.process_time()
    assert roles_of(["a" + "\u0301\u0323" * 50_000]) == {}
    assert time.process_time() - begin < 5
