import csv
import io
from collections.abc import Sequence

import numpy as np
import pytest
from sedpipe.io.records.table import Cell, CellScores
from sedpipe.metrics.spread import rates
from sedpipe.views.tables.table2 import PUBLISHED, comparisons_of, csv_text, markdown, published_lines, rows_of
from some_records import cell_of
from swept_cells import overall


def cell(
    pooling: str, hierarchy: list[int], seed: int, share: float, splits: Sequence[str] = ("testing",), **scores: object
) -> Cell:
    """A system that finds a share of the reference, and adds nothing."""
    g = np.random.default_rng([seed, int(1000 * share)])
    found = g.binomial(10, share, 80)
    counts = np.stack([10 - found, np.full(80, 10), found, found], axis=-1)
    total = {name: float(value) for name, value in rates(counts.sum(axis=0)).items()}
    scored = CellScores(
        clips=80,
        operating_points={"min_er": overall(**{**total, **scores})},
        counts={"min_er": tuple(map(tuple, counts.tolist()))},
    )
    return cell_of(pooling, hierarchy, seed, dict.fromkeys(splits, scored))


CELLS = [
    cell(pooling, hierarchy, seed, share)
    for pooling, hierarchy, share in [
        ("linear", [], 0.5),
        ("linear", [5, 5], 0.7),
        ("attention", [], 0.6),
        ("attention", [5, 5], 0.6004),
    ]
    for seed in (0, 1, 2)
]


def test_a_row_is_a_system_with_the_mean_over_its_seeds() -> None:
    rows = rows_of(CELLS)
    assert [(row.pooling, row.hierarchy, row.seeds) for row in rows] == [
        ("linear", (), (0, 1, 2)),
        ("linear", (5, 5), (0, 1, 2)),
        ("attention", (), (0, 1, 2)),
        ("attention", (5, 5), (0, 1, 2)),
    ]
    expected = np.mean([c.splits["testing"].operating_points["min_er"].f1 for c in CELLS[:3]])
    assert rows[0].scores["f1"].value == pytest.approx(expected)


def test_a_difference_that_is_there_is_told_and_one_that_is_not_is_not() -> None:
    linear, attention = comparisons_of(CELLS)
    assert linear.differences["f1"].excludes_zero
    assert not attention.differences["f1"].excludes_zero
    text = markdown(CELLS, "Table 2")
    assert "linear, 5,5 against single, 3 seeds: ER better (-0.1" in text
    assert "attention, 5,5 against single, 3 seeds: ER not distinguishable" in text
    assert "## testing, min_er (tuned on this split)" in text


def test_one_seed_tells_differences_and_no_verdict() -> None:
    of_one = [one for one in CELLS if one.seed == 0]
    linear, _ = comparisons_of(of_one)
    assert linear.differences["f1"].excludes_zero
    assert not linear.tells_apart("f1")
    text = markdown(of_one, "Table 2")
    assert "linear, 5,5 against single, 1 seed, so chance between trainings is not counted: ER -0." in text
    assert not any(verdict in text for verdict in ("better", "worse", "not distinguishable"))


def test_only_seeds_that_both_have_are_compared() -> None:
    [linear, _] = comparisons_of(CELLS[1:])
    assert linear.seeds == (1, 2)
    assert comparisons_of(CELLS[:3]) == []


def test_an_undefined_score_is_a_dash_and_an_empty_field() -> None:
    cells = [cell("max", [], 0, 0.5, macro_f1=None)]
    assert markdown(cells, "t").splitlines()[6].endswith("| - |")
    [line] = list(csv.DictReader(io.StringIO(csv_text(cells))))
    assert line["macro_f1"] == ""
    assert line["hierarchy"] == "none"
    assert float(line["f1"]) == rows_of(cells)[0].scores["f1"].value


def test_the_published_f1_follow_from_the_published_precision_and_recall() -> None:
    for *_, precision, recall, f1 in PUBLISHED.values():
        assert 2 * precision * recall / (precision + recall) == pytest.approx(f1, abs=2e-4)
    assert len(published_lines("evaluation")) == 8


def test_the_published_error_rates_are_the_sums_of_their_parts() -> None:
    for substitutions, deletions, insertions, error_rate, *_ in PUBLISHED.values():
        assert substitutions + deletions + insertions == pytest.approx(error_rate, abs=0.0151)


def test_the_name_of_a_function_of_ones_own_is_no_formula_in_a_spreadsheet() -> None:
    [line] = list(csv.DictReader(io.StringIO(csv_text([cell("=cmd()", [], 0, 0.5)]))))
    assert line["pooling"] == "'=cmd()"
