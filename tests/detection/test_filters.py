import tracemalloc

import numpy as np
import pytest
from activities import column, text_of
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage
from sedpipe.detection.filters import close_gaps, drop_short_runs, hysteresis, median_filter, median_frames
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet

DOG_CAT = LabelSet(("Dog", "Cat"))
GRID = FrameGrid(44100, 882).subsampled(4)  # 0.08 s
activities = arrays.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 3)))
odd = st.integers(0, 8).map(lambda half: 2 * half + 1)


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
def test_the_median_filter_treats_frames_outside_as_inactive(width, before, after):
    assert text_of(median_filter(column(before), width)) == after


@given(activities, odd)
def test_the_median_filter_matches_scipy_with_zero_padding(active, width):
    by_scipy = ndimage.median_filter(active.astype(np.uint8), size=(width, 1), mode="constant")
    assert np.array_equal(median_filter(active, width), by_scipy.astype(bool))


def test_filtering_many_clips_together_equals_filtering_each_alone():
    active = np.random.default_rng(0).random((40, 3, 700)) < 0.4
    alone = [median_filter(active[..., n], 7) for n in range(700)]
    assert np.array_equal(median_filter(active, 7), np.stack(alone, axis=2))


@given(arrays.arrays(np.float64, (30, 2), elements=st.floats(0, 1)), odd, st.floats(0.01, 1))
def test_filtering_the_activity_equals_thresholding_the_filtered_probabilities(probs, width, threshold):
    filtered = ndimage.median_filter(probs, size=(width, 1), mode="constant")
    assert np.array_equal(median_filter(probs >= threshold, width), filtered >= threshold)


@pytest.mark.parametrize(("shortest", "after"), [(1, "#.##.###"), (2, "..##.###"), (3, ".....###"), (4, "........")])
def test_only_short_runs_are_dropped(shortest, after):
    assert text_of(drop_short_runs(column("#.##.###"), shortest)) == after


@given(activities, st.integers(1, 12))
def test_dropping_short_runs_equals_a_binary_opening(active, shortest):
    padded = np.pad(active, ((shortest, shortest), (0, 0)))
    opened = ndimage.binary_opening(padded, np.ones((shortest, 1)))[shortest:-shortest]
    assert np.array_equal(drop_short_runs(active, shortest), opened)


def test_the_studied_median_lengths_are_distinct_odd_numbers_of_frames():
    lengths = (0.0, 0.24, 0.4, 0.56, 0.88, 1.2, 1.52, 2.0)
    assert [median_frames(seconds, GRID) for seconds in lengths] == [1, 3, 5, 7, 11, 15, 19, 25]


@pytest.mark.parametrize(
    ("longest", "after"), [(0, "#.##..#...#."), (1, "####..#...#."), (2, "#######...#."), (9, "###########.")]
)
def test_gaps_between_events_are_closed_but_not_silence_at_the_ends(longest, after):
    assert text_of(close_gaps(column("#.##..#...#."), longest)) == after
    assert text_of(close_gaps(column("..#.."), longest)) == "..#.."


@given(activities, st.integers(1, 12))
def test_closing_gaps_equals_a_binary_closing(active, longest):
    padded = np.pad(active, ((longest + 1, longest + 1), (0, 0)))
    closed = ndimage.binary_closing(padded, np.ones((longest + 1, 1)))[longest + 1 : -longest - 1]
    assert np.array_equal(close_gaps(active, longest), closed)


def test_hysteresis_keeps_low_frames_connected_to_a_high_frame():
    high, low = column("....#......"), column(".##.###..##")
    assert text_of(hysteresis(high, low | high)) == "....###...."


@given(arrays.arrays(float, st.tuples(st.integers(1, 40), st.integers(1, 3)), elements=st.floats(0, 1)))
def test_hysteresis_keeps_the_connected_runs_that_contain_a_high_frame(probs):
    high, low = probs >= 0.8, probs >= 0.3
    for k in range(probs.shape[1]):
        pieces, _ = ndimage.label(low[:, k])
        expected = np.isin(pieces, np.unique(pieces[high[:, k]])) & low[:, k]
        assert np.array_equal(hysteresis(high, low)[:, k], expected)


@pytest.mark.parametrize("at_once", [1, 3, 7, 4096])
def test_hysteresis_does_not_depend_on_the_number_of_chunks_processed_together(at_once, monkeypatch):
    probs = np.random.default_rng(0).random((500, 2)) ** 0.5  # nine frames in ten are above the low threshold
    high, low = probs >= 0.99, probs >= 0.3
    expected = np.stack(
        [np.isin(pieces := ndimage.label(low[:, k])[0], np.unique(pieces[high[:, k]])) for k in (0, 1)], 1
    )
    monkeypatch.setattr("sedpipe.detection.filters._MOST_SIDE_BY_SIDE", at_once)
    assert np.array_equal(hysteresis(high, low), expected & low)


@given(activities, activities, activities)
def test_hysteresis_on_words_equals_hysteresis_on_their_bits(one, two, three):
    n = min(map(len, (one, two, three)))
    low = np.stack([one[:n, 0], two[:n, 0]], axis=-1)
    high = low & three[:n, :1]
    bits = np.array([1, 2])
    words = hysteresis((high @ bits).astype(np.uint64), (low @ bits).astype(np.uint64))
    assert np.array_equal(words, hysteresis(high, low) @ bits)


@pytest.mark.parametrize("width", [-1, 0, 2])
def test_a_median_filter_needs_an_odd_number_of_frames(width):
    with pytest.raises(ValueError, match=f"an odd number of frames, got {width}"):
        median_filter(column("##"), width)


def test_the_median_filter_counts_an_hour_of_active_frames_correctly():
    assert median_filter(np.ones((45_000, 1), dtype=bool), 3).all()


@given(activities, st.sampled_from([median_filter, close_gaps, drop_short_runs]))
def test_a_filter_longer_than_the_clip_acts_as_one_of_its_length_without_more_memory(active, step):
    all_over = 2 * len(active) + 1
    tracemalloc.start()
    filtered = step(active, 10**9 + 1)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.array_equal(filtered, step(active, all_over))
    assert most < 100_000


@given(activities, activities, st.integers(1, 5))
def test_filters_on_words_equal_filters_on_their_bits(one, other, length):
    n = min(len(one), len(other))
    flags = np.stack([one[:n, 0], other[:n, 0]], axis=-1)
    words = (flags @ np.array([1, 2])).astype(np.uint64)
    for step in (close_gaps, drop_short_runs):
        expected = step(flags, length) @ np.array([1, 2])
        assert np.array_equal(step(words, length), expected)
