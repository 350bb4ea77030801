import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sedpipe.metrics.clip_scores import average_precision, clip_based_scores
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

few_values = st.sampled_from([0.0, 0.1, 0.5, 0.5000001, 0.9, 1.0])  # so that ties are common


def test_scores_match_an_example_computed_by_hand():
    probs = np.array([[0.9, 0.6], [0.8, 0.1], [0.7, 0.5]])
    targets = np.array([[1, 0], [0, 0], [1, 1]])
    scores = clip_based_scores(probs, targets)
    assert (scores.micro.precision, scores.micro.recall, scores.micro.f1) == (3 / 5, 1, 6 / 8)
    assert scores.macro.precision == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert scores.macro.map == pytest.approx((5 / 6 + 1 / 2) / 2)


def test_a_class_without_positives_is_left_out_of_the_mean():
    assert average_precision(np.array([0.3, 0.4]), np.array([False, False])) is None
    assert clip_based_scores(np.array([[0.9, 0.9]]), np.array([[1, 0]])).macro.map == 1


def test_an_undefined_score_is_none():
    nothing = clip_based_scores(np.zeros((2, 2)), np.zeros((2, 2)))
    for scores in (nothing.micro, nothing.macro):
        assert (scores.precision, scores.recall, scores.f1, scores.map) == (None, None, None, None)
    silent = clip_based_scores(np.zeros((2, 2)), np.ones((2, 2))).micro
    assert (silent.precision, silent.recall, silent.f1) == (None, 0, 0)


@given(arrays.arrays(np.float64, 12, elements=few_values), arrays.arrays(bool, 12))
def test_average_precision_matches_sklearn(probs, truth):
    if truth.any():
        assert average_precision(probs, truth) == pytest.approx(average_precision_score(truth, probs), abs=1e-12)


@pytest.mark.parametrize("average", ["micro", "macro"])
@given(probs=arrays.arrays(np.float64, (6, 3), elements=few_values), targets=arrays.arrays(bool, (6, 3)))
def test_micro_and_macro_scores_match_sklearn(average, probs, targets):
    there = np.flatnonzero(targets.any(axis=0))  # classes in the macro mean
    if not len(there):
        return
    scores = getattr(clip_based_scores(probs, targets, threshold=0.5), average)
    labels = there if average == "macro" else None
    precision, recall, f1, _ = precision_recall_fscore_support(
        targets, probs >= 0.5, average=average, zero_division=0, labels=labels
    )
    assert (scores.precision or 0, scores.recall, scores.f1) == pytest.approx((precision, recall, f1), abs=1e-12)
    by_class = [average_precision_score(targets[:, k], probs[:, k]) for k in there]
    mean = np.mean(by_class) if average == "macro" else average_precision_score(targets.ravel(), probs.ravel())
    assert scores.map == pytest.approx(mean, abs=1e-12)


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match=r"got \(2, 3\), \(3, 2\)"):
        clip_based_scores(np.zeros((2, 3)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="targets must be 0 or 1"):
        clip_based_scores(np.zeros((1, 1)), np.full((1, 1), 0.5))
    with pytest.raises(ValueError, match="nan"):
        clip_based_scores(np.full((1, 1), np.nan), np.zeros((1, 1)))
