import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage
from sedpipe.detection.postprocess import (
    PostProcessing,
    activity,
    close_gaps,
    countable_frames,
    decode_activity,
    decode_events,
    drop_short_runs,
    encode_activity,
    frame_edges,
    hysteresis,
    median_filter,
    median_frames,
)
from sedpipe.events import Event, merged
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet

DOG_CAT = LabelSet(("Dog", "Cat"))
GRID = FrameGrid(44100, 882).subsampled(4)  # 0.08 s
activities = arrays.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 3)))
odd = st.integers(0, 8).map(lambda half: 2 * half + 1)


def column(text: str) -> np.ndarray:
    """'..##' as an activity (4, 1)."""
    return np.array([[frame == "#"] for frame in text])


def text_of(active: np.ndarray) -> str:
    return "".join(".#"[int(frame)] for frame in active[:, 0])


def test_three_frames_of_two_classes_by_hand():
    probs = np.array([[0.9, 0.2], [0.5, 0.2], [0.4, 0.8]])
    assert decode_events(probs, DOG_CAT, PostProcessing(0.5), GRID) == [
        Event(0.0, 0.16, "Dog"),
        Event(0.16, 0.24, "Cat"),
    ]


def test_the_models_grid_has_125_frames_of_80_ms_in_10_s():
    everywhere = decode_events(np.ones((125, 1)), LabelSet(("Dog",)), PostProcessing(0.5), GRID)
    assert everywhere == [Event(0.0, 10.0, "Dog")]


def test_a_probability_equal_to_the_threshold_is_active_also_in_float32():
    probs = np.full((2, 1), 0.7, dtype=np.float32)
    assert activity(probs, PostProcessing(0.7), GRID).all()


@pytest.mark.parametrize(
    ("width", "before", "after"),
    [
        (3, ".#...##.#..", ".....###..."),
        (3, "##.......##", "##.......##"),
        (5, "##...##.##.", "......###.."),
        (5, "#####", "#####"),
        (9, "#####", "#####"),
        (11, "#####", "....."),
    ],
)
def test_median_filter_by_hand_nothing_is_active_outside(width, before, after):
    assert text_of(median_filter(column(before), width)) == after


@given(activities, odd)
def test_median_filter_is_that_of_scipy_padded_with_inactive(active, width):
    by_scipy = ndimage.median_filter(active.astype(np.uint8), size=(width, 1), mode="constant")
    assert np.array_equal(median_filter(active, width), by_scipy.astype(bool))


@given(arrays.arrays(np.float64, (30, 2), elements=st.floats(0, 1)), odd, st.floats(0.01, 1))
def test_filtering_the_activity_is_thresholding_the_filtered_probabilities(probs, width, threshold):
    filtered = ndimage.median_filter(probs, size=(width, 1), mode="constant")
    assert np.array_equal(median_filter(probs >= threshold, width), filtered >= threshold)


@pytest.mark.parametrize(("shortest", "after"), [(1, "#.##.###"), (2, "..##.###"), (3, ".....###"), (4, "........")])
def test_short_runs_are_dropped_and_others_left_alone(shortest, after):
    assert text_of(drop_short_runs(column("#.##.###"), shortest)) == after


@given(activities, st.integers(1, 12))
def test_dropping_short_runs_is_a_binary_opening(active, shortest):
    padded = np.pad(active, ((shortest, shortest), (0, 0)))
    opened = ndimage.binary_opening(padded, np.ones((shortest, 1)))[shortest:-shortest]
    assert np.array_equal(drop_short_runs(active, shortest), opened)


def test_the_studied_median_lengths_are_distinct_odd_numbers_of_frames():
    lengths = (0.0, 0.24, 0.4, 0.56, 0.88, 1.2, 1.52, 2.0)
    assert [median_frames(seconds, GRID) for seconds in lengths] == [1, 3, 5, 7, 11, 15, 19, 25]


