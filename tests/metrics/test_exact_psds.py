import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sedpipe.events import Event
from sedpipe.labels import LabelSet
from sedpipe.metrics import exact_psds as module
from sedpipe.metrics.exact_psds import exact_psds
from sedpipe.metrics.frame_precision import frame_average_precision, frames_of_class
from sedpipe.metrics.psds_scores import SCENARIOS, Scenario, joined, psds
from sedpipe.metrics.validation import EventTable, validate

# exact as a float: with frames of 0.08 s, sed_scores_eval would count ceil(1.12 / 0.08) = 15 segments
STEP = 0.25


def split(seed: int, n_clips: int, n_classes: int, values: int | None):
    """Return noise as probabilities, with few distinct values, so that many are equal, or all different; and events."""
    g = np.random.default_rng(seed)
    labels, names = LabelSet(tuple("ABCDE"[:n_classes])), [f"clip{n}" for n in range(n_clips)]
    edges = np.round(np.arange(26) * STEP, 3)
    probs = (
        g.random((n_clips, 25, n_classes))
        if values is None
        else g.integers(0, values + 1, (n_clips, 25, n_classes)) / values
    )
    counted = g.integers(1, 26, n_clips)
    durations = np.round(edges[counted] - g.choice([0, 0.03], n_clips), 3)
    reference = {name: some_events(g, float(length), labels) for name, length in zip(names, durations, strict=True)}
    for k, label in enumerate(labels):  # sed_scores_eval counts a class without reference events as never found
        reference[names[k % n_clips]].append(Event(0.0, 0.05, label))
    lengths = dict(zip(names, durations.tolist(), strict=True))
    return probs, counted, edges, durations, validate(reference, {}, lengths, labels).reference, labels


def some_events(g: np.random.Generator, length: float, labels: LabelSet) -> list[Event]:
    times = [sorted(np.round(g.random(2) * length, 3).tolist()) for _ in range(g.integers(4))]
    return [Event(onset, offset, labels.names[g.integers(len(labels))]) for onset, offset in times if onset < offset]


def as_sed_scores_eval_has_them(probs, counted, edges, durations, reference: EventTable, labels):
    from sed_scores_eval.base_modules.scores import create_score_dataframe

    names = [f"clip{n}" for n in range(len(probs))]
    events = joined(reference, len(labels)).lists(len(names), labels)
    truth = {name: [(e.onset, e.offset, e.label) for e in found] for name, found in zip(names, events, strict=True)}
    frames = {
        name: create_score_dataframe(of_clip[:n], np.minimum(edges[: n + 1], length), list(labels))
        for name, of_clip, n, length in zip(names, probs, counted, durations, strict=True)
    }
    return frames, truth, dict(zip(names, durations.tolist(), strict=True))


SPLITS = {
    "seed": st.integers(0, 10**6), "n_clips": st.integers(3, 7),
    "n_classes": st.integers(2, 5), "values": st.sampled_from([None, 3, 10]),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
@settings(max_examples=15, phases=[Phase.explicit, Phase.generate])
@given(**SPLITS, max_efpr=st.sampled_from([1e3, 8e3, 1e6]))
def test_psds_over_all_thresholds_matches_sed_scores_eval(name, seed, n_clips, n_classes, values, max_efpr):
    oracle = pytest.importorskip("sed_scores_eval.intersection_based")
    probs, counted, edges, durations, reference, labels = split(seed, n_clips, n_classes, values)
    scenario = untied(name, max_efpr)
    ours = exact_psds(reference, probs, counted, edges, durations, {name: scenario})[name]
    expected, *_ = oracle.psds(
        *as_sed_scores_eval_has_them(probs, counted, edges, durations, reference, labels),
        dtc_threshold=scenario.dtc, gtc_threshold=scenario.gtc, alpha_ct=scenario.alpha_ct, alpha_st=scenario.alpha_st,
        cttc_threshold=scenario.cttc if scenario.alpha_ct else None, max_efpr=max_efpr,
    )  # fmt: skip
    assert ours == pytest.approx(expected, abs=1e-6)


@settings(max_examples=10, phases=[Phase.explicit, Phase.generate])
@given(**SPLITS)
def test_frame_average_precision_matches_sed_scores_eval_with_one_frame_per_segment(seed, n_clips, n_classes, values):
    oracle = pytest.importorskip("sed_scores_eval.segment_based")
    probs, counted, edges, durations, reference, labels = split(seed, n_clips, n_classes, values)
    expected, _ = oracle.average_precision(
        *as_sed_scores_eval_has_them(probs, counted, edges, durations, reference, labels), segment_length=STEP
    )
    found = [
        frame_average_precision(probs[:, :, k], frames_of_class(reference, k, edges, len(probs)), counted)
        for k in range(len(labels))
    ]
    assert found == pytest.approx([expected[label] for label in labels], abs=1e-6)


@settings(max_examples=20, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10**6), n_classes=st.integers(1, 4), name=st.sampled_from(list(SCENARIOS)))
def test_exact_psds_equals_psds_with_an_operating_point_at_every_score(seed, n_classes, name):
    probs, counted, edges, durations, reference, _ = split(seed, 5, n_classes, 7)
    scenario = untied(name, 3e4)
    there = np.arange(25)[:, None] < counted[:, None, None]
    tables = [events_at(probs, there, threshold, edges, durations) for threshold in np.unique(probs)]
    expected = psds(reference, [(slice(0, 5), tables)], durations, n_classes, {name: scenario})[name]
    assert exact_psds(reference, probs, counted, edges, durations, {name: scenario})[name] == pytest.approx(expected)


