import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.events import Event
from sedpipe.labels import LabelSet
from sedpipe.metrics.validation import validate

LABELS = LabelSet(("Car", "Bus"))


def test_clips_and_events_keep_the_order_of_the_reference() -> None:
    reference = {"b": [Event(1, 2, "Bus"), Event(0, 1, "Car")], "a": []}
    clips = validate(reference, {"a": [Event(0, 3, "Car")]}, {"a": 5, "b": 4, "other": 1}, LABELS)
    assert (clips.clip_ids, clips.durations.tolist()) == (["b", "a"], [4.0, 5.0])
    assert clips.reference.lists(2, LABELS) == [[Event(1, 2, "Bus"), Event(0, 1, "Car")], []]
    assert clips.estimated.lists(2, LABELS) == [[], [Event(0, 3, "Car")]]


def test_a_row_that_is_not_located_is_dropped() -> None:
    clips = validate({"a": [Event(0, 0, "Car"), Event(2, 2, "Car")]}, {}, {"a": 5}, LABELS)
    assert clips.reference.onsets.tolist() == [2.0]


@given(st.floats(0, 10), st.integers(-9, 9))
def test_float_rounding_errors_do_not_change_times(seconds: float, ulps: int) -> None:
    whole = round(seconds, 3)
    dusty = max(0.0, whole + ulps * np.spacing(max(whole, 1e-3)))
    clips = validate({"a": [Event(dusty, dusty + 1, "Car")]}, {}, {"a": 20}, LABELS)
    assert clips.reference.onsets[0] == whole


@pytest.mark.parametrize(
    ("estimated", "durations", "said"),
    [
        ({"b": []}, {"a": 1}, "clip 'b' has estimated events but is not in the reference"),
        ({}, {}, "clip 'a' of the reference has no duration"),
        ({}, {"a": 0}, "must last a positive number of seconds, got 0"),
        ({}, {"a": float("nan")}, "must last a positive number"),
        ({"a": [Event(0, 1, "car")]}, {"a": 1}, "clip 'a' has an event of no known class"),
    ],
)
def test_mismatched_lists_raise_an_error_that_says_what_is_wrong(estimated, durations, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        validate({"a": []}, estimated, durations, LABELS)
