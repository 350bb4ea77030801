from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.views.charts import Line, LineChart, Scale, ticks_between, ticks_up_to

CHART = LineChart("F1", "threshold", [(0.0, "0"), (1.0, "1")], [(0.0, "0"), (0.8, "0.8")], [])


def test_the_ends_of_the_axes_are_the_edges_of_the_frame() -> None:
    assert (CHART.x(0), CHART.x(1)) == (CHART.left, CHART.right)
    assert (CHART.y(0), CHART.y(0.8)) == (CHART.bottom, CHART.top)


def test_a_path_goes_through_its_points_and_is_empty_without_any() -> None:
    line = Line("a", [(0.0, 0.0), (1.0, 0.8)], "s")
    assert CHART.path(line) == f"M{CHART.left:g},{CHART.bottom:g}L{CHART.right:g},{CHART.top:g}"
    assert CHART.path(Line("b", [], "s")) == ""


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_y_coordinates_are_bounded_and_x_coordinates_linear(x: float, y: float) -> None:
    assert abs(CHART.y(y)) <= 10 * CHART.height
    assert CHART.x(x) == pytest.approx(CHART.left + x * (CHART.right - CHART.left), abs=0.1)


def test_values_beyond_an_axis_lie_outside_the_frame() -> None:
    assert CHART.x(-0.1) < CHART.left < CHART.right < CHART.x(1.1)
    assert CHART.y(0.9) < CHART.top < CHART.bottom < CHART.y(-0.1)
    assert CHART.y(1e9) < CHART.top < CHART.bottom < CHART.y(-1e9)


def assert_round(ticks: list[float]) -> None:
    """Check that ticks are multiples of their step, which is 1, 2, 2.5 or 5 times a power of ten."""
    steps = [high - low for low, high in pairwise(ticks)]
    assert steps == pytest.approx(steps[:1] * len(steps))
    for step in steps:
        assert f"{step:.1e}"[:3] in {"1.0", "2.0", "2.5", "5.0"}
        assert [tick / step for tick in ticks] == pytest.approx([round(tick / step) for tick in ticks])


@given(st.floats(0.01, 1000), st.integers(2, 9))
def test_ticks_are_round_few_and_increase_to_at_least_the_highest_value(highest: float, n: int) -> None:
    ticks = ticks_up_to(highest, n)
    assert ticks[0] == 0
    assert ticks[-1] >= highest * (1 - 1e-6)
    assert len(ticks) <= n + 2
    assert all(low < high for low, high in pairwise(ticks))
    assert_round(ticks)


@given(st.floats(0, 10), st.floats(0.1, 10), st.integers(2, 9))
def test_ticks_between_two_values_are_round_and_lie_between_them(low: float, width: float, n: int) -> None:
    ticks = ticks_between(low, low + width, n)
    assert all(low - 1e-6 <= tick <= low + width + 1e-6 for tick in ticks)
    assert_round(ticks)


def test_a_scale_places_its_ends_and_values_beyond_them() -> None:
    scale = Scale(0, 2, 100, 300)
    assert [scale.place(value) for value in (-1, 0, 2, 3)] == [0, 100, 300, 400]
