import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.labels import LabelSet
from sedpipe.metrics.detection_scores import DetectionCounts, detection_scores

LABELS = LabelSet(("Car", "Bus"))


def counted(correct, n_reference, n_estimated, errors=(0, 0, 0)) -> DetectionCounts:
    rows = (np.array([row]) for row in (correct, n_reference, n_estimated))
    return DetectionCounts(*(np.array([count]) for count in errors), *rows)


def test_scores_match_an_example_computed_by_hand() -> None:
    scores = detection_scores(counted([3, 1], [4, 2], [5, 1], errors=(1, 1, 1)), LABELS)
    overall = scores.overall
    assert (overall.error_rate, overall.substitution_rate) == (3 / 6, 1 / 6)
    assert (overall.precision, overall.recall) == (4 / 6, 4 / 6)
    assert overall.f1 == pytest.approx(2 / 3)
    car, bus = scores.per_class.values()
    assert (car.error_rate, car.deletion_rate, car.insertion_rate) == (3 / 4, 1 / 4, 2 / 4)
    assert (bus.precision, bus.recall, bus.f1) == (1.0, 0.5, pytest.approx(2 / 3))
    assert overall.macro_f1 == pytest.approx((car.f1 + bus.f1) / 2)


def test_an_undefined_score_is_none_and_a_class_that_is_never_predicted_scores_zero() -> None:
    scores = detection_scores(counted([0, 0], [2, 0], [0, 0], errors=(0, 2, 0)), LABELS)
    assert (scores.overall.precision, scores.overall.f1, scores.overall.error_rate) == (None, 0.0, 1.0)
    assert scores.per_class["Car"].f1 == 0.0
    assert scores.per_class["Bus"].f1 is None
    assert scores.overall.macro_f1 == 0.0  # the mean over the one class that has a reference
    nothing = detection_scores(counted([0, 0], [0, 0], [0, 0]), LABELS).overall
    assert {nothing.error_rate, nothing.f1, nothing.recall, nothing.precision, nothing.macro_f1} == {None}


@given(st.lists(st.tuples(*[st.integers(0, 9)] * 3), min_size=1, max_size=5))
def test_f1_is_the_harmonic_mean_of_precision_and_recall(rows: list[tuple[int, int, int]]) -> None:
    table = np.array([[min(c, r, e), r, e] for c, r, e in rows])
    zeros = np.zeros(len(rows), dtype=int)
    counts = DetectionCounts(zeros, zeros, zeros, *(table[:, [column, column]] for column in range(3)))
    overall = detection_scores(counts, LABELS).overall
    if overall.precision and overall.recall:
        assert overall.f1 == pytest.approx(2 / (1 / overall.precision + 1 / overall.recall))
