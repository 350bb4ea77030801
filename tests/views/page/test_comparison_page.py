import pytest
from sedpipe.metrics.comparison import Difference
from sedpipe.views.page.comparison_page import METRICS, difference_rows


def difference(value, low, high, better=0.5, p=1.0):
    return Difference(value, (low, high), better, p=p)


def test_all_runs_share_the_axis_of_a_metric_with_zero_in_the_middle():
    one = {"error_rate": difference(-0.1, -0.2, 0.0), "f1": difference(0.01, 0.005, 0.02), "macro_f1": None}
    two = {"error_rate": difference(0.05, -0.05, 0.1), "f1": difference(0.0, -0.01, 0.01), "macro_f1": None}
    rows = difference_rows([one, two])
    assert [[cell and cell.metric for cell in row] for row in rows] == [["error_rate", "f1", None]] * 2
    assert list(METRICS) == ["error_rate", "f1", "macro_f1"]
    (first, f1, _), (second, _, _) = rows
    reach = 1.15 * 0.2
    assert (first.start, first.end, first.place) == pytest.approx(
        (50 - 50 * 0.2 / reach, 50, 50 - 50 * 0.1 / reach), abs=0.01
    )
    assert second.place == pytest.approx(50 + 50 * 0.05 / reach, abs=0.01)
    assert (first.text, first.interval) == ("\N{MINUS SIGN}0.100", "\N{MINUS SIGN}0.200 to 0.000")
    assert (f1.text, f1.interval) == ("+1.0", "+0.5 to +2.0")


def test_differences_are_marked_after_correction_for_all_comparisons_of_the_page():
    near, far = difference(0.03, 0.005, 0.055, p=0.02), difference(0.09, 0.06, 0.12, p=0.0001)

    def apart(*of_runs):
        return [[bool(cell and cell.is_apart) for cell in row] for row in difference_rows(of_runs)]

    alone = {"error_rate": near, "f1": None, "macro_f1": None}
    assert apart(alone) == [[True, False, False]]
    unknown = Difference(0.1, None, 0.5)
    assert apart(alone, {"error_rate": far, "f1": difference(0, -1, 1), "macro_f1": unknown}) == [
        [True, False, False], [True, False, False],
    ]  # fmt: skip
    many = dict.fromkeys(METRICS, difference(0, -1, 1))
    assert apart(alone, {**many, "f1": far}) == [
        [False] * 3,
        [False, True, False],
    ]  # p = 0.02 ranks second of four


@pytest.mark.parametrize(
    ("better", "told"),
    [(0.5, "50"), (0.994, "99"), (0.9996, "more than 99"), (1.0, "more than 99"), (0.004, "less than 1")],
)
def test_the_probability_of_being_better_is_never_shown_as_0_or_100(better, told):
    [[found, *_]] = difference_rows([dict.fromkeys(METRICS, difference(-0.1, -0.2, 0.0, better))])
    assert found.sure == told
