import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sedpipe.events import Event, merged
from sedpipe.labels import LabelSet
from sedpipe.metrics.psds_scores import SCENARIOS, THRESHOLDS, Scenario, joined, overlapping_pairs, psds
from sedpipe.metrics.validation import EventTable, validate

LABELS = LabelSet(("Bus", "Car", "Train"))
CLIPS = ("a", "b", "c")
TENTHS = st.integers(0, 100).map(lambda tenth: tenth / 10)  # so that ratios of 0.7 and 0.1 are common
EVENTS = st.builds(
    lambda a, b, label: Event(min(a, b), max(a, b), label), TENTHS, TENTHS, st.sampled_from(LABELS.names)
)
LISTS = st.fixed_dictionaries({clip: st.lists(EVENTS, max_size=5) for clip in CLIPS})


def table_of(lists) -> EventTable:
    return validate({clip: lists[clip] for clip in CLIPS}, {}, dict.fromkeys(CLIPS, 10.0), LABELS).reference


def frame(lists) -> pd.DataFrame:
    rows = [(clip, e.onset, e.offset, e.label) for clip, events in lists.items() for e in merged(events)]
    return pd.DataFrame(rows, columns=["filename", "onset", "offset", "event_label"])


def by_psds_eval(reference, points, scenario: Scenario) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from psds_eval import PSDSEval
        from psds_eval import psds as module

        module.int = lambda found: found.item()  # since NumPy 2.4, int() refuses an array of one element

        metadata = pd.DataFrame({"filename": CLIPS, "duration": 10.0})
        evaluation = PSDSEval(
            scenario.dtc, scenario.gtc, scenario.cttc, ground_truth=frame(reference), metadata=metadata
        )
        for point in points:
            evaluation.add_operating_point(frame(point))
        return evaluation.psds(scenario.alpha_ct, scenario.alpha_st, scenario.max_efpr).value


def ours(reference, points, scenario: Scenario) -> float | None:
    tables = [table_of(point) for point in points]
    everything = [(slice(0, len(CLIPS)), tables)]
    return psds(table_of(reference), everything, np.full(len(CLIPS), 10.0), len(LABELS), {"it": scenario})["it"]


@pytest.mark.parametrize("name", SCENARIOS)
@settings(max_examples=12, phases=[Phase.explicit, Phase.generate])  # psds_eval is slow
@given(reference=LISTS, points=st.lists(LISTS, min_size=1, max_size=4), max_efpr=st.sampled_from([100.0, 1000.0]))
def test_psds_matches_psds_eval(name, reference, points, max_efpr):
    # psds_eval needs a reference event of every class, and a detection
    reference = {clip: [*events, *(Event(9.9, 10, label) for label in LABELS)] for clip, events in reference.items()}
    points = [{**point, "a": [*point["a"], Event(0, 0.1, "Car")]} for point in points]
    scenario = SCENARIOS[name]
    scenario = Scenario(scenario.dtc, scenario.gtc, scenario.cttc, scenario.alpha_ct, scenario.alpha_st, max_efpr)
    assert ours(reference, points, scenario) == pytest.approx(by_psds_eval(reference, points, scenario), abs=1e-6)


@given(LISTS)
def test_joined_events_equal_merged_events(lists):
    found = joined(table_of(lists), len(LABELS)).lists(len(CLIPS), LABELS)
    assert [sorted(events) for events in found] == [merged(lists[clip]) for clip in CLIPS]


def test_the_reference_scores_1_and_an_empty_output_scores_0():
    reference = {"a": [Event(0, 2, "Car"), Event(1, 4, "Bus")], "b": [Event(2, 3, "Train")], "c": []}
    for scenario in SCENARIOS.values():
        assert ours(reference, [reference], scenario) == 1
        assert ours(reference, [{clip: [] for clip in CLIPS}], scenario) == 0


def test_only_classes_with_a_reference_count_and_without_any_the_score_is_none():
    reference = {"a": [Event(0, 2, "Car")], "b": [], "c": []}
    noisy = {**reference, "b": [Event(0, 10, "Bus"), Event(0, 9, "Train")]}
    for scenario in SCENARIOS.values():
        assert ours(reference, [noisy], scenario) == 1
        assert ours({clip: [] for clip in CLIPS}, [noisy], scenario) is None


def test_the_thresholds_match_the_desed_baseline():
    assert np.allclose(THRESHOLDS, np.arange(1 / 100, 1, 1 / 50))


@given(LISTS, LISTS)
def test_overlapping_pairs_match_a_brute_force_search(reference, estimated):
    truth, found = joined(table_of(reference), len(LABELS)), table_of(estimated)
    shared = np.minimum.outer(found.offsets, truth.offsets) - np.maximum.outer(found.onsets, truth.onsets)
    # a detection of zero length overlaps the events that contain it
    inside = np.less.outer(found.onsets, truth.offsets) & np.greater.outer(found.offsets, truth.onsets)
    expected = np.argwhere(((shared > 0) | inside) & np.equal.outer(found.clips, truth.clips))
    assert np.stack(overlapping_pairs(truth, found), axis=1).tolist() == expected.tolist()


def test_a_day_of_events_needs_memory_only_for_pairs_that_overlap():
    n = 20_000
    onsets = np.append(0.0, np.arange(n) * 4.0)
    offsets = np.append(4.0 * n, onsets[1:] + 2)
    classes = np.append(0, np.ones(n, dtype=int))
    truth = joined(EventTable(np.zeros(n + 1, dtype=int), classes, onsets, offsets), 2)
    found = EventTable(np.zeros(n, dtype=int), np.ones(n, dtype=int), onsets[1:] + 0.5, offsets[1:])
    tracemalloc.start()
    det, ref = overlapping_pairs(truth, found)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert det.tolist() == np.repeat(np.arange(n), 2).tolist()
    assert set(ref[::2].tolist()) == {0}
    assert peak < 100e6
