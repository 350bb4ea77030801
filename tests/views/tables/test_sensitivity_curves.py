import numpy as np
import pytest
from sedpipe.views.tables.sensitivity_curves import curves_of, sensitivity_lines
from swept_cells import CELLS, cell


def test_a_curve_has_the_mean_lowest_and_highest_score_over_seeds():
    single = curves_of(CELLS)[0]
    assert (single.score, single.moved, single.pooling, single.hierarchy) == ("error_rate", "threshold", "linear", ())
    assert [band.mean for band in single.scores] == pytest.approx([0.8, 0.55, 0.7])
    assert [(band.low, band.high) for band in single.scores] == [(0.7, 0.9), (0.5, 0.6), (0.7, 0.7)]
    assert single.range == pytest.approx((0.55, 0.8))
    assert single.as_chosen == pytest.approx(0.55)


def test_the_chosen_setting_of_each_seed_is_the_mean_over_its_classes():
    chosen = {curve.moved: curve.chosen for curve in curves_of(CELLS)[:3]}
    assert chosen == {"threshold": (0.0, 0.0), "median_s": (0.56, 0.2), "min_duration_s": (0.2, 0.2)}


def test_cells_without_sweeps_are_left_out_of_the_curves_and_the_number_of_seeds():
    old = [CELLS[0].model_copy(update={"sensitivity": {}}), *CELLS[1:]]
    curves = curves_of(old)
    assert {curve.seeds for curve in curves if not curve.hierarchy} == {(1,)}
    assert curves_of(old[:1]) == []
    assert "| linear, single | 1 |" in "\n".join(sensitivity_lines(curves))


def test_the_table_and_its_summary_match_the_curves():
    text = sensitivity_lines(curves_of(CELLS))
    assert "![ER and F1 against threshold, median filter and minimum event](sensitivity.svg)" in text
    assert "from 0.25 to 4 times" in text[4]
    assert "all classes of 0.08 to 4.08 s" in text[4]
    assert "| linear, single | 2 | 0.550 | 0.550 to 0.800 | 0.550 to 0.800 | 0.550 to 0.800 |" in text
    assert "| linear, 5,5 | 2 | 60.0 | 40.0 to 60.0 | 40.0 to 60.0 | 40.0 to 60.0 |" in text
    assert (
        "- linear: post-processing changes ER by up to 0.250 (threshold) for single and 0.200 (threshold) for 5,5; "
        "as tuned, 5,5 differs from single by -0.150." in text
    )
    assert any(line.endswith("differs from single by +10.0.") for line in text)


def test_an_undefined_score_is_a_gap():
    [curve] = [c for c in curves_of([cell("max", [], 0, [None, 0.5, 0.6])]) if c.score == "error_rate"][:1]
    assert curve.scores[0] is None
    assert curve.range == (0.5, 0.6)
    nothing = curves_of([cell("max", [], 0, [None, None, None])])
    assert np.isnan(nothing[0].range).all()
    assert "| max, single | 1 | - | - | - | - |" in sensitivity_lines(nothing)
