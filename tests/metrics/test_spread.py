import numpy as np
import pytest
import scipy.stats
from sedpipe.metrics.spread import COUNTED, Interval, over_seeds, rates


def test_the_erratums_five_runs_have_the_interval_of_student() -> None:
    values = [0.80, 0.85, 0.79, 0.78, 0.80]
    low, high = scipy.stats.t.interval(0.95, 4, np.mean(values), scipy.stats.sem(values))
    interval = over_seeds(values)
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.804, low, high))


def test_of_one_seed_one_cannot_tell() -> None:
    assert over_seeds([0.8]) == Interval(0.8, None, None)


def test_rates_are_those_of_sums() -> None:
    found = rates(np.array([[5, 10, 5, 5], [0, 10, 10, 10]]).sum(axis=0))
    assert found["error_rate"] == pytest.approx(5 / 20)
    assert found["f1"] == pytest.approx(2 * 15 / 35)
    assert np.isnan(rates(np.zeros(4))["error_rate"])


def test_rates_read_a_row_in_the_order_in_which_the_counts_are_named() -> None:
    counted = {"correct": 1, "estimated": 3, "errors": 2, "reference": 1}
    found = rates(np.array([counted[name] for name in COUNTED]))
    assert found == {"error_rate": 2.0, "f1": pytest.approx(2 * 1 / (1 + 3))}


def test_a_rate_is_defined_from_the_first_segment_on() -> None:
    assert rates(np.array([1, 1, 0, 0])) == {"error_rate": 1.0, "f1": 0.0}
    assert rates(np.array([0, 0, 0, 1]))["f1"] == 0.0


def test_errors_where_nothing_was_to_be_heard_have_no_rate() -> None:
    found = rates(np.array([3, 0, 0, 3]))
    assert np.isnan(found["error_rate"])
    assert found["f1"] == 0
