from types import SimpleNamespace

import numpy as np
from sedpipe.events import Event
from sedpipe.labels import LabelSet
from sedpipe.metrics.segment_scores import segment_roll
from sedpipe.metrics.validation import validate
from sedpipe.views.page.clip_table import clip_rows, compared_rows, compared_summary, summary

LABELS = LabelSet(("Dog", "Rain", "Siren"))
REFERENCE = {
    "late": [Event(0.0, 4.0, "Siren")],
    "wrong": [Event(0.0, 3.0, "Dog"), Event(6.0, 8.0, "Rain")],
    "quiet": [],
}


def run_of(name, estimated):
    durations = dict.fromkeys(REFERENCE, 10.0)
    table = validate(REFERENCE, estimated, durations, LABELS)
    rolls = [segment_roll(events, table.durations, len(LABELS), 1.0) for events in (table.reference, table.estimated)]
    return SimpleNamespace(
        name=name,
        labels=LABELS,
        rolls=rolls,
        truth=SimpleNamespace(reference=REFERENCE),
        estimated={clip_id: estimated.get(clip_id, []) for clip_id in REFERENCE},
        clips=[SimpleNamespace(clip_id=clip_id) for clip_id in REFERENCE],
        row_of={clip_id: row for row, clip_id in enumerate(REFERENCE)},
    )


HEARD = run_of(
    "heard", {"late": [Event(0.85, 4.0, "Siren")], "wrong": [Event(0.0, 2.0, "Rain"), Event(6.0, 8.0, "Rain")]}
)
DEAF = run_of("deaf", {})


def test_rows_list_detected_missed_and_false_classes_with_the_worst_clip_first():
    rows = clip_rows(HEARD, {"quiet": "best"})
    assert [(row.clip_id, row.kind) for row in rows] == [("wrong", ""), ("quiet", "best"), ("late", "")]
    wrong = rows[0]
    assert (wrong.sounds, wrong.predicted) == (["Dog", "Rain"], ["Rain"])
    assert (wrong.found, wrong.missed, wrong.false) == ([1], [0], [1])
    assert wrong.taken == [(0, -1), (0, 1)]  # two seconds taken for rain, one missed
    assert wrong.errors[0].total == 3


def test_a_row_has_its_largest_onset_error_with_its_sign():
    by_id = {row.clip_id: row for row in clip_rows(HEARD, {})}
    assert by_id["late"].onset == 0.85
    assert by_id["quiet"].onset is None


def test_a_summary_reports_a_late_onset_even_without_wrong_segments():
    assert summary(HEARD, "late") == "No errors in 4 s of reference. Siren begins 0.85 s late."
    assert summary(HEARD, "quiet") == "No errors in silence."
    assert summary(HEARD, "wrong") == "Errors: 3 s in 5 s of reference: 2 substituted, 1 missed."


def test_clips_of_several_runs_are_sorted_by_how_much_their_errors_differ():
    rows = compared_rows([HEARD, DEAF], {"late": "differs"})
    assert [(row.clip_id, row.spread) for row in rows] == [("late", 4), ("wrong", 2), ("quiet", 0)]
    assert compared_summary([HEARD, DEAF], "wrong") == "Errors: heard 3 s, deaf 5 s."


def test_rows_add_up_to_the_errors_of_the_run():
    reference, estimated = HEARD.rolls
    assert sum(row.errors[0].total for row in clip_rows(HEARD, {})) == int(
        np.maximum((reference & ~estimated).sum(axis=2), (estimated & ~reference).sum(axis=2)).sum()
    )
