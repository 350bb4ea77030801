import numpy as np
import pytest
import scipy.stats
from sedpipe.metrics.spread import COUNTED, Interval, over_seeds, rates


def test_the_interval_of_the_five_runs_in_the_erratum_is_students_t_interval() -> None:
    values = [0.80, 0.85, 0.79, 0.78, 0.80]
    low, high = scipy.stats.t.interval(0.95, 4, np.mean(values), scipy.stats.sem(values))
    interval = over_seeds(values)
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.804, low, high))


def test_one_seed_has_no_interval() -> None:
    assert over_seeds([0.8]) == Interval(0.8, None, None)


def test_rates_are_computed_from_summed_counts() -> None:
    found = rates(np.array([[5, 10, 5, 5], [0, 10, 10, 10]]).sum(axis=0))
    assert found["error_rate"] == pytest.approx(5 / 20)
    assert found["f1"] == pytest.approx(2 * 15 / 35)
    assert np.isnan(rates(np.zeros(4))["error_rate"])


def test_rates_read_the_counts_of_a_row_in_the_documented_order() -> None:
    counted = {"correct": 1, "estimated": 3, "errors": 2, "reference": 1}
    found = rates(np.array([counted[name] for name in COUNTED]))
    assert found == {"error_rate": 2.0, "f1": pytest.approx(2 * 1 / (1 + 3))}


def test_one_segment_is_enough_for_a_defined_rate() -> None:
    assert rates(np.array([1, 1, 0, 0])) == {"error_rate": 1.0, "f1": 0.0}
    assert rates(np.array([0, 0, 0, 1]))["f1"] == 0.0


def test_without_reference_segments_the_error_rate_is_nan() -> None:
    found = rates(np.array([3, 0, 0, 3]))
    assert np.isnan(found["error_rate"])
    assert found["f1"] == 0
