from sedpipe.events import Event
from sedpipe.labels import LabelSet
from sedpipe.metrics.segment_scores import segment_based_scores
from sedpipe.metrics.yardsticks import NAMES, yardsticks

LABELS = LabelSet(("Bus", "Car"))
REFERENCE = {"a": [Event(0.4, 2.6, "Car"), Event(0, 0, "Bus")], "b": [Event(1.2, 1.4, "Bus")], "c": []}
DURATIONS = {"a": 10.0, "b": 4.0, "c": 10.0}


def test_each_yardstick_is_what_its_name_says():
    found = yardsticks(REFERENCE, DURATIONS, LABELS)
    assert tuple(found) == NAMES
    assert found["nothing"] == {}
    assert found["commonest_everywhere"]["b"] == [Event(0, 4, "Car")]
    assert found["tags_stretched"] == {
        "a": [Event(0, 10, "Bus"), Event(0, 10, "Car")],
        "b": [Event(0, 4, "Bus")],
        "c": [],
    }
    assert found["rounded_to_segments"] == {"a": [Event(0, 3, "Car")], "b": [], "c": []}


def test_an_empty_output_has_an_error_rate_of_1_and_a_perfect_tagger_a_recall_of_1():
    found = yardsticks(REFERENCE, DURATIONS, LABELS)
    scores = {name: segment_based_scores(REFERENCE, lists, DURATIONS, LABELS).overall for name, lists in found.items()}
    assert (scores["nothing"].error_rate, scores["tags_stretched"].recall) == (1, 1)


def test_times_are_rounded_to_the_requested_segment_length():
    reference = {"a": [Event(0.4, 2.6, "Car"), Event(1.2, 1.4, "Bus")]}
    found = yardsticks(reference, DURATIONS, LABELS, time_resolution=0.5)
    assert found["rounded_to_segments"] == {"a": [Event(0.5, 2.5, "Car"), Event(1.0, 1.5, "Bus")]}
