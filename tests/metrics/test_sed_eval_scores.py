import warnings
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.clips import clip_id_of_filename
from sedpipe.events import Event
from sedpipe.labels import LabelSet
from sedpipe.metrics.detection_scores import DetectionScores
from sedpipe.metrics.event_scores import event_based_scores
from sedpipe.metrics.sed_eval_scores import (
    differences,
    official_event_based_scores,
    official_segment_based_scores,
)
from sedpipe.metrics.segment_scores import segment_based_scores

SAME = 1e-12  # tolerance for adding the same ratios of integers in two ways
LABELS = LabelSet(("Bus", "Car", "None"))
TIMES = st.one_of(
    st.floats(0, 12),
    st.integers(0, 120).map(lambda tenth: tenth / 10),
    st.sampled_from([2.0000001, 2.0004, 0.3, 1.0005]),
)
EVENTS = st.builds(lambda a, b, label: Event(min(a, b), max(a, b), label), TIMES, TIMES, st.sampled_from(LABELS.names))
LISTS = st.lists(EVENTS, max_size=6)
CLIPS = st.dictionaries(
    st.sampled_from("abcd"), st.tuples(LISTS, LISTS, st.sampled_from([10, 9.3453, 4.0004])), min_size=1
)


def assert_same(ours: DetectionScores, official: DetectionScores) -> None:
    assert asdict(ours.overall) == pytest.approx(asdict(official.overall), abs=SAME)
    for label in ours.per_class:
        assert asdict(ours.per_class[label]) == pytest.approx(asdict(official.per_class[label]), abs=SAME)


def taken_apart(clips) -> tuple[dict, dict, dict]:
    """Return reference and estimated events (without clips that have no estimated event) and durations."""
    reference = {clip_id: truth for clip_id, (truth, _, _) in clips.items()}
    estimated = {clip_id: found for clip_id, (_, found, _) in clips.items() if found}
    return reference, estimated, {clip_id: duration for clip_id, (_, _, duration) in clips.items()}


@given(CLIPS, st.sampled_from([1.0, 0.1, 0.5]))
def test_segment_based_scores_match_sed_eval(clips, resolution):
    lists = taken_apart(clips)
    ours = segment_based_scores(*lists, LABELS, resolution)
    assert_same(ours, official_segment_based_scores(*lists, LABELS, resolution))


@given(CLIPS, st.sampled_from([0.2, 0.1, 1.0]), st.sampled_from([0.2, 0.5, None]))
def test_event_based_scores_match_sed_eval(clips, collar, rate):
    lists = taken_apart(clips)
    ours = event_based_scores(*lists, LABELS, collar, rate)
    assert_same(ours, official_event_based_scores(*lists, LABELS, collar, rate))


MANY = st.lists(EVENTS, max_size=25)


@given(MANY, MANY, st.sampled_from([0.2, 0.1, 1.0]), st.sampled_from([0.2, 0.5, None]))
def test_evaluating_a_long_clip_in_parts_does_not_change_the_scores(truth, found, collar, rate):
    lists = {"a": truth}, {"a": found}, {"a": 12.0}, LABELS
    in_one = official_event_based_scores(*lists, collar, rate)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sedpipe.metrics.sed_eval_scores._EVENTS_AT_ONCE", 3)
        assert official_event_based_scores(*lists, collar, rate) == in_one
    assert_same(event_based_scores(*lists, collar, rate), in_one)


def raw_rows(events) -> list[dict]:
    """Return events rounded and in sed_eval's format, without using sedpipe's own conversion."""
    rounded = [(round(event.onset, 6), round(event.offset, 6), f"class {event.label}") for event in events]
    return [{"onset": a, "offset": b, "event_label": label} for a, b, label in rounded if (a, b) != (0, 0)]


@given(CLIPS)
def test_error_rate_f1_precision_and_recall_match_sed_eval_called_directly(clips):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import sed_eval

        names = [f"class {label}" for label in LABELS]
        by_segment = sed_eval.sound_event.SegmentBasedMetrics(names, time_resolution=1.0)
        by_event = sed_eval.sound_event.EventBasedMetrics(names, t_collar=0.2, percentage_of_length=0.2)
        for truth, found, duration in clips.values():
            rows = raw_rows(truth), raw_rows(found)
            by_segment.evaluate(*rows, evaluated_length_seconds=round(duration, 6))
            by_event.evaluate(*rows)
        lists = taken_apart(clips)
        ours = segment_based_scores(*lists, LABELS).overall, event_based_scores(*lists, LABELS).overall
        for scores, official in zip(ours, (by_segment, by_event), strict=True):
            if scores.error_rate is not None:
                expected = official.overall_error_rate()["error_rate"], official.overall_f_measure()["recall"]
                assert (scores.error_rate, scores.recall) == pytest.approx(expected, abs=SAME)
            if scores.precision is not None:
                assert scores.precision == pytest.approx(official.overall_f_measure()["precision"], abs=SAME)
            if scores.f1:
                assert scores.f1 == pytest.approx(official.overall_f_measure()["f_measure"], abs=SAME)


