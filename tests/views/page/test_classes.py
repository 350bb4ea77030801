from types import SimpleNamespace

import numpy as np
import pytest
from sedpipe.events import Event
from sedpipe.labels import LabelSet
from sedpipe.views.page.classes import (
    MOST_CONFUSED,
    class_rows,
    confused_classes,
    confusion_rows,
    findings,
    without_column,
)
from sedpipe.views.page.mistakes import confusions

LABELS = LabelSet(("Dog", "Rain", "Car"))


def run_of(reference, estimated):
    """Return a run of one clip with the given rolls (S, K)."""
    rolls = tuple(np.array([roll], dtype=bool) for roll in (reference, estimated))
    n_reference, n_estimated, correct = (roll.sum(axis=(0, 1)) for roll in (*rolls, rolls[0] & rolls[1]))
    f1 = np.where(n_reference, 2 * correct / np.maximum(n_reference + n_estimated, 1), np.nan)
    per_class = {
        label: SimpleNamespace(f1=None if np.isnan(f1[k]) else float(f1[k]), n_reference=int(n_reference[k]))
        for k, label in enumerate(LABELS)
    }
    seconds = SimpleNamespace(reference={"clip": events_of(reference)})
    scores = SimpleNamespace(per_class=per_class)
    return SimpleNamespace(
        rolls=rolls, labels=LABELS, scores=scores, truth=seconds, estimated={"clip": events_of(estimated)}
    )


def events_of(roll):
    """Return one event for each active segment, with times in whole seconds."""
    return [Event(s, s + 1, LABELS.names[k]) for s, k in np.argwhere(roll).tolist()]


@pytest.fixture
def dog_taken_for_rain():
    """20 s of dog (10 detected, 8 taken for rain, 2 missed), then 10 s of rain (all detected), no car."""
    reference = [[1, 0, 0]] * 20 + [[0, 1, 0]] * 10
    estimated = [[1, 0, 0]] * 10 + [[0, 1, 0]] * 8 + [[0, 0, 0]] * 2 + [[0, 1, 0]] * 10
    return run_of(reference, estimated)


def test_the_weakest_class_comes_first_and_one_that_never_occurs_last(dog_taken_for_rain):
    rows = class_rows(dog_taken_for_rain, confusions(*dog_taken_for_rain.rolls))
    assert [row.label for row in rows] == ["Dog", "Rain", "Car"]
    assert [(other.label, other.segments) for other in rows[0].taken_for] == [("Rain", 8.0)]
    assert not rows[1].taken_for


def test_a_confusion_row_accounts_for_all_segments_of_its_class(dog_taken_for_rain):
    confused = confusions(*dog_taken_for_rain.rolls)
    columns = confused_classes(dog_taken_for_rain, confused)
    assert columns == [0, 1]  # there is no car, and none is predicted
    rows = confusion_rows(dog_taken_for_rain, confused, columns)
    assert [row.label for row in rows] == ["Dog", "Rain"]
    assert [(cell.share, cell.is_found) for cell in rows[0].cells] == [(0.5, True), (0.4, False), (0.1, False)]
    assert [cell.title for cell in rows[0].cells] == [
        "Dog detected: 10 of 20 s",
        "Dog missed, Rain predicted instead: 8 of 20 s",
        "Dog missed, nothing predicted instead: 2 of 20 s",
    ]
    for row in rows:
        assert sum(cell.share for cell in row.cells) == pytest.approx(1)


def test_with_hundreds_of_classes_only_the_most_confused_have_columns():
    labels = LabelSet(tuple(f"class {k}" for k in range(200)))
    reference = np.eye(200, dtype=bool)[None]
    estimated = reference.copy()
    estimated[0, 150, 150] = False
    many = SimpleNamespace(rolls=(reference, estimated), labels=labels)
    columns = confused_classes(many, confusions(reference, estimated))
    assert columns == [*range(MOST_CONFUSED - 1), 150]


def test_classes_without_a_column_are_reported_with_the_reason(dog_taken_for_rain):
    assert without_column(dog_taken_for_rain, [0, 1]) == "1 class is not shown: neither active nor predicted here."
    assert without_column(dog_taken_for_rain, [1]) == "Only the 1 of 3 classes with the most errors are shown."
    assert without_column(run_of([[1, 1, 0]], [[1, 1, 1]]), [0, 1, 2]) == ""


def test_thousands_of_seconds_are_shown_to_the_second():
    run = run_of([[1, 0, 0]] * 3456, [[1, 0, 0]] * 2222 + [[0, 1, 0]] * 1234)
    confused = confusions(*run.rolls)
    [row] = confusion_rows(run, confused, [0, 1])
    assert row.cells[0].title == "Dog detected: 2,222 of 3,456 s"
    rows = class_rows(run, confused)
    assert [other.seconds for other in rows[0].taken_for] == ["1,234"]
    assert any("Dog for Rain (1,234 s)" in each.text for each in findings(run, rows, confused))


def test_the_findings_describe_the_errors_in_words(dog_taken_for_rain):
    confused = confusions(*dog_taken_for_rain.rolls)
    said = {
        each.title: each.text
        for each in findings(dog_taken_for_rain, class_rows(dog_taken_for_rain, confused), confused)
    }
    assert said["More misses than false alarms"].startswith(
        "Of 30 active seconds in the reference (summed over classes), 20 are detected and 10 missed; 8"
    )
    assert said["Weakest classes by F1 (%)"] == "Dog (66.7); the strongest is Rain (71.4)."
    assert said["Most often confused"].startswith("Dog for Rain (8 s). In 2 missed seconds")
    assert said["Onsets"].startswith(
        "Half of the 20 events that overlap a reference event of their class begin within 0.00 s of it"
    )


def test_there_are_no_findings_without_reference_events():
    silent = run_of([[0, 0, 0]] * 5, [[0, 0, 1]] * 5)
    confused = confusions(*silent.rolls)
    assert findings(silent, class_rows(silent, confused), confused) == []
