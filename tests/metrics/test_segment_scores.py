from dataclasses import asdict, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sedpipe.events import Event
from sedpipe.labels import LabelSet
from sedpipe.metrics.detection_scores import detection_scores
from sedpipe.metrics.segment_scores import (
    _pieces,
    count_segments,
    segment_based_counts,
    segment_based_scores,
    segment_roll,
    segments_of_frames,
)
from sedpipe.metrics.validation import validate

LABELS = LabelSet(("Bus", "Car", "Train"))
TEN_S = {"a": 10.0, "b": 10.0}


def test_scores_match_an_example_computed_by_hand():
    reference = {"a": [Event(0.5, 2.5, "Car")], "b": [Event(0, 1, "Bus"), Event(3, 4, "Bus")]}
    estimated = {"a": [Event(1, 2, "Car"), Event(0, 1, "Bus")], "b": [Event(0.2, 0.3, "Bus"), Event(8, 9.5, "Train")]}
    scores = segment_based_scores(reference, estimated, TEN_S, LABELS)
    # reference against estimated segments: a: Car 0 1 2 against Bus 0, Car 1; b: Bus 0 3 against Bus 0, Train 8 9
    assert asdict(scores.overall) == pytest.approx(
        {
            "error_rate": 5 / 5,
            "substitution_rate": 1 / 5,
            "deletion_rate": 2 / 5,
            "insertion_rate": 2 / 5,
            "precision": 2 / 5,
            "recall": 2 / 5,
            "f1": 2 / 5,
            "macro_f1": (1 / 2 + 1 / 2) / 2,
        }
    )
    assert scores.per_class["Bus"].n_reference == 2
    assert scores.per_class["Train"].n_estimated == 2
    assert scores.per_class["Car"].error_rate == pytest.approx(2 / 3)


def test_a_missed_and_a_false_class_in_one_segment_are_one_substitution():
    scores = segment_based_scores({"a": [Event(0, 1, "Car")]}, {"a": [Event(0, 1, "Bus")]}, TEN_S, LABELS).overall
    assert (scores.error_rate, scores.substitution_rate) == (1.0, 1.0)


def test_identical_lists_score_1_and_no_output_scores_0():
    reference = {"a": [Event(0, 3, "Car")], "b": []}
    perfect = segment_based_scores(reference, reference, TEN_S, LABELS).overall
    assert (perfect.error_rate, perfect.f1, perfect.macro_f1) == (0, 1, 1)
    silent = segment_based_scores(reference, {}, TEN_S, LABELS).overall
    assert (silent.error_rate, silent.precision, silent.f1, silent.macro_f1) == (1, None, 0, 0)


def test_without_reference_only_precision_is_defined():
    scores = segment_based_scores({"a": []}, {"a": [Event(0, 3, "Car")]}, TEN_S, LABELS)
    assert {name for name, score in asdict(scores.overall).items() if score is not None} == {"precision"}
    assert scores.per_class["Car"].precision == 0
    assert scores.per_class["Car"].error_rate is None
    assert set(asdict(scores.per_class["Bus"]).values()) == {0, None}


def test_macro_f1_is_the_mean_over_the_classes_of_the_reference():
    reference = {"a": [Event(0, 1, "Car"), Event(2, 3, "Bus")]}
    estimated = {"a": [Event(0, 1, "Car"), Event(5, 9, "Train")]}
    assert segment_based_scores(reference, estimated, TEN_S, LABELS).overall.macro_f1 == 1 / 2


def test_a_rounding_error_in_a_time_activates_no_segment():
    reference = {"a": [Event(0, 2, "Car")]}
    scores = segment_based_scores(reference, {"a": [Event(0, 2.0000001, "Car")]}, TEN_S, LABELS)
    assert scores.overall.error_rate == 0


def test_events_that_are_not_located_activate_no_segment():
    reference = {"a": [Event(0, 0, "Car"), Event(3, 4, "Bus")]}
    scores = segment_based_scores(reference, {}, TEN_S, LABELS)
    assert (scores.per_class["Car"].n_reference, scores.per_class["Bus"].n_reference) == (0, 1)


def test_nothing_past_the_end_of_a_clip_is_counted():
    reference = {"a": [Event(0, 10, "Car")], "b": [Event(0, 3, "Car")]}
    estimated = {"a": [], "b": [Event(0, 10, "Car")]}
    scores = segment_based_scores(reference, estimated, {"a": 10.0, "b": 3.2}, LABELS)
    assert scores.per_class["Car"].n_estimated == 4


