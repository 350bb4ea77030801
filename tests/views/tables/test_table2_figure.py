import numpy as np
import pytest
from drawings import HOSTILE, SHOWN_AS, of_class, parsed, texts
from sedpipe.io.records.table import Cell, CellScores
from sedpipe.views.tables.table2 import rows_of
from sedpipe.views.tables.table2_figure import PLACES, table2_figure
from some_records import cell_of, record_of
from swept_cells import POINTS, overall


def cell(pooling: str, hierarchy: list[int], seed: int, error_rate: float | None, f1: float) -> Cell:
    g = np.random.default_rng(seed)
    found = g.binomial(10, f1, 60)  # counts that agree with the F1
    counts = tuple(map(tuple, np.stack([10 - found, np.full(60, 10), found, found], axis=-1).tolist()))
    scored = CellScores(
        clips=60,
        operating_points=dict.fromkeys(POINTS, overall(error_rate=error_rate, f1=f1)),
        counts=dict.fromkeys(POINTS, counts),
    )
    return cell_of(pooling, hierarchy, seed, {"testing": scored, "evaluation": scored})


CELLS = [
    cell("linear", hierarchy, seed, er + seed / 50, f1 - seed / 50)
    for hierarchy, er, f1 in (([], 0.8, 0.4), ([5, 5], 0.6, 0.6))
    for seed in (0, 1, 2)
]


def drawn(cells: list[Cell]) -> str:
    return table2_figure(cells, record_of(cells), "t")


def test_every_seed_is_drawn_at_its_score():
    root = parsed(drawn(CELLS))
    blocks = list(of_class(root, "block"))
    assert len(blocks) == 4
    for block in blocks:
        for score, (first, last) in PLACES.items():
            ticks = [(float(t.get("x")), float(t.text)) for t in of_class(block, "small") if "middle" in t.get("class")]
            (x0, v0), *_, (x1, v1) = [tick for tick in ticks if first <= tick[0] <= last]
            percent = 100 if score == "f1" else 1
            for style, cells in (("system-0", CELLS[:3]), ("system-1", CELLS[3:])):
                [system] = of_class(block, style)
                places = [float(dot.get("cx")) for dot in of_class(system, "dot")]
                values = [(v0 + (x - x0) / (x1 - x0) * (v1 - v0)) / percent for x in places if first <= x <= last]
                expected = [getattr(c.splits["testing"].operating_points["min_er"], score) for c in cells]
                assert values == pytest.approx(expected, abs=1e-3)


def test_the_mean_and_its_interval_match_the_table():
    root = parsed(drawn(CELLS))
    row = rows_of(CELLS, "chosen")[0].scores["error_rate"]
    dots = [float(dot.get("cx")) for dot in list(of_class(root, "dot"))[:3]]
    per_unit = (dots[2] - dots[0]) / 0.04
    bar = next(of_class(root, "mean"))
    assert float(bar.get("x")) + float(bar.get("width")) / 2 == pytest.approx(dots[1], abs=0.01)
    span = next(of_class(root, "interval"))
    assert float(span.get("x2")) - float(span.get("x1")) == pytest.approx((row.high - row.low) * per_unit, rel=0.01)


def test_only_testing_is_marked_as_tuned_and_a_clear_difference_is_bold():
    root = parsed(drawn(CELLS))
    notes = [[note.text for note in of_class(block, "note")] for block in of_class(root, "block")]
    assert notes == [["tuned on this split"], ["tuned on this split"], [], []]
    for block in of_class(root, "block"):
        [system] = of_class(block, "system-1")
        assert len(list(of_class(system, "strong"))) == 2
        [single] = of_class(block, "system-0")
        assert not list(of_class(single, "strong"))


def test_one_seed_has_no_interval_and_an_undefined_score_no_mark():
    root = parsed(drawn([cell("linear", [], 0, None, 0.5)]))
    assert not list(of_class(root, "interval"))
    assert len(list(of_class(root, "dot"))) == 4
    assert texts(root).count("-") == 4


def test_the_very_wide_interval_of_two_seeds_is_cut_and_the_seeds_stay_apart():
    root = parsed(drawn([CELLS[0], CELLS[2], CELLS[3], CELLS[5]]))
    for block in of_class(root, "block"):
        for style in ("system-0", "system-1"):
            [system] = of_class(block, style)
            left, right, *_ = [float(dot.get("cx")) for dot in of_class(system, "dot")]
            assert abs(right - left) > 10
    ends = [float(span.get(end)) for span in of_class(root, "interval") for end in ("x1", "x2")]
    assert min(ends) >= PLACES["error_rate"][0]
    assert max(ends) <= PLACES["f1"][1]


def test_hostile_names_are_escaped():
    cells = [CELLS[0].model_copy(update={"pooling": HOSTILE})]
    drawing = table2_figure(cells, record_of(cells), HOSTILE)
    assert SHOWN_AS in texts(parsed(drawing))
