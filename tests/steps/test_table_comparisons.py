import pytest
from benched_cells import CELLS as BENCHED
from classed_cells import CELLS as CLASSED
from compared_cells import CELLS as TABLE
from sedpipe.metrics.holm import holm
from sedpipe.steps.table_comparisons import comparisons_of, is_endpoint, primary_rule
from swept_cells import CELLS, POINTS


def test_only_seeds_that_both_systems_have_are_compared() -> None:
    [first, _] = [one for one in comparisons_of(TABLE[1:], {}) if one.rule == "chosen"]
    assert first.seeds == (1, 2)
    assert comparisons_of(TABLE[:3], {}) == ()


def test_p_values_are_corrected_over_all_comparisons_of_a_rule() -> None:
    found = comparisons_of(TABLE, {})
    each = [one for of in found if of.rule == "chosen" for one in of.differences.values() if one is not None]
    assert len(each) == 4
    assert [one.p_holm for one in each] == pytest.approx(holm([one.p or 0.0 for one in each]))


def test_clips_of_one_recording_are_counted_as_one_recording() -> None:
    alone, shared = (
        comparisons_of(TABLE, made)[0].differences["f1"]
        for made in ({}, {"testing": tuple((f"recording {n // 8}",) for n in range(80))})
    )
    assert alone is not None
    assert shared is not None
    assert (alone.recordings, shared.recordings) == (80, 10)
    assert alone.difference == shared.difference


def test_the_primary_rule_is_one_setting_for_all_classes_if_every_cell_has_it() -> None:
    assert primary_rule(CELLS) == "chosen"
    assert primary_rule(CLASSED) == "common"
    assert primary_rule([*CLASSED, CELLS[0]]) == "chosen"
    assert {one.rule for one in comparisons_of(CLASSED, {})} == {"common", "chosen"}
    assert [one.operating_point for one in comparisons_of(CLASSED, {}) if one.rule == "common"] == list(POINTS)


def test_systems_of_table_3_are_compared_only_with_the_baseline() -> None:
    found = comparisons_of(BENCHED, {}, "base")
    assert {(one.system, one.against) for one in found} == {("better", "base"), ("same", "base")}
    [endpoint] = [one for one in found if one.system == "better" and is_endpoint(one, "error_rate")]
    assert endpoint.differences["error_rate"].outcome == "better"
    assert comparisons_of(BENCHED, {}, "nobody") == ()
