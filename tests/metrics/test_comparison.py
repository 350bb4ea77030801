import numpy as np
import pytest
import scipy.stats
from counted import some_counts
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.metrics.comparison import FEW_SEEDS, LEVEL, OUTCOMES, Difference, compare, compare_runs, judged, student
from sedpipe.metrics.contributions import Estimate, of_rows
from sedpipe.metrics.holm import holm
from sedpipe.metrics.sharing import Sharing

ALONE = Sharing.alone(60)


def runs(n_seeds: int, correct: float, seed: int, n_clips: int = 60) -> np.ndarray:
    """Return counts of a system that finds a share of each clip's ten reference segments and has no false alarms."""
    g = np.random.default_rng(seed)
    found = g.binomial(10, correct, (n_seeds, n_clips))
    return np.stack([10 - found, np.full_like(found, 10), found, found], axis=-1)


def f1(ours: np.ndarray, theirs: np.ndarray, sharing: Sharing = ALONE) -> Difference:
    found = compare(of_rows(ours)["f1"], of_rows(theirs)["f1"], sharing, lower_is_better=False)
    assert found is not None
    return found


def test_without_variation_over_clips_the_result_matches_a_paired_t_test() -> None:
    g = np.random.default_rng(0)
    values, none = g.standard_normal((2, 5)), np.zeros((5, 60))
    found = compare(Estimate(values[0], none), Estimate(values[1], none), ALONE, lower_is_better=True)
    expected = scipy.stats.ttest_rel(values[0], values[1])
    assert found is not None
    assert found.p == pytest.approx(expected.pvalue)
    assert found.interval == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert found.better == pytest.approx(scipy.stats.ttest_rel(*values, alternative="greater").pvalue)
    assert found.correlation == pytest.approx(np.corrcoef(values)[0, 1])
    alone = student(values[0].tolist(), values[1].tolist(), lower_is_better=True)
    assert (alone.p, alone.interval) == (pytest.approx(found.p), pytest.approx(found.interval))


def test_with_identical_seeds_the_result_matches_a_t_test_over_recordings() -> None:
    ours, theirs = (np.repeat(runs(1, correct, seed), 4, axis=0) for correct, seed in ((0.6, 0), (0.5, 1)))
    gains = (ours[0, :, 2] - theirs[0, :, 2]) / 10
    # with references of equal length, the error rate is a mean over clips
    pair = [of_rows(rows)["error_rate"] for rows in (theirs, ours)]
    found = compare(*pair, ALONE, lower_is_better=True)
    assert found is not None
    assert found.p == pytest.approx(scipy.stats.ttest_1samp(gains, 0).pvalue)
    assert found.over_seeds == 0
    assert found.over_recordings == pytest.approx(scipy.stats.sem(gains))


def test_a_system_does_not_differ_from_itself() -> None:
    found = f1(runs(3, 0.6, 0), runs(3, 0.6, 0))
    assert (found.difference, found.interval, found.p, found.better) == (0, (0, 0), 1, 0.5)


def test_the_same_gain_in_two_seeds_is_not_significant() -> None:
    # a gain of ten points in both seeds, up to rounding error
    [found] = judged([student([0.8, 0.5], [0.7, 0.4], lower_is_better=False)])
    assert found is not None
    assert found.difference == pytest.approx(0.1)
    assert (found.interval, found.p, found.better, found.outcome) == (None, None, 0.5, "not distinguishable")
    same = student([0.8, 0.5], [0.8, 0.5], lower_is_better=False)
    assert (same.difference, same.interval, same.p) == (0, (0, 0), 1)


@given(st.integers(0, 50), st.integers(1, 5))
def test_swapping_the_systems_only_flips_the_sign(seed: int, n_seeds: int) -> None:
    one, other = runs(n_seeds, 0.6, seed), runs(n_seeds, 0.58, seed + 100)
    there, back = f1(one, other), f1(other, one)
    assert there.difference == pytest.approx(-back.difference)
    assert there.p == pytest.approx(back.p)
    assert there.better == pytest.approx(1 - back.better)


def test_a_better_system_is_recognised_and_a_lower_error_rate_is_better() -> None:
    both = of_rows(runs(5, 0.7, 1)), of_rows(runs(5, 0.6, 2))
    pair = [compare(both[0][s], both[1][s], ALONE, lower_is_better=s == "error_rate") for s in ("error_rate", "f1")]
    for found in judged(pair):
        assert found is not None
        assert found.outcome == "better"
        assert found.better > 0.99
    assert [found.outcome for found in judged([f1(runs(5, 0.6, 2), runs(5, 0.7, 1))]) if found] == ["worse"]