def untied(name: str, max_efpr: float) -> Scenario:
    """Return the scenario with ratios that cannot tie: for 0.525 s of 0.75 s, float division need not give 0.7."""
    shares = {share: getattr(SCENARIOS[name], share) + 3e-4 for share in ("dtc", "gtc", "cttc")}
    return replace(SCENARIOS[name], max_efpr=max_efpr, **shares)


def events_at(probs, there, threshold, edges, durations) -> EventTable:
    active = np.pad(((probs >= threshold) & there).transpose(0, 2, 1), ((0, 0), (0, 0), (1, 1))).astype(int)
    clips, classes, starts = np.nonzero(np.diff(active, axis=2) == 1)
    stops = np.nonzero(np.diff(active, axis=2) == -1)[2]
    return EventTable(clips, classes, edges[starts], np.minimum(edges[stops], durations[clips]))


def test_exact_psds_uses_a_threshold_that_the_fixed_ones_miss():
    # one event at 0.995 and a false alarm at 0.993: only a threshold between them separates the two
    probs = np.array([[[0.995], [0.0], [0.993], [0.0]]])
    truth = EventTable(np.array([0]), np.array([0]), np.array([0.0]), np.array([STEP]))
    counted, edges, durations = np.array([4]), np.arange(5) * STEP, np.array([4 * STEP])
    scenario = SCENARIOS["scenario1"]
    tables = [events_at(probs, np.ones((1, 4, 1), bool), 0.99, edges, durations)]
    assert psds(truth, [(slice(0, 1), tables)], durations, 1, {"s": scenario}) == {"s": 0}
    assert exact_psds(truth, probs, counted, edges, durations, {"s": scenario}) == {"s": 1.0}


def test_without_reference_events_the_psds_is_none():
    nothing = EventTable(*(np.zeros(0, int),) * 2, *(np.zeros(0),) * 2)
    probs = np.full((1, 4, 2), 0.5)
    found = exact_psds(nothing, probs, np.array([4]), np.arange(5) * STEP, np.array([4 * STEP]), SCENARIOS)
    assert found == {"scenario1": None, "scenario2": None}


@pytest.mark.parametrize("n_frames", [0, 4])
def test_without_counted_frames_the_psds_is_zero(n_frames):
    truth = EventTable(np.array([0]), np.array([0]), np.array([1.0]), np.array([3.0]))
    probs, edges = np.ones((1, n_frames, 1)), np.arange(n_frames + 1.0)
    assert set(exact_psds(truth, probs, np.array([0]), edges, np.array([4.0]), SCENARIOS).values()) == {0.0}


def test_counting_clips_in_pieces_does_not_change_the_psds(monkeypatch):
    probs, counted, edges, durations, reference, _ = split(3, 7, 3, None)
    many = {name: replace(scenario, max_efpr=1e5) for name, scenario in SCENARIOS.items()}
    at_once = exact_psds(reference, probs, counted, edges, durations, many)
    monkeypatch.setattr("sedpipe.metrics.exact_psds._MOST_CELLS", 200)
    assert exact_psds(reference, probs, counted, edges, durations, many) == at_once


