import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.training.orders import ORDERS, balanced_order, ratio_order, shuffled_order


def labels(*counts: int, without: int = 0) -> np.ndarray:
    """Return one label per clip, for ``counts[k]`` clips of class k, then ``without`` clips that have none."""
    rows = np.repeat(np.eye(len(counts)), counts, axis=0)
    return np.concatenate([rows, np.zeros((without, len(counts)))])


def test_a_shuffled_order_contains_every_clip_once() -> None:
    order = shuffled_order(labels(3, 5), np.random.default_rng(0))
    assert sorted(order.tolist()) == list(range(8))


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(0, 5), st.integers(0, 1000))
def test_a_balanced_order_contains_every_class_equally_often(counts: list[int], without: int, seed: int) -> None:
    targets = labels(*counts, without=without)
    order = balanced_order(targets, np.random.default_rng(seed))
    assert len(order) == len(targets)
    drawn = [*targets[order].sum(axis=0)]
    if without:
        drawn.append((targets[order].sum(axis=1) == 0).sum())
    assert max(drawn) - min(drawn) <= 1


def test_a_class_repeats_only_after_all_its_clips_were_used() -> None:
    order = balanced_order(labels(10, 90), np.random.default_rng(0))
    rare = order[order < 10]
    assert len(rare) == 50
    for begin in range(0, 50, 10):
        assert sorted(rare[begin : begin + 10].tolist()) == list(range(10))
    common = order[order >= 10]
    assert len(set(common.tolist())) == len(common)


def test_every_clip_can_be_drawn_and_one_with_several_labels_for_each_of_them() -> None:
    targets = np.array([[1, 1], [1, 0], [0, 1]])
    orders = [balanced_order(targets, np.random.default_rng(seed)) for seed in range(50)]
    assert {index for order in orders for index in order.tolist()} == {0, 1, 2}
    rounds = {tuple(sorted(order[:2].tolist())) for order in orders}  # a clip for each class
    assert rounds == {(1, 2), (0, 2), (0, 1), (0, 0)}  # clip 0 for neither class, the first, the second, both


def test_a_ratio_order_gives_a_class_more_turns_per_thousand_clips_but_at_most_five() -> None:
    order = ratio_order(labels(9000, 2500, 400), np.random.default_rng(0))
    drawn = labels(9000, 2500, 400)[order].sum(axis=0)
    assert drawn / drawn.sum() == pytest.approx([5 / 9, 3 / 9, 1 / 9], abs=1e-3)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(0, 1000))
def test_a_ratio_order_of_small_classes_equals_the_balanced_order(counts: list[int], seed: int) -> None:
    targets = labels(*counts)
    orders = [make(targets, np.random.default_rng(seed)).tolist() for make in (ratio_order, balanced_order)]
    assert orders[0] == orders[1]


@pytest.mark.parametrize("make", ORDERS.values())
def test_the_generator_determines_the_order(make) -> None:
    targets = labels(20, 30)
    first, again, other = (make(targets, np.random.default_rng(seed)).tolist() for seed in (1, 1, 2))
    assert first == again != other