def test_clips_that_share_recordings_make_a_difference_less_significant() -> None:
    g = np.random.default_rng(0)
    of_recording = g.integers(0, 4, size=15)
    heard = np.repeat(of_recording, 4)
    theirs = runs(3, 0.5, 1)
    ours = theirs + heard[None, :, None] * np.array([-1, 0, 1, 1])
    shared = Sharing.of([{f"recording {n // 4}"} for n in range(60)])
    assert f1(ours, theirs, shared).p > 2 * f1(ours, theirs).p
    assert f1(ours, theirs, shared).recordings == 15


def test_one_seed_gets_no_holm_correction_and_one_recording_gets_no_p_value() -> None:
    [found] = judged([f1(runs(1, 0.8, 0), runs(1, 0.5, 1))])
    assert found is not None
    assert (found.outcome, found.seeds) == ("one seed", 1)
    assert found.p < LEVEL
    assert found.p_holm is None
    [found] = judged([f1(runs(3, 0.8, 0), runs(3, 0.5, 1), Sharing.of([{"the only one"}] * 60))])
    assert found is not None
    assert (found.outcome, found.interval, found.p) == ("not distinguishable", None, None)


def test_holm_corrects_all_comparisons_and_the_smallest_detectable_difference_is_at_the_level() -> None:
    each = [f1(runs(5, 0.6 + gain, 2 * k), runs(5, 0.6, 2 * k + 1)) for k, gain in enumerate((0.2, 0.02, 0.0, 0.01))]
    verdicts = judged([*each, None])
    assert verdicts[-1] is None
    assert [found.p_holm for found in verdicts if found] == pytest.approx(holm([found.p for found in each]))
    n_left = sum(found.outcome == "not distinguishable" for found in verdicts if found)
    assert 0 < n_left < 4
    for found in verdicts:
        if found is not None:
            p = 2 * scipy.stats.t.sf(found.smallest / found.standard_error, found.degrees)
            assert p * n_left == pytest.approx(LEVEL)
            assert (abs(found.difference) > found.smallest) == (found.outcome != "not distinguishable")


def test_a_single_comparison_is_not_corrected() -> None:
    [found] = judged([f1(runs(5, 0.8, 0), runs(5, 0.5, 1))])
    assert found is not None
    assert found.smallest == pytest.approx(scipy.stats.t.isf(LEVEL / 2, found.degrees) * found.standard_error)


def test_every_listed_outcome_can_occur() -> None:
    more, less = runs(5, 0.8, 0), runs(5, 0.5, 1)
    each = [f1(more, less), f1(less, more), f1(less, less), f1(more[:1], less[:1])]
    assert tuple(found.outcome for found in judged(each) if found) == OUTCOMES


def test_an_undefined_score_gives_no_difference() -> None:
    ours, theirs = runs(2, 0.5, 0), runs(2, 0.5, 1)
    ours[1] = 0
    assert compare(of_rows(ours)["f1"], of_rows(theirs)["f1"], ALONE, lower_is_better=False) is None


def test_mismatched_seeds_or_clips_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 60\) and \(3, 60\)"):
        f1(runs(2, 0.5, 0), runs(3, 0.5, 1))
    with pytest.raises(ValueError, match=r"\(2, 60\) and \(2, 50\)"):
        f1(runs(2, 0.5, 0), runs(2, 0.5, 1, n_clips=50))
    with pytest.raises(ValueError, match="recordings of 60 clips"):
        f1(runs(2, 0.5, 0, n_clips=50), runs(2, 0.5, 1, n_clips=50))


def test_complete_counts_are_also_compared_by_macro_f1() -> None:
    ours, theirs = [some_counts(k) for k in (1, 2)], [some_counts(k, quality=0.6) for k in (3, 4)]
    found = compare_runs(ours, theirs, Sharing.alone(40))
    assert set(found) == {"error_rate", "f1", "macro_f1"}
    assert found["error_rate"].difference < 0 < found["macro_f1"].difference


