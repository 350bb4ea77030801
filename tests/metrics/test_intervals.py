import numpy as np
from counted import some_counts
from sedpipe.metrics.intervals import SCORES, intervals
from sedpipe.metrics.segment_scores import count_segments
from sedpipe.metrics.sharing import Sharing


def width(n_clips: int, sharing: Sharing) -> float:
    low, high = intervals(some_counts(1, n_clips), sharing)["f1"]
    return high - low


def test_more_clips_make_intervals_narrower_and_shared_recordings_wider() -> None:
    assert width(400, Sharing.alone(400)) < width(40, Sharing.alone(40)) / 2
    twice = Sharing.of([{f"recording {n // 2}"} for n in range(40)])
    assert width(40, twice) >= width(40, Sharing.alone(40))


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    # each clip's events are all found or all missed: half of them in the long run
    held = []
    for seed in range(300):
        g = np.random.default_rng(seed)
        reference = g.random((60, 10, 1)) < 0.3
        found = reference & (g.random((60, 1, 1)) < 0.5)
        low, high = intervals(count_segments(reference, found), Sharing.alone(60))["error_rate"]
        held.append(low <= 0.5 <= high)
    assert 0.92 <= np.mean(held) <= 0.98


def test_an_interval_ends_where_scores_end() -> None:
    for name, interval in intervals(some_counts(1, 4, quality=0.99), Sharing.alone(4)).items():
        assert interval[0] >= 0
        assert name == "error_rate" or interval[1] <= 1


def test_what_cannot_be_told_is_none() -> None:
    assert intervals(some_counts(1), Sharing.of([{"the only one"}] * 40)) == dict.fromkeys(SCORES)
    counts = some_counts(1)
    counts.n_reference[:] = 0
    counts.n_estimated[:] = 0
    assert intervals(counts, Sharing.alone(40))["f1"] is None