def test_differences_name_each_score_that_differs():
    lists = {"a": [Event(0, 2, "Car")]}, {"a": [Event(0, 1, "Car")]}, {"a": 10.0}
    official, ours = official_segment_based_scores(*lists, LABELS), segment_based_scores(*lists, LABELS)
    assert differences(official, ours) == []
    off = replace(ours, overall=replace(ours.overall, f1=0.7, precision=None))
    assert differences(official, off) == ["precision (1.0 and None)", f"f1 ({official.overall.f1} and 0.7)"]


def test_an_error_rate_in_the_thousands_may_differ_in_its_last_digits():
    ours = segment_based_scores({"a": [Event(0, 1, "Car")]}, {"a": [Event(0, 60, "Car")]}, {"a": 60.0}, LABELS)
    thousands = [
        replace(ours, overall=replace(ours.overall, error_rate=rate))
        for rate in (86_399.0, 86_398.99999999999, 86_399.0001)
    ]
    assert differences(thousands[0], thousands[1]) == []
    assert len(differences(thousands[0], thousands[2])) == 1


def test_undefined_scores_are_none_and_cause_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for score in (official_segment_based_scores, official_event_based_scores):
            nothing = score({"a": []}, {}, {"a": 10.0}, LABELS)
            assert set(asdict(nothing.overall).values()) == {None}
            false_alarm = score({"a": []}, {"a": [Event(0, 1, "Car")]}, {"a": 10.0}, LABELS)
            assert (false_alarm.overall.error_rate, false_alarm.overall.precision) == (None, 0)


def test_events_match_within_the_collar_or_a_fifth_of_their_length():
    reference = {"a": [Event(1, 2, "Car"), Event(0, 10, "Bus")], "b": [Event(4, 5, "Car")]}
    estimated = {"a": [Event(1.19, 2.19, "Car"), Event(0, 8, "Bus")], "b": [Event(4, 5.3, "Car"), Event(7, 8, "None")]}
    scores = official_event_based_scores(reference, estimated, {"a": 10.0, "b": 10.0}, LABELS)
    assert (scores.overall.precision, scores.overall.recall) == (2 / 4, 2 / 3)
    assert scores.per_class["Car"].f1 == 1 / 2
    assert scores.overall.macro_f1 == (1 / 2 + 1) / 2


def test_event_based_scores_ignore_events_that_are_not_located():
    reference = {"a": [Event(0, 0, "Car"), Event(1, 2, "Bus")]}
    scores = official_event_based_scores(reference, reference, {"a": 10.0}, LABELS)
    assert scores.overall.f1 == 1
    assert scores.per_class["Car"].n_reference == 0


def test_a_clip_missing_from_the_reference_is_named_in_the_error():
    for score in (official_segment_based_scores, official_event_based_scores):
        with pytest.raises(ValueError, match="clip 'b' has estimated events but is not in the reference"):
            score({"a": []}, {"b": [Event(0, 1, "Car")]}, {"a": 10.0}, LABELS)


@pytest.fixture(scope="module")
def dcase_testing(shared_data):
    """The strong labels of DCASE 2017 Task 4, testing; rows with equal times name a class without locating it."""
    path = shared_data / "dcase2017-task4" / "groundtruth_strong_label_testing_set.csv"
    rows = [line.split("\t") for line in path.read_text().splitlines() if line.strip()]
    reference: dict[str, list[Event]] = {}
    for filename, onset, offset, label in rows:
        event = Event(float(onset), float(offset), label.strip())
        reference.setdefault(clip_id_of_filename(filename), []).append(event)
    return reference, LabelSet(tuple(sorted({event.label for events in reference.values() for event in events})))


@pytest.mark.parametrize(
    ("tags_of", "error_rate", "f1"),
    [
        pytest.param(lambda events: {event.label for event in events}, 0.388, 0.8375, id="true tags all along"),
        pytest.param(lambda events: {"Car"}, 1.161, 0.0805, id="Car everywhere"),
    ],
)
def test_trivial_baselines_on_dcase_2017_testing_have_their_known_scores(dcase_testing, tags_of, error_rate, f1):
    reference, labels = dcase_testing
    assert (len(reference), len(labels)) == (488, 17)
    durations = dict.fromkeys(reference, 10.0)
    estimated = {
        clip_id: [Event(0, 10, label) for label in sorted(tags_of(events))] for clip_id, events in reference.items()
    }
    official = official_segment_based_scores(reference, estimated, durations, labels)
    assert official.overall.error_rate == pytest.approx(error_rate, abs=5e-4)
    assert official.overall.f1 == pytest.approx(f1, abs=5e-5)
    assert_same(segment_based_scores(reference, estimated, durations, labels), official)


def test_the_watch_callback_sees_every_clip_once():
    lists = {f"clip{n}": [] for n in range(5)}
    for score in (official_segment_based_scores, official_event_based_scores):
        seen = []
        score(lists, {}, dict.fromkeys(lists, 10.0), LABELS, watch=lambda rows, seen=seen: _noted(rows, seen))
        assert seen == [0, 1, 2, 3, 4]


def _noted(rows, seen):
    for row in rows:
        seen.append(row[0])
        yield row
