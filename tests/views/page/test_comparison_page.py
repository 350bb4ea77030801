import pytest
from sedpipe.metrics.comparison import Difference
from sedpipe.views.page.comparison_page import METRICS, difference_rows


def difference(value, low, high, better=0.5):
    return Difference(value, (low, high), better)


def test_all_runs_share_the_axis_of_a_metric_with_nothing_in_the_middle():
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
    assert [first.is_apart, f1.is_apart, second.is_apart] == [False, True, False]  # an interval that ends at 0 holds it


@pytest.mark.parametrize(
    ("better", "told"),
    [(0.5, "50"), (0.994, "99"), (0.9996, "more than 99"), (1.0, "more than 99"), (0.004, "less than 1")],
)
def test_no_run_is_better_for_certain(better, told):
    [[found, *_]] = difference_rows([dict.fromkeys(METRICS, difference(-0.1, -0.2, 0.0, better))])
    assert found.sure == told
