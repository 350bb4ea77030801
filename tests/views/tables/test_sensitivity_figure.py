import re

import pytest
from drawings import HOSTILE, SHOWN_AS, SVG, of_class, parsed, texts
from sedpipe.views.tables.sensitivity_curves import curves_of
from sedpipe.views.tables.sensitivity_figure import sensitivity_figure
from swept_cells import CELLS, VALUES, cell


def drawn(cells):
    return parsed(sensitivity_figure(curves_of(cells), "t"))


def points_of(path: str) -> list[tuple[float, float]]:
    return [tuple(map(float, point.split(","))) for point in re.findall(r"[-\d.e]+,[-\d.e]+", path)]


def test_every_mean_is_drawn_at_its_value():
    blocks = list(of_class(drawn(CELLS), "block"))
    assert len(blocks) == 2
    means = {0: {"system-0": [0.8, 0.55, 0.7], "system-1": [0.6, 0.4, 0.5]},
             1: {"system-0": [40, 50, 30], "system-1": [50, 60, 40]}}  # fmt: skip
    for k, block in enumerate(blocks):
        heights = [(float(tick.get("y")) - 4, float(tick.text)) for tick in of_class(block, "small") if is_up(tick)]
        (y0, v0), *_, (y1, v1) = heights
        for panel, values in zip(of_class(block, "panel"), VALUES.values(), strict=True):
            for style, expected in means[k].items():
                [system] = [group for group in of_class(panel, style) if list(of_class(group, "line"))]
                points = points_of(next(of_class(system, "line")).get("d"))
                found = [v0 + (y - y0) / (y1 - y0) * (v1 - v0) for _, y in points]
                assert found == pytest.approx(expected, rel=1e-2)
                share = [(x - points[0][0]) / (points[-1][0] - points[0][0]) for x, _ in points]
                assert share == pytest.approx([(v - values[0]) / (values[-1] - values[0]) for v in values], abs=1e-3)


def is_up(tick) -> bool:
    return "end" in tick.get("class").split()


def test_tuned_thresholds_lie_in_the_middle_and_each_seeds_durations_have_ticks():
    panels = list(of_class(next(of_class(drawn(CELLS), "block")), "panel"))
    [dashed] = [line for line in of_class(panels[0], "axis") if line.get("stroke-dasharray")]
    axis = next(line for line in of_class(panels[0], "axis") if not line.get("stroke-dasharray"))
    assert float(dashed.get("x1")) == (float(axis.get("x1")) + float(axis.get("x2"))) / 2
    assert [len(list(of_class(panel, "tick"))) for panel in panels] == [0, 4, 4]
    assert [t for t in texts(drawn(CELLS)) if t in ("1/4", "1/2", "1", "2", "4")][:5] == ["1/4", "1/2", "1", "2", "4"]


def test_a_band_is_bounded_by_the_highest_and_the_lowest_seed():
    panel = next(of_class(drawn(CELLS), "panel"))
    [single] = [group for group in of_class(panel, "system-0") if list(of_class(group, "band"))]
    line = [y for _, y in points_of(next(of_class(single, "line")).get("d"))]  # 0.8, 0.55, 0.7
    band = [y for _, y in points_of(next(of_class(single, "band")).get("d"))]  # 0.9, 0.6, 0.7, 0.7, 0.5, 0.7
    per_unit = (line[0] - line[1]) / 0.25
    expected = [(seed - 0.8) * per_unit + line[0] for seed in (0.9, 0.6, 0.7, 0.7, 0.5, 0.7)]
    assert band == pytest.approx(expected, abs=0.05)


def test_an_error_rate_far_above_1_is_cut_off_by_the_frame():
    root = drawn([cell("linear", [], 0, [4.0, 0.5, 0.7]), cell("linear", [], 1, [3.0, 0.6, 0.7])])
    block = next(of_class(root, "block"))
    panel = next(of_class(block, "panel"))
    ticks = [float(tick.text) for tick in of_class(block, "small") if is_up(tick)]
    assert 0.5 <= min(ticks) < max(ticks) <= 1
    [frame] = panel.iter(f"{SVG}svg")
    x, y, width, height = map(float, frame.get("viewBox").split())
    assert [frame.get(name) for name in ("x", "y", "width", "height")] == frame.get("viewBox").split()
    points = points_of(next(of_class(frame, "line")).get("d"))
    assert [y <= place <= y + height for _, place in points] == [False, True, True]
    assert [x <= place <= x + width for place, _ in points] == [True] * 3


def test_single_pooling_has_the_same_colour_in_any_order():
    for block in of_class(drawn(CELLS[::-1]), "block"):
        assert {label.text for group in of_class(block, "system-0") for label in of_class(group, "name")} == {"single"}


def names_at_ends(block) -> list[tuple[str, float]]:
    return [(element.text, float(element.get("y"))) for element in of_class(block, "name")]


def test_the_names_of_the_curves_stand_at_their_ends_from_top_to_bottom():
    for block, order in zip(of_class(drawn(CELLS), "block"), (["single", "5,5"], ["5,5", "single"]), strict=True):
        *_, last = of_class(block, "panel")
        styles = [{"single": "system-0", "5,5": "system-1"}[name] for name in order]
        lines = [next(line for group in of_class(last, style) for line in of_class(group, "line")) for style in styles]
        ends = [points_of(line.get("d"))[-1][1] for line in lines]
        assert names_at_ends(block) == [(name, pytest.approx(y + 4)) for name, y in zip(order, ends, strict=True)]


def test_the_names_of_curves_that_end_close_together_do_not_overlap():
    close = [cell("linear", [], 0, [0.9, 0.5, 0.7], f1=0.5), cell("linear", [5, 5], 0, [0.4, 0.3, 0.69], f1=0.51)]
    for block, order in zip(of_class(drawn(close), "block"), (["single", "5,5"], ["5,5", "single"]), strict=True):
        (first, upper), (second, lower) = names_at_ends(block)
        assert [first, second] == order
        assert lower - upper == pytest.approx(13)


def test_undefined_scores_are_not_drawn_and_hostile_names_are_escaped():
    root = drawn([cell(HOSTILE, [], 0, [None, 0.5, 0.6])])
    assert len(points_of(next(of_class(root, "line")).get("d"))) == 2
    assert SHOWN_AS in texts(root)
    nothing = drawn([cell("max", [], 0, [None, None, None])])
    assert next(of_class(nothing, "line")).get("d") == ""
