from pathlib import Path

import pytest
from sedpipe.api.scoring import event_based, segment_based
from sedpipe.errors import SedpipeError, SettingsError
from sedpipe.events import Event
from sedpipe.io.lists.events import write_event_list
from sedpipe.io.predictions import PredictedEvent

REFERENCE = {"a": [Event(0.0, 2.5, "Car")], "b": [Event(1.0, 3.0, "Bus"), Event(4.0, 6.0, "Car")], "c": []}
ESTIMATED = {"a": [Event(0.4, 2.5, "Car")], "b": [Event(1.0, 3.0, "Bus")], "c": [Event(0.0, 1.0, "Bus")]}


def as_tuples(lists: dict[str, list[Event]]) -> dict[str, list[tuple[float, float, str]]]:
    return {
        clip_id: [(event.onset, event.offset, event.label) for event in events] for clip_id, events in lists.items()
    }


def as_file(lists: dict[str, list[Event]], path: Path) -> Path:
    write_event_list(path, lists)
    return path


def as_frame(lists: dict[str, list[Event]]) -> object:
    pandas = pytest.importorskip("pandas")
    rows = [
        (f"{clip_id}.wav", event.onset, event.offset, event.label) if event else (f"{clip_id}.wav", None, None, None)
        for clip_id, events in lists.items()
        for event in events or [None]
    ]
    return pandas.DataFrame(rows, columns=["filename", "onset", "offset", "event_label"])


@pytest.mark.parametrize("metric", [segment_based, event_based])
def test_files_dictionaries_tuples_and_data_frames_give_the_same_scores(metric, tmp_path: Path) -> None:
    expected = metric(REFERENCE, ESTIMATED, duration=10)
    assert metric(as_tuples(REFERENCE), as_tuples(ESTIMATED), duration=10) == expected
    files = as_file(REFERENCE, tmp_path / "r.tsv"), str(as_file(ESTIMATED, tmp_path / "e.tsv"))
    assert metric(*files, duration=10) == expected
    assert metric(as_frame(REFERENCE), as_frame(ESTIMATED), duration=10) == expected
    assert metric(REFERENCE, ESTIMATED, duration={"a": 10, "b": 10.0, "c": 10}) == expected


@pytest.mark.parametrize("metric", [segment_based, event_based])
def test_predicted_events_can_be_scored_directly(metric) -> None:
    found = {
        clip_id: [PredictedEvent(event.onset, event.offset, event.label, 0.9, 0.7) for event in events]
        for clip_id, events in ESTIMATED.items()
    }
    assert metric(REFERENCE, found, duration=10) == metric(REFERENCE, ESTIMATED, duration=10)


@pytest.mark.parametrize("kind", [int, float, "Int64", object, "category"])
@pytest.mark.parametrize("metric", [segment_based, event_based])
def test_classes_may_be_numbers_in_dictionaries_and_data_frames(metric, kind: object) -> None:
    pandas = pytest.importorskip("pandas")
    number = {"Bus": 0, "Car": 1}
    both = [{clip_id: of[clip_id] for clip_id in "ab"} for of in (REFERENCE, ESTIMATED)]
    numbered, texts = [], []
    for of in both:
        times = {
            clip_id: [(*event[:2], number[event[2]]) for event in events] for clip_id, events in as_tuples(of).items()
        }
        numbered.append(times)
        texts.append({clip_id: [(*event[:2], str(event[2])) for event in events] for clip_id, events in times.items()})
    expected = metric(*texts, duration=10)
    assert expected.overall.f1
    assert metric(*numbered, duration=10) == expected
    names = ["filename", "onset", "offset", "event_label"]
    rows = [[(clip_id, *event) for clip_id, events in of.items() for event in events] for of in numbered]
    frames = [pandas.DataFrame(of, columns=names).astype({"event_label": kind}) for of in rows]
    assert metric(*frames, duration=10, labels=["0", "1"]).overall == expected.overall
    assert metric(*frames, duration=10, labels=[0, 1]).overall == expected.overall
    assert metric(*frames, duration=10).overall == expected.overall


@pytest.mark.parametrize("times", [(None, None), (0.0, 0.0)])
def test_a_data_frame_row_without_an_event_is_a_clip_without_events(
    times: tuple[float | None, float | None],
) -> None:
    pandas = pytest.importorskip("pandas")
    names = ["filename", "onset", "offset", "event_label"]
    frame = pandas.DataFrame([("a.wav", *times, None), ("b.wav", 0.0, 2.0, "Car")], columns=names)
    expected = segment_based({"a": [], "b": [(0, 2, "Car")]}, {"a": [(0, 1, "Car")]}, duration=10)
    assert segment_based(frame, {"a": [(0, 1, "Car")]}, duration=10) == expected


@pytest.mark.parametrize("label", [None, float("nan")])
def test_an_event_without_a_class_gives_a_one_line_error(label: object) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"filename": ["a.wav"], "onset": [0], "offset": [2.0], "event_label": [label]})
    for lists in (frame, {"a": [(0, 2.0, label)]}):
        with pytest.raises(SettingsError, match=r"reference, .*'a.*: expected an event .*: it has no label"):
            segment_based(lists, {}, duration=10, labels=["Car"])


def test_scores_match_an_example_computed_by_hand() -> None:
    # Segments of 1 s: a: Car 0-3 in both (3 right). b: Bus 1-3 (2 right), Car 4-6 missed (2). c: Bus inserted (1).
    scores = segment_based(REFERENCE, ESTIMATED, duration=10)
    assert scores.overall.f1 == pytest.approx(2 * 5 / (7 + 6))
    assert scores.overall.error_rate == pytest.approx(3 / 7)
    assert event_based(REFERENCE, ESTIMATED, duration=10, onset_collar=0.5).overall.f1 == pytest.approx(2 * 2 / (3 + 3))
    assert event_based(REFERENCE, ESTIMATED, duration=10).overall.f1 == pytest.approx(2 * 1 / (3 + 3))


