from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.metrics.holm import holm

P = st.lists(st.floats(0, 1, allow_subnormal=False), max_size=6)


def closed(p: list[float]) -> list[float]:
    """The closed test by Bonferroni: a hypothesis falls with every set of hypotheses that it is in."""
    places = range(len(p))
    sets = [some for size in range(1, len(p) + 1) for some in combinations(places, size)]
    of_set = {some: min(1.0, len(some) * min(p[place] for place in some)) for some in sets}
    return [max(of_set[some] for some in sets if place in some) for place in places]


@given(P)
def test_it_is_the_closed_test_by_bonferroni(p: list[float]) -> None:
    assert holm(p) == pytest.approx(closed(p))


@given(P)
def test_more_comparisons_never_make_one_surer(p: list[float]) -> None:
    assert all(alone <= among for alone, among in zip(holm(p), holm([*p, 0.5]), strict=False))


def test_one_comparison_is_as_it_is_and_none_is_none() -> None:
    assert holm([0.03]) == [0.03]
    assert holm([]) == []
