"""docs/pooling.md states the numbers that its script computes, and the conclusions that follow from them."""

import csv
import importlib.util
import math
import statistics
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


def _loaded():
    spec = importlib.util.spec_from_file_location("pooling_numbers", DOCS / "pooling_numbers.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # the script's dataclass looks its module up there
    spec.loader.exec_module(module)
    return module


numbers = _loaded()


@pytest.fixture(scope="module")
def found():
    return numbers.table()


def test_the_document_contains_the_rows_that_the_script_computes() -> None:
    text = (DOCS / "pooling.md").read_text(encoding="utf-8").splitlines()
    assert set(numbers.rows()) <= set(text)


def test_single_pooling_matches_a_calculation_by_hand(found) -> None:
    for seconds in numbers.SECONDS:
        n = round(seconds / numbers.FRAME_S)
        inside, outside = n * 0.5, (125 - n) * 0.05
        linear = (n * 0.25 + (125 - n) * 0.0025) / (inside + outside)
        exponential = (inside * math.exp(0.5) + outside * math.exp(0.05)) / (
            n * math.exp(0.5) + (125 - n) * math.exp(0.05)
        )
        assert found["linear"][seconds][0].clip_prob == pytest.approx(linear)
        assert found["attention"][seconds][0].clip_prob == pytest.approx(linear)
        assert found["exponential"][seconds][0].clip_prob == pytest.approx(exponential)


def test_the_hierarchy_raises_only_short_events_with_linear_and_attention_pooling(found) -> None:
    for function in ("linear", "attention"):
        gains = {s: two.clip_prob / one.clip_prob for s, (one, two) in found[function].items()}
        assert gains[0.3] > 1.5
        assert gains[1.1] > 1.1
        assert all(0.97 < gains[s] < 1 for s in (4.0, 8.0))
    assert all(abs(two.clip_prob - one.clip_prob) < 0.004 for one, two in found["exponential"].values())


def test_only_linear_softmax_pushes_down_frames_outside_the_event(found) -> None:
    assert all(each.outside > 0 for pair in found["linear"].values() for each in pair)
    assert all(
        each.outside < 0 for name in ("exponential", "attention") for pair in found[name].values() for each in pair
    )
    short = found["exponential"][0.3][0]
    assert short.outside / (short.outside + short.inside) > 2 / 3


def test_the_stated_event_lengths_match_the_data(shared_data) -> None:
    text = " ".join((DOCS / "pooling.md").read_text(encoding="utf-8").split())
    table = DOCS.parent / "benchmarks" / "results" / "table2-esc10-fold4-yamnet" / "classes.csv"
    with table.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "evaluation"]
    lengths = sorted({(float(row["median_event_s"]), row["class"]) for row in rows})
    (shortest, shortest_class), (longest, longest_class) = lengths[0], lengths[4]
    assert len(lengths) == 10
    assert longest < 2 < lengths[5][0]
    assert (
        f"five of ten have a median event of {shortest:.1f} s, {shortest_class}, to {longest:.1f} s, {longest_class}; "
        f"of the others it lasts {lengths[5][0]:.1f} s or more"
    ) in text
    reference = shared_data / "dcase2017-task4" / "groundtruth_strong_label_testing_set.csv"
    with reference.open(encoding="utf-8") as file:
        events = [float(row[2]) - float(row[1]) for row in csv.reader(file, delimiter="\t")]
    assert f"The median event of DCASE 2017 Task 4 lasts {statistics.median(events):.1f} s (`testing`)" in text