def test_min_duration_keeps_a_run_that_lasts_exactly_as_long():
    probs = column("##..###").astype(float)
    settings = PostProcessing(0.5, min_duration_s=0.24)
    assert decode_events(probs, LabelSet(("Dog",)), settings, GRID) == [Event(0.32, 0.56, "Dog")]


def test_padding_is_never_active_and_cannot_be_lit_by_the_median():
    probs = column("..######").astype(float)
    settings = PostProcessing(0.5, median_s=0.4)
    assert decode_events(probs, LabelSet(("Dog",)), settings, GRID, n_frames=5) == [Event(0.16, 0.4, "Dog")]


def test_nothing_sounds_past_the_end_of_the_clip():
    probs = np.ones((4, 1))
    one = LabelSet(("Dog",))
    assert decode_events(probs, one, PostProcessing(0.5), GRID, duration=0.2) == [Event(0.0, 0.2, "Dog")]
    assert decode_events(probs, one, PostProcessing(0.5), GRID, duration=0.16004) == [Event(0.0, 0.16, "Dog")]
    assert decode_activity(column("..##"), one, GRID, duration=0.1) == []


def test_frames_that_count_begin_inside_the_clip():
    edges = frame_edges(GRID, 5)
    assert countable_frames(edges) == 5
    assert countable_frames(edges, 3, 10.0) == 3
    assert countable_frames(edges, np.array([9, 9, 9, 1]), np.array([0.16, 0.161, 0.1604, 9.0])).tolist() == [
        2,
        3,
        2,
        1,
    ]


@given(activities)
def test_decoding_and_encoding_are_inverses_on_the_grid(active):
    labels = LabelSet(tuple("abc"[: active.shape[1]]))
    events = decode_activity(active, labels, GRID)
    assert np.array_equal(encode_activity(events, labels, GRID, len(active)), active)
    assert decode_activity(encode_activity(events, labels, GRID, len(active)), labels, GRID) == events
    assert merged(events) == events


@given(activities)
def test_a_grid_off_the_milliseconds_is_encoded_back_too(active):
    labels = LabelSet(tuple("abc"[: active.shape[1]]))
    grid = FrameGrid(44100, 512)
    assert np.array_equal(encode_activity(decode_activity(active, labels, grid), labels, grid, len(active)), active)


@pytest.mark.parametrize(
    ("longest", "after"), [(0, "#.##..#...#."), (1, "####..#...#."), (2, "#######...#."), (9, "###########.")]
)
def test_gaps_between_events_are_closed_and_silence_at_the_ends_is_none(longest, after):
    assert text_of(close_gaps(column("#.##..#...#."), longest)) == after
    assert text_of(close_gaps(column("..#.."), longest)) == "..#.."


@given(activities, st.integers(1, 12))
def test_closing_gaps_is_a_binary_closing(active, longest):
    padded = np.pad(active, ((longest + 1, longest + 1), (0, 0)))
    closed = ndimage.binary_closing(padded, np.ones((longest + 1, 1)))[longest + 1 : -longest - 1]
    assert np.array_equal(close_gaps(active, longest), closed)


def test_hysteresis_keeps_low_frames_that_are_connected_to_a_high_one():
    high, low = column("....#......"), column(".##.###..##")
    assert text_of(hysteresis(high, low | high)) == "....###...."


@given(arrays.arrays(np.float64, 30, elements=st.floats(0, 1)), st.floats(0.1, 1), st.floats(0, 1))
def test_hysteresis_is_the_low_runs_that_hold_a_high_frame(probs, threshold, share):
    runs, n = ndimage.label(probs >= threshold * share)
    kept = [run for run in range(1, n + 1) if (probs[runs == run] >= threshold).any()]
    found = activity(probs[:, None], PostProcessing(threshold, hysteresis=share), GRID)[:, 0]
    assert np.array_equal(found, np.isin(runs, kept))


