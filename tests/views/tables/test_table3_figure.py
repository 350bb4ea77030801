import math

import pytest
from benched_cells import CELLS, PACE, bench_record, benched
from drawings import HOSTILE, SHOWN_AS, of_class, parsed, texts
from sedpipe.views.tables.table3_figure import BOTTOM, LEFT, RIGHT, TOP, table3_figure


def cells_at_max_f1() -> list:
    """Return the same cells with scores at the operating point that is drawn."""
    found = []
    for cell in CELLS:
        splits = {
            split: scores.model_copy(
                update={"post_processing_common": {"max_f1": scores.post_processing_common["min_er"]}}
            )
            for split, scores in cell.splits.items()
        }
        found.append(cell.model_copy(update={"splits": splits}))
    return found


def drawn(cells: list) -> object:
    return parsed(table3_figure(cells, bench_record(CELLS), "t"))


def test_systems_are_numbered_by_f1_and_drawn_at_their_values() -> None:
    root, cells = drawn(cells_at_max_f1()), cells_at_max_f1()
    spots = list(of_class(root, "spot"))
    assert [texts(spot)[2] for spot in spots] == ["the better", "the same", "the base"]
    dots = [(float(dot.get("cx")), float(dot.get("cy"))) for spot in spots for dot in of_class(spot, "dot")]
    assert all(LEFT <= x <= RIGHT and TOP <= y <= BOTTOM for x, y in dots)
    ticks = list(of_class(root, "small"))
    x_ticks = [(float(t.get("x")), math.log10(float(t.text))) for t in ticks if "middle" in t.get("class")]
    (x0, v0), *_, (x1, v1) = x_ticks
    means = [float(next(of_class(spot, "mean")).get("cx")) for spot in spots]
    hours = [10 ** (v0 + (x - x0) / (x1 - x0) * (v1 - v0)) for x in means]
    assert hours == pytest.approx([630, 270, 270], rel=0.01)
    y_ticks = [(float(t.get("y")) - 4, float(t.text)) for t in ticks if "end" in t.get("class")]
    (y0, f0), *_, (y1, f1) = y_ticks
    shown = [f0 + (y - y0) / (y1 - y0) * (f1 - f0) for _, y in dots]
    f1_of = {
        name: [100 * c.splits["evaluation"].post_processing_common["max_f1"].segment_based.f1
               for c in cells if c.bench.system == name]
        for name in ("better", "same", "base")
    }  # fmt: skip
    assert shown == pytest.approx([value for of in f1_of.values() for value in of], abs=0.1)


def test_the_baseline_has_its_own_colour_and_axes_have_units() -> None:
    root = drawn(cells_at_max_f1())
    assert ["the base" in texts(spot) for spot in of_class(root, "system-1")] == [True]
    said = " ".join(texts(root))
    assert "F1 in %" in said
    assert "CPU seconds per hour of audio" in said


def test_gpu_seconds_are_not_labelled_as_cpu_seconds() -> None:
    pace = PACE.model_copy(update={"device": "cuda"})
    of_gpu = [
        cell.model_copy(update={"bench": cell.bench.model_copy(update={"pace": pace})}) for cell in cells_at_max_f1()
    ]
    said = " ".join(texts(drawn(of_gpu)))
    assert "seconds of the clock on a GPU" in said
    assert "(GPU)" not in said
    mixed = [one if one.bench.system == "better" else other
             for one, other in zip(of_gpu, cells_at_max_f1(), strict=True)]  # fmt: skip
    spots = [texts(spot)[2] for spot in of_class(drawn(mixed), "spot")]
    assert spots == ["the better (GPU)", "the same", "the base"]
    assert "of those marked (GPU) seconds of the clock" in " ".join(texts(drawn(mixed)))


def test_systems_of_unknown_time_are_counted() -> None:
    unknown = benched("far", 0, 0.5, pace=PACE.model_copy(update={"front_end_s": None}))
    assert any(text.endswith("is not known: 1") for text in texts(drawn([*cells_at_max_f1(), unknown])))


def test_hostile_titles_are_escaped() -> None:
    cells = [
        cell.model_copy(update={"bench": cell.bench.model_copy(update={"title": HOSTILE})})
        for cell in cells_at_max_f1()
    ]
    assert SHOWN_AS in " ".join(texts(drawn(cells)))
