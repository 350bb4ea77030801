import numpy as np
import pytest
import scipy.stats
from sedpipe.metrics.spread import Interval, over_seeds, paired_differences, rates


def runs(n_seeds: int, n_clips: int, correct: float, seed: int) -> np.ndarray:
    """Counts of a system that finds a share of ten reference segments a clip and adds nothing."""
    g = np.random.default_rng(seed)
    found = g.binomial(10, correct, (n_seeds, n_clips))
    return np.stack([10 - found, np.full_like(found, 10), found, found], axis=-1)


def test_the_erratums_five_runs_have_the_interval_of_student() -> None:
    values = [0.80, 0.85, 0.79, 0.78, 0.80]
    low, high = scipy.stats.t.interval(0.95, 4, np.mean(values), scipy.stats.sem(values))
    interval = over_seeds(values)
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.804, low, high))


def test_of_one_seed_one_cannot_tell() -> None:
    assert over_seeds([0.8]) == Interval(0.8, None, None)
    assert not over_seeds([0.8]).excludes_zero


def test_rates_are_those_of_sums() -> None:
    found = rates(np.array([[5, 10, 5, 5], [0, 10, 10, 10]]).sum(axis=0))
    assert found["error_rate"] == pytest.approx(5 / 20)
    assert found["f1"] == pytest.approx(2 * 15 / 35)
    assert np.isnan(rates(np.zeros(4))["error_rate"])


def test_a_system_against_itself_differs_by_nothing() -> None:
    ours = runs(3, 50, 0.6, 0)
    for interval in paired_differences(ours, ours).values():
        assert (interval.value, interval.low, interval.high) == (0.0, 0.0, 0.0)


def test_a_better_system_is_told_from_a_worse_one_and_the_order_is_only_a_sign() -> None:
    better, worse = runs(5, 200, 0.7, 1), runs(5, 200, 0.6, 2)
    there, back = paired_differences(better, worse), paired_differences(worse, better)
    assert there["f1"].excludes_zero
    assert there["f1"].value > 0 > there["error_rate"].value
    assert there["f1"].value == pytest.approx(-back["f1"].value)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    held = []
    for seed in range(200):
        ours, theirs = runs(1, 100, 0.62, 2 * seed), runs(1, 100, 0.6, 2 * seed + 1)
        interval = paired_differences(ours, theirs, n_draws=400, seed=seed)["error_rate"]
        held.append(interval.low <= -0.02 <= interval.high)  # type: ignore[operator]
    assert 0.89 <= np.mean(held) <= 0.99


def test_systems_on_other_clips_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(1, 3, 4\) and \(1, 4, 4\)"):
        paired_differences(runs(1, 3, 0.5, 0), runs(1, 4, 0.5, 0))
