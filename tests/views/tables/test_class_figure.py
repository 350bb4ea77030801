from dataclasses import replace

import numpy as np
import pytest
from classed_cells import CELLS, RECORD
from drawings import HOSTILE, SHOWN_AS, of_class, parsed, texts
from sedpipe.views.tables.class_figure import class_figure
from sedpipe.views.tables.classes import class_gains

GAINS = class_gains(CELLS, RECORD)


def test_every_class_is_drawn_at_its_length_and_gain() -> None:
    root = parsed(class_figure(GAINS, "t"))
    dots = [(float(dot.get("cx")), float(dot.get("cy"))) for dot in of_class(root, "dot")]
    small = list(of_class(root, "small"))
    up = [(float(tick.get("y")) - 4, float(tick.text)) for tick in small if "end" in tick.get("class")]
    across = [(float(tick.get("x")), np.log10(float(tick.text))) for tick in small if "middle" in tick.get("class")]

    def read(ticks: list[tuple[float, float]], place: float) -> float:
        (p0, v0), *_, (p1, v1) = ticks
        return v0 + (place - p0) / (p1 - p0) * (v1 - v0)

    assert [read(up, y) for _, y in dots] == pytest.approx([20, 10, -10], abs=0.1)
    assert [10 ** read(across, x) for x, _ in dots] == pytest.approx([0.3, 1.2, 8.0], rel=0.01)
    assert [title.text for title in root.iter("{http://www.w3.org/2000/svg}title")][1:] == ["Dog bark", "Horn", "Rain"]


def test_each_split_has_a_block_and_each_system_a_panel() -> None:
    more = [*GAINS, *(replace(gain, split="evaluation") for gain in GAINS), *(replace(g, pooling="max") for g in GAINS)]
    root = parsed(class_figure(more, HOSTILE))
    assert len(list(of_class(root, "block"))) == 2
    assert len(list(of_class(root, "panel"))) == 4
    assert SHOWN_AS in texts(root)


def test_the_length_axis_has_ticks_for_events_of_any_length() -> None:
    for lengths in ((25.0, 48.0, 90.0), (0.02, 0.04, 0.09)):
        gains = [replace(gain, median_event_s=length) for gain, length in zip(GAINS, lengths, strict=True)]
        small = of_class(parsed(class_figure(gains, "t")), "small")
        ticks = [float(tick.text) for tick in small if "middle" in tick.get("class")]
        assert len(ticks) >= 2
        assert min(lengths) / 1.3 <= min(ticks) <= max(ticks) <= 1.3 * max(lengths)


def test_intervals_that_go_beyond_the_panel_are_counted() -> None:
    narrow = [replace(gain, difference=replace(gain.difference, interval=(-0.1, 0.1))) for gain in GAINS]
    assert not any("as far as the panel reaches" in text for text in texts(parsed(class_figure(narrow, "t"))))
    wide = replace(GAINS[0], difference=replace(GAINS[0].difference, interval=(-5.0, 0.2)))
    told = texts(parsed(class_figure([wide, *narrow[1:]], "t")))
    assert "1 interval drawn only as far as the panel reaches" in told
