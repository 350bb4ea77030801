import numpy as np
from activities import column, encode_activity
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sedpipe.detection.decoding import countable_frames, decode_activity, decode_events, frame_edges
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.events import Event, merged
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet

DOG_CAT = LabelSet(("Dog", "Cat"))
GRID = FrameGrid(44100, 882).subsampled(4)  # 0.08 s
activities = arrays.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 3)))
odd = st.integers(0, 8).map(lambda half: 2 * half + 1)


def test_decoded_events_match_an_example_of_two_classes():
    probs = np.array([[0.9, 0.2], [0.5, 0.2], [0.4, 0.8]])
    assert decode_events(probs, DOG_CAT, PostProcessing(0.5), GRID) == [
        Event(0.0, 0.16, "Dog"),
        Event(0.16, 0.24, "Cat"),
    ]


def test_ten_seconds_have_125_frames_of_80_ms():
    everywhere = decode_events(np.ones((125, 1)), LabelSet(("Dog",)), PostProcessing(0.5), GRID)
    assert everywhere == [Event(0.0, 10.0, "Dog")]


def test_no_event_extends_past_the_end_of_the_clip():
    probs = np.ones((4, 1))
    one = LabelSet(("Dog",))
    assert decode_events(probs, one, PostProcessing(0.5), GRID, duration=0.2) == [Event(0.0, 0.2, "Dog")]
    assert decode_events(probs, one, PostProcessing(0.5), GRID, duration=0.16004) == [Event(0.0, 0.16, "Dog")]
    assert decode_activity(column("..##"), one, GRID, duration=0.1) == []


def test_countable_frames_begin_inside_the_clip():
    edges = frame_edges(GRID, 5)
    assert (
        countable_frames(edges) == countable_frames(edges, duration=0.4) == countable_frames(edges, duration=9.0) == 5
    )
    assert countable_frames(edges, 3, 10.0) == 3
    assert countable_frames(edges, np.array([9, 9, 9, 1]), np.array([0.16, 0.161, 0.1604, 9.0])).tolist() == [
        2,
        3,
        2,
        1,
    ]


@given(activities)
def test_decoding_and_encoding_are_inverse(active):
    labels = LabelSet(tuple("abc"[: active.shape[1]]))
    events = decode_activity(active, labels, GRID)
    assert np.array_equal(encode_activity(events, labels, GRID, len(active)), active)
    assert decode_activity(encode_activity(events, labels, GRID, len(active)), labels, GRID) == events
    assert merged(events) == events


@given(activities)
def test_decoding_is_also_inverted_on_a_grid_without_whole_milliseconds(active):
    labels = LabelSet(tuple("abc"[: active.shape[1]]))
    grid = FrameGrid(44100, 512)
    assert np.array_equal(encode_activity(decode_activity(active, labels, grid), labels, grid, len(active)), active)