def test_identical_lists_score_one() -> None:
    for metric in (segment_based, event_based):
        scores = metric(REFERENCE, REFERENCE, duration=10).overall
        assert (scores.f1, scores.error_rate) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("reference", "estimated", "said"),
    [
        ({"a": []}, {"b": [(0, 1, "Car")]}, "clip 'b' has estimated events but is not in the reference"),
        ({"a": [(0, "Car")]}, {}, "expected an event"),
        ({"a": [(2, 1, "Car")]}, {}, "expected 0 <= onset <= offset"),
        ({"a": []}, {"a": []}, "neither list has an event"),
        (7, {}, "reference: expected a path, a dictionary or a data frame, got int"),
    ],
)
def test_invalid_lists_give_a_one_line_error(reference: object, estimated: object, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        segment_based(reference, estimated, duration=10)


def test_a_missing_file_and_missing_columns_give_a_one_line_error(tmp_path: Path) -> None:
    with pytest.raises(SedpipeError, match=r"nowhere\.tsv"):
        segment_based(tmp_path / "nowhere.tsv", {}, duration=10)
    pandas = pytest.importorskip("pandas")
    with pytest.raises(SettingsError, match="a data frame with file, start, expected filename, onset"):
        segment_based(pandas.DataFrame({"file": ["a"], "start": [0]}), {}, duration=10)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"labels": []}, "labels must name at least one class"),
        ({"labels": ["Car", "Car"]}, "label 'Car' is listed twice"),
        ({"duration": "long"}, "duration must be seconds, or seconds by clip, got 'long'"),
        ({"duration": {"a": None}}, "duration must be seconds"),
    ],
)
@pytest.mark.parametrize("metric", [segment_based, event_based])
def test_invalid_labels_and_durations_give_a_one_line_error(metric, options: dict, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        metric({"a": [(0, 1, "Car")]}, {}, **{"duration": 10, **options})
    with pytest.raises(SettingsError, match="label '' is empty or has blanks around it"):
        metric({"a": [(0, 1, " ")]}, {}, duration=10)


@pytest.mark.parametrize("events", [None, 3, "abc"])
def test_a_clip_whose_events_are_not_a_list_gives_a_one_line_error(events: object) -> None:
    with pytest.raises(SettingsError, match="reference, clip 'a': expected its events in a list, empty where there is"):
        segment_based({"a": events}, {}, duration=10)


def test_an_unlisted_class_gives_an_error_with_a_suggestion() -> None:
    with pytest.raises(SettingsError, match="did you mean 'Car'"):
        segment_based({"a": [(0, 1, "car")]}, {}, duration=10, labels=["Car", "Bus"])


def test_files_of_the_same_name_in_two_folders_are_two_clips() -> None:
    truth = as_frame({"site 1/a": [Event(0, 2, "Dog")], "site 2/a": [Event(5, 7, "Cat")]})
    found = as_frame({"site 1/a": [Event(5, 7, "Cat")], "site 2/a": [Event(0, 2, "Dog")]})
    assert segment_based(truth, found, duration=10).overall.f1 == 0


def test_two_files_of_one_clip_in_a_data_frame_are_refused() -> None:
    pandas = pytest.importorskip("pandas")
    rows = [("a.wav", 0, 2, "Dog"), ("a.mp3", 0, 2, "Dog")]
    frame = pandas.DataFrame(rows, columns=["filename", "onset", "offset", "event_label"])
    with pytest.raises(SedpipeError, match=r"reference:2: found 'a.mp3', expected one file a clip"):
        segment_based(frame, frame, duration=10)


def test_labels_in_different_unicode_normal_forms_are_the_same_class(tmp_path: Path) -> None:
    one, two = ({"a": [Event(0, 2, label)]} for label in ("M\u00e9sange", "Me\u0301sange"))
    for estimated in (two, as_tuples(two), as_frame(two), as_file(two, tmp_path / "e.tsv")):
        assert segment_based(one, estimated, duration=10).overall.f1 == 1


def test_joined_labels_of_an_event_are_split_into_several_events(tmp_path: Path) -> None:
    rows = [(0.0, 2.0, "Car|Dog"), (4.0, 5.0, "Cat")]
    joined = {"a": [Event(*row) for row in rows]}
    (tmp_path / "e.tsv").write_text("".join(f"a.wav\t{on}\t{off}\t{label}\n" for on, off, label in rows))
    apart = {"a": [(0, 2, "Car"), (0, 2, "Dog"), (4, 5, "Cat")]}
    for estimated in (as_tuples(joined), as_frame(joined), tmp_path / "e.tsv"):
        for labels in (None, ["Car", "Cat", "Dog"]):
            scores = segment_based(apart, estimated, duration=10, labels=labels)
            assert (scores.overall.f1, len(scores.per_class)) == (1.0, 3)


def test_the_label_of_an_event_object_is_never_split() -> None:
    one = {"a": [Event(0, 2, "Truck,large"), Event(4, 5, "Cat|Dog")]}
    scores = segment_based(one, one, duration=10)
    assert (scores.overall.f1, list(scores.per_class)) == (1.0, ["Cat|Dog", "Truck,large"])


def test_an_implausible_duration_gives_a_one_line_error() -> None:
    with pytest.raises(SettingsError, match=r"a clip of 1e\+12 s has 1e\+12 segments of 1 s, for each of 2 classes"):
        segment_based(REFERENCE, ESTIMATED, duration=1e12)
