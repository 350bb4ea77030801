from pathlib import Path

import pytest
from sedpipe.errors import ListFormatError
from sedpipe.events import Event
from sedpipe.steps.clip_lengths import length_in_name, lengths_of

CAR = Event(1.0, 12.0, "Car")


def test_a_clip_of_unknown_length_is_scored_up_to_the_last_event_of_any_list() -> None:
    truth = {"a": [Event(0.0, 2.0, "Car")], "b": []}
    found = lengths_of(truth, {"reference": truth, "estimated": {"a": [CAR]}})
    assert found.scored == {"a": 12.0, "b": 1.0}
    assert found.cut == {}


def test_a_length_implied_by_the_clip_name_truncates_nothing() -> None:
    truth = {"-5QrBL6MzLg_60.000_70.000": [CAR]}
    found = lengths_of(truth, {"reference": truth})
    assert (list(found.scored.values()), list(found.whole.values())) == ([12.0], [10.0])
    assert found.remarks == ("1 clip with events beyond the end that their name implies; nothing is truncated",)


def test_a_given_length_truncates_events_and_counts_them_per_list() -> None:
    truth = {"a": [Event(0.0, 2.0, "Car"), Event(5.0, 5.0000001, "Car")]}
    found = lengths_of(truth, {"reference": truth, "estimated": {"a": [CAR, Event(11.0, 12.0, "Car")]}}, duration=5.0)
    assert (found.scored, found.whole) == ({"a": 5.0}, {"a": 5.0})
    assert found.cut == {"reference": 0, "estimated": 2}
    assert found.remarks[0].endswith("2 of the estimated (1 entirely beyond it)")


def test_a_list_of_durations_must_include_every_clip(tmp_path: Path) -> None:
    (tmp_path / "d.tsv").write_text("a.wav\t4\nother.wav\t9\n")
    truth = {"a": [CAR]}
    assert lengths_of(truth, {"reference": truth}, durations=tmp_path / "d.tsv").scored["a"] == 4.0
    with pytest.raises(ListFormatError, match=r"d\.tsv has no duration of clip 'b'"):
        lengths_of({"b": []}, {}, durations=tmp_path / "d.tsv")


@pytest.mark.parametrize("name", ["mix_01_02", "street_0001_01_02", "-5QrBL6MzLg_70.000_60.000", "-5QrBL6MzLg_60_70"])
def test_other_names_imply_no_length(name: str) -> None:
    assert length_in_name(name) is None
