import tracemalloc
from dataclasses import fields

import numpy as np
import pytest
from sedpipe.events import Event
from sedpipe.labels import LabelSet
from sedpipe.metrics.event_scores import event_based_counts, event_based_scores
from sedpipe.metrics.sed_eval_scores import official_event_based_scores

LABELS = LabelSet(("Bus", "Car"))
TEN_S = {"a": 10.0, "b": 10.0}


def test_scores_match_an_example_computed_by_hand():
    reference = {"a": [Event(1, 2, "Car"), Event(5, 6, "Bus")], "b": [Event(0, 1, "Car")]}
    estimated = {"a": [Event(1.1, 2.1, "Car"), Event(5, 6, "Car")], "b": [Event(3, 4, "Bus")]}
    scores = event_based_scores(reference, estimated, TEN_S, LABELS).overall
    assert (scores.substitution_rate, scores.deletion_rate, scores.insertion_rate) == (1 / 3, 1 / 3, 1 / 3)
    assert (scores.precision, scores.recall, scores.macro_f1) == (1 / 3, 1 / 3, (0 + 1 / 2) / 2)


@pytest.mark.parametrize(("offset", "found"), [(8.0, 1), (7.9, 0), (12.0, 1), (12.1, 0)])
def test_an_offset_may_be_off_by_a_fifth_of_the_reference_events_length(offset, found):
    lists = {"a": [Event(0, 10, "Car")]}, {"a": [Event(0.2, offset, "Car")]}
    assert event_based_counts(*lists, TEN_S, LABELS).correct.sum() == found
    assert event_based_counts(*lists, TEN_S, LABELS, offset_collar_rate=None).correct.sum() == 1


def test_matching_finds_the_maximum_number_of_pairs():
    # the first estimate fits both references, the second only the first: greedy matching would find one pair
    reference = {"a": [Event(1.0, 2, "Car"), Event(1.3, 2, "Car")]}
    estimated = {"a": [Event(1.15, 2, "Car"), Event(0.85, 2, "Car")]}
    assert event_based_scores(reference, estimated, TEN_S, LABELS).overall.f1 == 1


def test_among_maximum_matchings_the_one_of_sed_eval_is_chosen():
    reference = {"a": [Event(0.4, 0.9, "Bus"), Event(0.2, 0.7, "Car"), Event(0.4, 0.8, "Car")]}
    estimated = {"a": [Event(0.6, 0.9, "Car"), Event(0.2, 0.5, "Car"), Event(0.3, 0.7, "Car")]}
    scores = event_based_scores(reference, estimated, TEN_S, LABELS)
    assert scores.overall.substitution_rate == pytest.approx(1 / 3)
    official = official_event_based_scores(reference, estimated, TEN_S, LABELS)
    assert official.overall.substitution_rate == pytest.approx(1 / 3)


def test_a_reference_event_is_matched_only_once():
    reference = {"a": [Event(1, 2, "Car")]}
    counts = event_based_counts(reference, {"a": [Event(1, 2, "Car")] * 3}, TEN_S, LABELS)
    assert (counts.correct.sum(), counts.insertions.sum()) == (1, 2)


def test_an_estimated_event_matches_only_one_reference_event():
    reference = {"a": [Event(1, 2, "Car"), Event(1.1, 2, "Car"), Event(1.2, 2, "Car")]}
    counts = event_based_counts(reference, {"a": [Event(1.1, 2, "Car")]}, TEN_S, LABELS)
    assert (counts.correct.sum(), counts.deletions.sum(), counts.insertions.sum()) == (1, 2, 0)


def test_a_float_rounding_error_can_push_a_difference_beyond_the_collar_as_in_sed_eval():
    assert abs(0.9 - 0.7) > 0.2
    lists = {"a": [Event(0.7, 2, "Car")]}, {"a": [Event(0.9, 2, "Car")]}
    assert event_based_scores(*lists, TEN_S, LABELS).overall.f1 == 0
    assert official_event_based_scores(*lists, TEN_S, LABELS).overall.f1 == 0


def test_counts_of_many_clips_equal_those_of_each_clip_alone():
    g = np.random.default_rng(0)

    def some_events() -> list[Event]:
        times = [np.sort(g.integers(0, 12, 2)) / 10 for _ in range(g.integers(6))]
        return [Event(float(a), float(b), LABELS.names[g.integers(2)]) for a, b in times]

    names = [f"clip{n}" for n in range(60)]
    reference, estimated = ({name: some_events() for name in names} for _ in range(2))
    together = event_based_counts(reference, estimated, dict.fromkeys(names, 3.0), LABELS)
    for n, name in enumerate(names):
        alone = event_based_counts({name: reference[name]}, {name: estimated[name]}, {name: 3.0}, LABELS)
        for part in fields(together):
            assert np.array_equal(getattr(together, part.name)[n], getattr(alone, part.name)[0]), (name, part.name)
    assert together.correct.sum() > 10
    assert together.substitutions.sum() > 10


def test_collars_out_of_range_are_refused():
    for options in ({"collar": 0}, {"collar": float("nan")}, {"offset_collar_rate": 1.5}):
        with pytest.raises(ValueError, match="collar must be positive and offset_collar_rate in"):
            event_based_scores({"a": []}, {}, TEN_S, LABELS, **options)


def test_a_day_long_recording_needs_memory_only_for_pairs_that_match():
    n = 20_000
    truth = [Event(4.0 * i, 4.0 * i + 2, LABELS.names[i % 2]) for i in range(n)]
    found = [Event(each.onset + 0.1 + (i % 4 == 0), each.offset, each.label) for i, each in enumerate(truth)]
    shuffled = [found[i] for i in np.random.default_rng(0).permutation(n)]
    tracemalloc.start()
    counts = event_based_counts({"day": truth}, {"day": shuffled}, {"day": 86_400.0}, LABELS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert counts.correct.tolist() == [[n // 4, n // 2]]
    assert (counts.substitutions.sum(), counts.insertions.sum()) == (0, n // 4)
    assert peak < 100e6  # one byte per pair would take 400e6
