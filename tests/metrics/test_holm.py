from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.metrics.holm import holm

P = st.lists(st.floats(0, 1, allow_subnormal=False), max_size=6)


def closed(p: list[float]) -> list[float]:
    """Return p-values of the closed Bonferroni test: a hypothesis is rejected if every set that contains it is."""
    places = range(len(p))
    sets = [some for size in range(1, len(p) + 1) for some in combinations(places, size)]
    of_set = {some: min(1.0, len(some) * min(p[place] for place in some)) for some in sets}
    return [max(of_set[some] for some in sets if place in some) for place in places]


@given(P)
def test_holm_equals_the_closed_bonferroni_test(p: list[float]) -> None:
    assert holm(p) == pytest.approx(closed(p))


@given(P)
def test_another_comparison_never_lowers_a_p_value(p: list[float]) -> None:
    assert all(alone <= among for alone, among in zip(holm(p), holm([*p, 0.5]), strict=False))


def test_a_single_p_value_is_unchanged_and_an_empty_list_stays_empty() -> None:
    assert holm([0.03]) == [0.03]
    assert holm([]) == []