@given(activities, activities, st.integers(1, 5))
def test_filters_of_words_are_filters_of_their_bits(one, other, length):
    n = min(len(one), len(other))
    flags = np.stack([one[:n, 0], other[:n, 0]], axis=-1)
    words = (flags @ np.array([1, 2])).astype(np.uint64)
    for step in (close_gaps, drop_short_runs):
        expected = step(flags, length) @ np.array([1, 2])
        assert np.array_equal(step(words, length), expected)


def test_a_gate_silences_a_class_in_a_clip():
    probs = np.full((3, 2), 0.9)
    point = PostProcessing(0.5, gate=0.3)
    assert decode_events(probs, DOG_CAT, point, GRID, clip_probs=np.array([0.2, 0.3])) == [Event(0.0, 0.24, "Cat")]
    with pytest.raises(ValueError, match="a gate needs clip_probs"):
        decode_events(probs, DOG_CAT, point, GRID)


def test_the_steps_are_taken_in_the_documented_order():
    # the median would drop the single frames, closing gaps first would join them
    probs = column("#.#.#").astype(float)
    assert decode_events(probs, LabelSet(("Dog",)), PostProcessing(0.5, gap_s=0.08, min_duration_s=0.4), GRID)
    assert not decode_events(probs, LabelSet(("Dog",)), PostProcessing(0.5, 0.4, gap_s=0.08, min_duration_s=0.4), GRID)


settings_of_two = st.one_of(
    st.sampled_from([0.0, 0.16, 0.24, 0.5]), st.tuples(*[st.sampled_from([0.0, 0.16, 0.24, 0.5])] * 2)
)


@given(
    arrays.arrays(np.float32, (4, 20, 2), elements=st.floats(0, 1, width=32)),
    st.lists(st.integers(0, 20), min_size=4, max_size=4),
    st.builds(PostProcessing, *[settings_of_two] * 6),
)
def test_many_clips_at_once_are_as_one_by_one_and_class_by_class(probs, n_frames, point):
    clip_probs = probs.mean(axis=1)
    together = activity(probs, point, GRID, np.array(n_frames), clip_probs)
    for clip, tags, n, alone in zip(probs, clip_probs, n_frames, together, strict=True):
        assert np.array_equal(activity(clip, point, GRID, n, tags), alone)
        for k in range(2):
            of_class = activity(clip[:, [k]], point.of_class(k), GRID, n, tags[[k]])
            assert np.array_equal(of_class[:, 0], alone[:, k])


def test_settings_for_each_class_must_be_of_the_classes_there_are():
    with pytest.raises(ValueError, match=r"settings must be of one number of classes, got \[2, 3\]"):
        PostProcessing((0.5, 0.5), gap_s=(0.0, 0.0, 0.0))
    with pytest.raises(ValueError, match="settings are of 3 classes, expected 2"):
        decode_events(np.ones((5, 2)), DOG_CAT, PostProcessing((0.5, 0.5, 0.5)), GRID)


@pytest.mark.parametrize(
    ("name", "value"),
    [("threshold", 1.5), ("threshold", float("nan")), ("median_s", -0.1), ("min_duration_s", float("inf"))],
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must .*got {value}"):
        PostProcessing(**({"threshold": 0.5} | {name: value}))


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match=r"must have shape \(T, 2\), got \(5, 3\)"):
        decode_events(np.ones((5, 3)), DOG_CAT, PostProcessing(0.5), GRID)
    with pytest.raises(ValueError, match="holds a nan"):
        decode_events(np.full((5, 2), np.nan), DOG_CAT, PostProcessing(0.5), GRID)
    with pytest.raises(ValueError, match=r"shape \(\.\.\., T, K\), got \(5,\)"):
        activity(np.ones(5), PostProcessing(0.5), GRID)
    with pytest.raises(ValueError, match="odd number of frames, got 4"):
        median_filter(column("####"), 4)
