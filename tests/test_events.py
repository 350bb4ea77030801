import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.events import Event, merged

TICKS = 60

events = st.lists(
    st.tuples(st.integers(0, TICKS), st.integers(0, TICKS), st.sampled_from("ab")).map(
        lambda drawn: Event(min(drawn[:2]), max(drawn[:2]), drawn[2])
    ),
    max_size=12,
)


def ticks(some: list[Event], label: str) -> set[int]:
    """Return the whole time units in which ``label`` is active."""
    return {tick for event in some if event.label == label for tick in range(int(event.onset), int(event.offset))}


@given(events)
def test_merging_keeps_the_active_times_and_leaves_gaps_between_events(some: list[Event]) -> None:
    joined = merged(some)
    assert joined == sorted(joined)
    for label in "ab":
        assert ticks(joined, label) == ticks(some, label)
        of_label = [event for event in joined if event.label == label]
        assert all(first.offset < second.onset for first, second in pairwise(of_label))
    assert merged(joined) == joined


def test_touching_overlapping_and_nested_events_of_a_class_become_one() -> None:
    some = [Event(0, 4, "a"), Event(1, 2, "a"), Event(4, 5, "a"), Event(4.5, 6, "a"), Event(0, 9, "b")]
    assert merged(some) == [Event(0, 6, "a"), Event(0, 9, "b")]


def test_events_of_zero_length_are_left_out() -> None:
    assert merged([Event(0, 0, "a"), Event(3, 3, "a")]) == []
    assert not Event(0, 0, "a").is_located
    assert Event(0, 0.1, "a").is_located


def test_duration_is_from_onset_to_offset() -> None:
    assert Event(1.25, 3, "a").duration == 1.75


def test_events_sort_by_onset_then_offset_then_label() -> None:
    in_order = [Event(0, 1, "b"), Event(0, 2, "a"), Event(0, 2, "b"), Event(1, 1, "a")]
    shuffled = [in_order[place] for place in (2, 0, 3, 1)]
    assert sorted(shuffled) == in_order


@pytest.mark.parametrize("times", [(math.nan, 1), (0, math.inf), (0, math.nan)])
def test_times_must_be_finite(times: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"^onset and offset must be finite, got "):
        Event(*times, "a")


@pytest.mark.parametrize("times", [(-0.1, 1), (2, 1)])
def test_times_must_be_in_order_and_not_before_the_clip(times: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"^expected 0 <= onset <= offset in seconds, got onset "):
        Event(*times, "a")