def test_invalid_input_is_named_in_the_error():
    car = [Event(0, 1, "Car")]
    with pytest.raises(ValueError, match="clip 'c' has estimated events but is not in the reference"):
        segment_based_scores({"a": car}, {"c": car}, TEN_S, LABELS)
    with pytest.raises(ValueError, match="clip 'c' of the reference has no duration"):
        segment_based_scores({"c": car}, {}, TEN_S, LABELS)
    with pytest.raises(ValueError, match="clip 'a' must last a positive number of seconds, got 0"):
        segment_based_scores({"a": car}, {}, {"a": 0}, LABELS)
    with pytest.raises(
        ValueError, match="clip 'a' has an event of no known class: label 'Cat' is not one of the 3 classes"
    ):
        segment_based_scores({"a": [Event(0, 1, "Cat")]}, {}, TEN_S, LABELS)
    with pytest.raises(ValueError, match="time_resolution must be positive, got 0"):
        segment_based_scores({"a": car}, {}, TEN_S, LABELS, time_resolution=0)
    with pytest.raises(ValueError, match=r"got \(1, 2, 3\) and \(1, 3, 3\)"):
        count_segments(np.ones((1, 2, 3), dtype=bool), np.ones((1, 3, 3), dtype=bool))


rolls = arrays.arrays(bool, (3, 4, 3))


@given(rolls, rolls)
def test_recall_equals_one_minus_the_substitution_and_deletion_rates(reference, estimated):
    scores = detection_scores(count_segments(reference, estimated), LABELS).overall
    if scores.recall is not None:
        assert scores.recall == pytest.approx(1 - scores.substitution_rate - scores.deletion_rate)


@given(rolls, rolls, st.permutations(range(3)))
def test_the_order_of_clips_does_not_matter(reference, estimated, order):
    shuffled = detection_scores(count_segments(reference[order], estimated[order]), LABELS)
    assert detection_scores(count_segments(reference, estimated), LABELS) == shuffled


@given(arrays.arrays(bool, (50, 3)), st.sampled_from([0.02, 0.07, 0.08, 0.3]), st.sampled_from([1.0, 0.1, 0.25]))
def test_frames_activate_the_same_segments_as_their_events(active, frame_s, resolution):
    edges = np.array([round(k * frame_s, 3) for k in range(51)])
    changes = np.diff(np.pad(active, ((1, 1), (0, 0))).astype(int), axis=0)
    events = [
        Event(edges[start], edges[stop], label)
        for k, label in enumerate(LABELS)
        for start, stop in zip(np.flatnonzero(changes[:, k] == 1), np.flatnonzero(changes[:, k] == -1), strict=True)
    ]
    clip = validate({"a": events}, {}, {"a": edges[-1]}, LABELS)
    roll = segment_roll(clip.reference, clip.durations, len(LABELS), resolution)[0]
    assert np.array_equal(segments_of_frames(active, edges, len(roll), resolution), roll)


def test_counts_do_not_depend_on_the_number_of_clips_counted_at_a_time(monkeypatch):
    names = [f"clip{n}" for n in range(20)]
    durations = {name: float(n % 7 + 1) for n, name in enumerate(names)}
    reference = {name: [Event(0.0, n % 5 + 0.5, "Car")] for n, name in enumerate(names)}
    estimated = {name: [Event(n % 3, n % 3 + 2.0, "Bus")] for n, name in enumerate(names) if n % 4}
    at_once = segment_based_counts(reference, estimated, durations, LABELS)
    for cells in (1, 50, 100):
        monkeypatch.setattr("sedpipe.metrics.segment_scores._MOST_CELLS", cells)
        in_pieces = segment_based_counts(reference, estimated, durations, LABELS)
        for field in fields(at_once):
            assert getattr(in_pieces, field.name).tolist() == getattr(at_once, field.name).tolist()


@given(st.lists(st.integers(1, 40), max_size=12), st.integers(1, 3), st.sampled_from([1, 30, 100]))
def test_each_piece_holds_as_many_clips_as_fit_within_the_limit(n_segments, n_classes, most):
    pieces = list(_pieces(np.array(n_segments, dtype=int), n_classes, most))
    assert [n for some in pieces for n in range(some.start, some.stop)] == list(range(len(n_segments)))

    def cells(first: int, end: int) -> int:
        return (end - first) * max(n_segments[first:end], default=0) * n_classes

    assert all(cells(some.start, some.stop) <= most for some in pieces if some.stop - some.start > 1)
    assert all(cells(some.start, some.stop + 1) > most for some in pieces[:-1])


def test_counts_of_no_clips_are_empty():
    assert segment_based_counts({}, {}, {}, LABELS).correct.shape == (0, 3)
