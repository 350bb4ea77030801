import csv
import io
from dataclasses import replace

import pytest
from classed_cells import CELLS, LENGTHS, RECORD
from sedpipe.views.tables.classes import class_csv, class_gains, class_lines
from some_records import record_of
from swept_cells import CELLS as OF_FIRST_EDITION


def test_classes_are_sorted_by_event_length_with_their_gain_in_f1() -> None:
    gains = class_gains(CELLS, RECORD)
    assert [gain.label for gain in gains] == ["Dog bark", "Horn", "Rain"]
    assert [gain.median_event_s for gain in gains] == [0.3, 1.2, 8.0]
    assert [gain.difference.difference for gain in gains] == pytest.approx([0.2, 0.1, -0.1])
    assert {gain.difference.seeds for gain in gains} == {3}


def test_the_table_has_a_row_per_class_and_the_correlation_of_gain_and_length() -> None:
    text = "\n".join(class_lines(class_gains(CELLS, RECORD)))
    assert "| testing | median event | linear, 5,5 |" in text
    assert "| Dog bark | 0.30 s | +20.0 points (95 % CI: +17.5 to +22.5) |" in text
    assert "- linear, 5,5: rank correlation of gain and length over 3 classes -1.00" in text


def test_markup_in_a_label_is_escaped() -> None:
    gains = [replace(gain, label="a|b <img src=x>") for gain in class_gains(CELLS, RECORD)[:1]]
    lines = class_lines(gains)
    assert any(line.startswith("| a&#124;b &lt;img src=x&gt; | 0.30 s |") for line in lines)
    table = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in table} == {4}


def test_the_csv_has_the_same_numbers() -> None:
    lines = list(csv.DictReader(io.StringIO(class_csv(class_gains(CELLS, RECORD)))))
    assert [float(line["median_event_s"]) for line in lines] == [0.3, 1.2, 8.0]
    assert [float(line["f1_difference"]) for line in lines] == pytest.approx([0.2, 0.1, -0.1])


def test_a_class_without_reference_events_or_a_known_length_is_left_out() -> None:
    known = RECORD.model_copy(update={"median_event_s": {"testing": {"Rain": 8.0, "Silent": 1.0}}})
    assert [gain.label for gain in class_gains(CELLS, known)] == ["Rain"]
    assert LENGTHS["testing"].keys() > {"Rain"}


def test_cells_without_class_scores_have_no_table() -> None:
    assert class_gains(OF_FIRST_EDITION, record_of(OF_FIRST_EDITION, median_event_s={"testing": {"Car": 1.0}})) == []
