import csv
import io

import numpy as np
import pytest
from compared_cells import CELLS, cell, second_edition
from sedpipe.views.tables.table2 import PUBLISHED, csv_text, free_rows_of, markdown, published_lines, rows_of
from some_records import record_of


def test_a_row_is_one_system_with_the_mean_over_its_seeds() -> None:
    rows = rows_of(CELLS, "chosen")
    assert [(row.pooling, row.hierarchy, row.seeds) for row in rows] == [
        ("linear", (), (0, 1, 2)),
        ("linear", (5, 5), (0, 1, 2)),
        ("attention", (), (0, 1, 2)),
        ("attention", (5, 5), (0, 1, 2)),
    ]
    expected = np.mean([c.splits["testing"].operating_points["min_er"].f1 for c in CELLS[:3]])
    assert rows[0].scores["f1"].value == pytest.approx(expected)


def test_a_clear_difference_is_called_better_and_a_small_one_not_distinguishable() -> None:
    text = markdown(CELLS, record_of(CELLS), "Table 2")
    linear, attention = text[text.index("- linear, 5,5") :].split("- attention, 5,5 against single, 3 seeds")
    assert linear.startswith("- linear, 5,5 against single, 3 seeds")
    assert "  - ER better: -0." in linear
    assert "  - F1 better: +" in linear
    assert "  - ER not distinguishable: " in attention
    assert "would have been significant" in attention
    assert "## testing, min_er, settings chosen for each class (tuned on this split)" in text
    assert "Holm's correction of a comparison is among those of its rule (settings chosen for each class: 4)." in text


def test_cells_of_the_first_edition_are_reported_to_lack_scores_for_a_common_setting() -> None:
    text = markdown(CELLS, record_of(CELLS), "Table 2")
    assert "These cells were made by the first edition (sedpipe 0.1), without scores for one setting for all" in text
    assert "## testing, min_er, one setting for all classes" not in text
    later = [second_edition(cell) for cell in CELLS]
    text = markdown(later, record_of(later), "Table 2")
    assert "Systems are compared with one setting for all classes" in text
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## testing, min_er, one setting for all classes (tuned on this split)",
        "## testing, no threshold",
        "## testing, min_er, settings chosen for each class (tuned on this split)",
    ]


def test_threshold_free_scores_are_listed_with_best_epoch_and_validation_loss() -> None:
    later = [second_edition(cell) for cell in CELLS]
    row = free_rows_of(later)[0]
    assert row.by_seed["clip_map"] == (0.5, 0.51, 0.52)
    assert row.scores["validation_loss"].value == 0.25
    text = markdown(later, record_of(later), "t")
    assert "| system | seeds | clip mAP | best epoch | validation loss |" in text
    assert "| linear, single | 3 | 51.0 ± 2.5 | 1.0 ± 0.0 | 0.2500 ± 0.0000 |" in text
    assert "  - clip mAP not distinguishable over seeds: +0.0 points" in text
    lines = list(csv.DictReader(io.StringIO(csv_text(later))))
    assert {line["rule"] for line in lines} == {"chosen", "common", "threshold_free"}
    assert [float(line["clip_map"]) for line in lines if line["rule"] == "threshold_free"] == pytest.approx([0.51] * 4)


def test_one_seed_gives_differences_but_no_verdict() -> None:
    of_one = [one for one in CELLS if one.seed == 0]
    text = markdown(of_one, record_of(of_one), "Table 2")
    assert "- linear, 5,5 against single, 1 seed (a single random seed cannot compare two systems" in text
    below = text[text.index("- linear, 5,5") :]
    assert "  - ER -0." in below
    assert not any(verdict in below for verdict in ("better", "worse", "not distinguishable"))


def test_an_undefined_score_is_a_dash_in_the_table_and_empty_in_the_csv() -> None:
    cells = [cell("max", [], 0, 0.5, macro_f1=None)]
    assert markdown(cells, record_of(cells), "t").splitlines()[8].endswith("| - |")
    [line] = list(csv.DictReader(io.StringIO(csv_text(cells))))
    assert line["macro_f1"] == ""
    assert line["hierarchy"] == "none"
    assert float(line["f1"]) == rows_of(cells, "chosen")[0].scores["f1"].value


def test_the_published_f1_scores_follow_from_the_published_precision_and_recall() -> None:
    for *_, precision, recall, f1 in PUBLISHED.values():
        assert 2 * precision * recall / (precision + recall) == pytest.approx(f1, abs=2e-4)
    assert len(published_lines("evaluation")) == 8


def test_the_published_error_rates_are_the_sums_of_their_parts() -> None:
    for substitutions, deletions, insertions, error_rate, *_ in PUBLISHED.values():
        assert substitutions + deletions + insertions == pytest.approx(error_rate, abs=0.0151)


def test_the_name_of_a_user_defined_pooling_cannot_be_a_spreadsheet_formula() -> None:
    [line] = list(csv.DictReader(io.StringIO(csv_text([cell("=cmd()", [], 0, 0.5)]))))
    assert line["pooling"] == "'=cmd()"