@pytest.mark.parametrize("values", [None, 7])
def test_counting_classes_in_turn_gives_a_bit_identical_psds(values, monkeypatch):
    probs, counted, edges, durations, reference, _ = split(4, 7, 5, values)
    many = {name: replace(scenario, max_efpr=1e5) for name, scenario in SCENARIOS.items()}
    at_once = exact_psds(reference, probs, counted, edges, durations, many)
    for most in (1, 2 * int(counted.sum())):  # one class, two classes
        monkeypatch.setattr(module, "_MOST_COUNTED", most)
        assert exact_psds(reference, probs, counted, edges, durations, many) == at_once


@pytest.mark.parametrize("name", SCENARIOS)
@settings(max_examples=8, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10**6))
def test_for_one_class_exact_psds_equals_the_area_under_the_curve_of_psds_eval(name, seed):
    """For one class, psds_eval's own ``psds`` is 0: the mean of no cross-triggers is nan, and so is every rate."""
    probs, counted, edges, durations, reference, labels = split(seed, 4, 1, 5)
    scenario = untied(name, 2e4)
    there = np.arange(25)[:, None] < counted[:, None, None]
    tables = [events_at(probs, there, threshold, edges, durations) for threshold in np.unique(probs)]
    ours = exact_psds(reference, probs, counted, edges, durations, {name: scenario})[name]
    curve, official = by_psds_eval(reference, tables, durations, labels, scenario)
    assert official == 0
    assert ours == pytest.approx(curve, abs=1e-6)
    points = psds(reference, [(slice(0, 4), tables)], durations, 1, {name: scenario})
    assert ours == pytest.approx(points[name], abs=1e-9)


def by_psds_eval(reference, tables, durations, labels, scenario) -> tuple[float, float]:
    """Return the area under psds_eval's curve of true against false positives, and the score that psds_eval returns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from psds_eval import PSDSEval
        from psds_eval import psds as module

        module.int = lambda found: found.item()  # since NumPy 2.4, int() refuses an array of one element

        def frame(table: EventTable) -> pd.DataFrame:
            events = joined(table, len(labels)).lists(len(durations), labels)
            rows = [(str(n), e.onset, e.offset, e.label) for n, found in enumerate(events) for e in found]
            return pd.DataFrame(rows, columns=["filename", "onset", "offset", "event_label"])

        metadata = pd.DataFrame({"filename": [str(n) for n in range(len(durations))], "duration": durations})
        evaluation = PSDSEval(
            scenario.dtc, scenario.gtc, scenario.cttc, ground_truth=frame(reference), metadata=metadata
        )
        for table in tables:
            evaluation.add_operating_point(frame(table))
        curve, *_ = evaluation.psd_roc_curves(scenario.alpha_ct)
        area = evaluation._auc(curve.xp, curve.mean, scenario.max_efpr) / scenario.max_efpr
        return area, evaluation.psds(scenario.alpha_ct, scenario.alpha_st, scenario.max_efpr).value


def many(name: str) -> float:
    """Return the score of 60 clips with enough false alarms for every threshold to matter."""
    probs, counted, edges, durations, reference, _ = split(1, 60, 3, None)
    scenario = replace(SCENARIOS[name], max_efpr=4e3)
    score = exact_psds(reference, probs, counted, edges, durations, {name: scenario})[name]
    assert score is not None
    return score


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_number_of_clips_processed_at_a_time_does_not_change_the_psds(name, monkeypatch):
    at_once = many(name)
    monkeypatch.setattr(module, "_MOST_CELLS", 200)
    assert many(name) == pytest.approx(at_once, abs=1e-12)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_few_hundred_thresholds_per_class_come_close_to_the_exact_psds(name, monkeypatch):
    exact = many(name)
    monkeypatch.setattr(module, "_MOST_THRESHOLDS", 3 * 300)
    assert exact - 0.02 < many(name) <= exact
    monkeypatch.setattr(module, "_MOST_THRESHOLDS", 3 * 2)  # only the highest and the lowest
    assert many(name) < exact - 0.02