def test_the_false_alarm_rate_is_close_to_the_level_when_seeds_and_recordings_vary() -> None:
    # benchmarks/false_alarms.py simulates counts in many settings; here are means over 30 recordings of two clips each
    g, n_tables = np.random.default_rng(1), 600
    sharing = Sharing.of([{f"recording {n // 2}"} for n in range(60)])
    alarms = 0
    for _ in range(n_tables):
        over = g.standard_normal((4, 1)) * 0.15 + np.repeat(g.standard_normal(30), 2) * 0.7 + g.standard_normal((4, 60))
        values = over.mean(axis=1)
        found = compare(
            Estimate(values, (over - values[:, None]) / 60), Estimate(np.zeros(4), np.zeros((4, 60))), sharing,
            lower_is_better=False,
        )  # fmt: skip
        alarms += found is not None and found.p is not None and found.p < LEVEL
    assert 0.03 <= alarms / n_tables <= 0.07


def bound(found: Difference, p: float) -> float:
    """Return Banerjee's critical difference: the quantile of each part from its own degrees of freedom."""
    quantiles = [scipy.stats.t.isf(p / 2, degrees) for degrees in (found.seeds - 1, found.degrees_recordings)]
    return float(np.hypot(quantiles[0] * found.over_seeds, quantiles[1] * found.over_recordings))


def heard_alike(n_seeds: int, gain: float, seed: int) -> Difference:
    """Return a comparison in which recordings count for more than seeds."""
    g = np.random.default_rng(seed)
    easy = g.uniform(0.2, 0.9, (2, 60)) + np.array([[gain], [0]])
    found = g.binomial(10, easy.clip(0, 1)[:, None].repeat(n_seeds, axis=1))
    ours, theirs = (np.stack([10 - of, np.full_like(of, 10), of, of], axis=-1) for of in found)
    return f1(ours, theirs)


@pytest.mark.parametrize("n_seeds", [2, 3, 4, 5, 10])
def test_p_of_few_seeds_is_an_upper_bound_where_satterthwaite_does_not_hold(n_seeds: int) -> None:
    each = [heard_alike(n_seeds, gain, seed) for seed, gain in enumerate((0.2, 0.05, 0.0, -0.1))]
    assert all(found.over_recordings > found.over_seeds > 0 for found in each)
    for found in each:
        t = abs(found.difference) / found.standard_error
        satterthwaite = 2 * scipy.stats.t.sf(t, found.degrees)
        [alone] = judged([found])
        assert alone is not None
        assert alone.p_holm == pytest.approx(found.p)
        if n_seeds > 2:
            assert found.p == pytest.approx(satterthwaite)
        else:
            assert found.p > satterthwaite
            assert bound(found, found.p) == pytest.approx(abs(found.difference))
            assert found.interval[1] - found.difference == pytest.approx(bound(found, LEVEL))
    few = n_seeds < FEW_SEEDS
    bounds = [found.p_value(bound=few) for found in each]
    together = judged(each)
    assert [found.p_holm for found in together if found] == pytest.approx(holm(bounds))
    if few:
        assert [bound(found, p) for found, p in zip(each, bounds, strict=True)] == pytest.approx(
            [abs(found.difference) for found in each]
        )
    for found in together:
        assert found is not None
        assert (abs(found.difference) > found.smallest) == (found.outcome != "not distinguishable")


def test_two_seeds_without_any_spread_prove_nothing() -> None:
    """They differ in opposite clips: both have the same score, and no spread is left for recordings."""
    errors = np.array([[6, 0, 3, 3, 4, 4], [0, 6, 3, 3, 4, 4]])
    ours, theirs = (
        np.stack([wrong, np.full_like(wrong, 10), 10 - wrong, np.full_like(wrong, 10)], axis=-1)
        for wrong in (errors, np.full_like(errors, 3))
    )
    pair = [of_rows(rows)["error_rate"] for rows in (ours, theirs)]
    [found] = judged([compare(*pair, Sharing.alone(6), lower_is_better=True)])
    assert found is not None
    assert found.difference == pytest.approx(1 / 30)
    assert (found.interval, found.p, found.outcome) == (None, None, "not distinguishable")


def test_a_comparison_that_is_listed_twice_counts_twice() -> None:
    found = f1(runs(5, 0.7, 0), runs(5, 0.6, 1))
    once, twice = judged([found]), judged([found, found])
    assert [one.p_holm for one in twice if one] == pytest.approx([2 * once[0].p_holm] * 2)
