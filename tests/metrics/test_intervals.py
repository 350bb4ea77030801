import numpy as np
import pytest
import scipy.stats
from counted import some_counts
from sedpipe.metrics.intervals import intervals
from sedpipe.metrics.segment_scores import count_segments
from sedpipe.metrics.sharing import Sharing


def width(n_clips: int, sharing: Sharing) -> float:
    low, high = intervals(some_counts(1, n_clips), sharing)["f1"]
    return high - low


def test_more_clips_make_intervals_narrower_and_shared_recordings_wider() -> None:
    assert width(400, Sharing.alone(400)) < width(40, Sharing.alone(40)) / 2
    twice = Sharing.of([{f"recording {n // 2}"} for n in range(40)])
    assert width(40, twice) >= width(40, Sharing.alone(40))


def test_intervals_cover_the_true_value_at_about_the_nominal_rate() -> None:
    # each clip's events are all found or all missed: half of them in the long run
    held = []
    for seed in range(300):
        g = np.random.default_rng(seed)
        reference = g.random((60, 10, 1)) < 0.3
        found = reference & (g.random((60, 1, 1)) < 0.5)
        low, high = intervals(count_segments(reference, found), Sharing.alone(60))["error_rate"]
        held.append(low <= 0.5 <= high)
    assert 0.92 <= np.mean(held) <= 0.98


def test_intervals_stay_within_the_range_of_the_score() -> None:
    for name, interval in intervals(some_counts(1, 4, quality=0.99), Sharing.alone(4)).items():
        assert interval[0] >= 0
        assert name == "error_rate" or interval[1] <= 1


def test_two_clips_are_enough_for_students_t_interval() -> None:
    reference = np.ones((2, 10, 1), bool)
    found = reference.copy()
    found[0, :1] = found[1, :3] = False
    low, high = intervals(count_segments(reference, found), Sharing.alone(2))["error_rate"]
    expected = scipy.stats.t.interval(0.95, 1, np.mean([0.1, 0.3]), scipy.stats.sem([0.1, 0.3]))
    assert (low, high) == (0.0, pytest.approx(expected[1]))


def test_clips_with_equal_scores_give_an_interval_of_zero_width() -> None:
    everything = np.ones((5, 10, 1), bool)
    found = intervals(count_segments(everything, everything), Sharing.alone(5))
    assert found == {"error_rate": (0.0, 0.0), "f1": (1.0, 1.0), "macro_f1": (1.0, 1.0)}


def test_an_undefined_interval_is_none() -> None:
    assert intervals(some_counts(1), Sharing.of([{"the only one"}] * 40)) == {
        "error_rate": None,
        "f1": None,
        "macro_f1": None,
    }
    counts = some_counts(1)
    counts.n_reference[:] = 0
    counts.n_estimated[:] = 0
    assert intervals(counts, Sharing.alone(40))["f1"] is None
