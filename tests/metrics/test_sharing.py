from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.metrics.sharing import Sharing

MADE_OF = st.lists(st.frozensets(st.sampled_from("abcdefgh"), max_size=3), min_size=3, max_size=20)


def centred(n_clips: int, seed: int = 0, rows: int = 2) -> np.ndarray:
    values = np.random.default_rng(seed).standard_normal((rows, n_clips))
    return values - values.mean(axis=1, keepdims=True)


def by_inclusion_and_exclusion(made_of: list[frozenset[str]], u: np.ndarray) -> float:
    """Return the sum over sharing pairs: sums over the clips of each recording, less those of each two, and so on."""
    sets = {some for of in made_of for size in (1, 2, 3) for some in combinations(sorted(of), size)}
    sums = {some: sum(value for of, value in zip(made_of, u, strict=True) if of >= set(some)) for some in sets}
    alone = sum(value**2 for of, value in zip(made_of, u, strict=True) if not of)
    return alone + sum((-1) ** (len(some) + 1) * total**2 for some, total in sums.items())


@given(MADE_OF)
def test_every_pair_with_a_recording_in_common_counts_once(made_of: list[frozenset[str]]) -> None:
    sharing = Sharing.of(made_of)
    u = centred(len(made_of))
    pairs = [[n == m or bool(one & other) for m, other in enumerate(made_of)] for n, one in enumerate(made_of)]
    assert sharing.share == pytest.approx(np.mean(pairs))
    if sharing.share < 1:
        for of_run, variance in zip(u, sharing.variance(u), strict=True):
            at_least = max(by_inclusion_and_exclusion(made_of, of_run), float(np.sum(of_run**2)))
            assert variance * (1 - sharing.share) == pytest.approx(at_least)


def test_clips_of_one_recording_form_a_cluster() -> None:
    made_of = [{f"recording {n % 5}"} for n in range(20)]
    sharing, [u] = Sharing.of(made_of), centred(20, rows=1)
    sums = [u[k::5].sum() for k in range(5)]
    assert sharing.variance(u + np.tile(np.arange(5) - 2.0, 4)) == pytest.approx(
        5 / 4 * np.sum(np.square(sums + 4 * (np.arange(5) - 2.0)))
    )
    assert sharing.degrees == pytest.approx(4)
    assert sharing.n_recordings == 5


def test_clips_that_share_no_recording_have_the_variance_of_a_mean() -> None:
    values = np.random.default_rng(3).standard_normal(12)
    alone = Sharing.alone(12)
    assert alone.variance((values - values.mean()) / 12) == pytest.approx(np.var(values, ddof=1) / 12)
    assert alone.degrees == pytest.approx(11)


@pytest.mark.parametrize("made_of", [[{"a"}] * 4, [set()]])
def test_one_recording_has_infinite_variance_and_no_degrees_of_freedom(made_of: list[set[str]]) -> None:
    sharing = Sharing.of(made_of)
    assert np.isinf(sharing.variance(np.zeros(len(made_of))))
    assert sharing.degrees == 0
    assert np.isinf(sharing.variance(np.zeros((3, len(made_of))))).tolist() == [True] * 3


def test_the_variance_is_right_on_average_when_clips_share_recordings() -> None:
    g = np.random.default_rng(0)
    made_of = [set(g.choice(list("abcdefghijklmnopqrst"), g.integers(1, 4), replace=False)) for _ in range(80)]
    names = sorted(set().union(*made_of))
    members = np.array([[name in of for name in names] for of in made_of], float)
    heard = g.standard_normal((4000, len(names))) @ members.T + 0.5 * g.standard_normal((4000, 80))
    means = heard.mean(axis=1, keepdims=True)
    estimated = Sharing.of(made_of).variance((heard - means) / 80)
    assert np.mean(estimated) == pytest.approx(np.var(means), rel=0.1)
