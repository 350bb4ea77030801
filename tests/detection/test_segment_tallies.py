import gc
import math
import weakref
from dataclasses import asdict

import numpy as np
import pytest
from sedpipe.detection.candidates import Candidates
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.segment_tallies import SegmentTallies, SegmentTally, scores_at
from sedpipe.detection.tuning import tune
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.metrics.sed_eval_scores import official_segment_based_scores
from sedpipe.truth import Truth


def test_splitting_and_rejoining_clips_does_not_change_the_scores():
    g = np.random.default_rng(0)
    whole = SegmentTally(*g.integers(1, 9, (4, 20)))
    mask = g.random(20) < 0.5
    again = SegmentTally.together([whole.of(mask), whole.of(~mask)])
    for name in ("min_er", "max_f1"):
        assert again.score(name) == pytest.approx(whole.score(name))
    assert whole.cost("max_f1") == -whole.score("max_f1")
    assert whole.cost("min_er") == whole.score("min_er") == whole.errors.sum() / whole.n_reference.sum()
    precision, recall = (whole.correct.sum() / part.sum() for part in (whole.n_estimated, whole.n_reference))
    assert whole.score("max_f1") == pytest.approx(2 / (1 / precision + 1 / recall))


SETTINGS = [
    PostProcessing(0.9),
    PostProcessing(0.1, 0.4, 0.3),
    PostProcessing(0.1, gate=0.5),
    PostProcessing((0.3, 0.2, 0.4), (0.0, 0.4, 0.24), 0.3, (0.0, 0.2, 0.1), 0.5, (0.2, 0.0, 0.6)),
]
LABELS = LabelSet(("Dog", "Rain", "Car"))
REFERENCE = {
    "a": [Event(0.2, 1.3, "Dog"), Event(2.0, 4.0, "Rain")],
    "b": [Event(1.0, 1.9, "Car")],
    "c": [Event(0.0, 2.4, "Dog"), Event(0.5, 1.5, "Rain"), Event(0.5, 1.5, "Car")],
    "d": [],
    "e": [Event(0.1, 3.9, "Car"), Event(1.1, 3.1, "Dog")],
}
DURATIONS = {"a": 4.0, "b": 4.0, "c": 2.44, "d": 0.5, "e": 4.0}


@pytest.fixture(scope="module")
def scores() -> FrameScores:
    g = np.random.default_rng(3)
    probs = np.clip(np.cumsum(g.normal(0, 0.1, (5, 50, 3)), axis=1) + 0.5, 0, 1)
    n_frames, durations = np.array([50, 50, 31, 7, 50]), np.array([*DURATIONS.values()])
    return FrameScores([*REFERENCE], probs, g.uniform(size=(5, 3)), n_frames, durations, LABELS, FrameGrid(100, 8))


@pytest.mark.parametrize("settings", SETTINGS)
def test_scores_at_several_thresholds_match_sed_eval(scores, settings):
    truth = Truth(REFERENCE, DURATIONS, LABELS)
    split = SegmentTallies(scores, truth)
    for threshold in (0.2, 0.5, 0.8):
        point = settings.changed(threshold=threshold)
        official = official_segment_based_scores(REFERENCE, scores.decode(point), truth.durations, LABELS)
        assert asdict(split.scores(point).overall) == pytest.approx(asdict(official.overall), abs=1e-12)


def lit(events: list[Event], n_segments: int, resolution: float) -> list[set[str]]:
    """Return the classes that are active in each segment, by definition."""
    return [
        {event.label for event in events if event.onset < (k + 1) * resolution and event.offset > k * resolution}
        for k in range(n_segments)
    ]


@pytest.mark.parametrize("resolution", [1.0, 0.5, 1 / 32])  # the last is shorter than a frame
@pytest.mark.parametrize("settings", SETTINGS)
def test_counts_per_clip_match_a_direct_count_over_its_segments(scores, settings, resolution):
    settings = settings.changed(threshold=0.5)
    tally = SegmentTallies(scores, Truth(REFERENCE, DURATIONS, LABELS), resolution).tally(settings)
    estimated = scores.decode(settings)
    expected = []
    for name, duration in DURATIONS.items():
        n_segments = math.ceil(duration / resolution)
        both = (lit(events[name], n_segments, resolution) for events in (REFERENCE, estimated))
        pairs = [*zip(*both, strict=True)]
        missed, alarms = [len(true - said) for true, said in pairs], [len(said - true) for true, said in pairs]
        # a miss and a false alarm together are one substitution; the rest are deletions or insertions
        errors = sum(min(pair) + abs(pair[0] - pair[1]) for pair in zip(missed, alarms, strict=True))
        correct = sum(len(true & said) for true, said in pairs)
        expected.append((errors, correct, sum(len(said) for _, said in pairs), sum(len(true) for true, _ in pairs)))
    assert [*zip(*(part.tolist() for part in tally), strict=True)] == expected
    assert len({errors for errors, *_ in expected}) > 2


def test_the_roll_is_active_where_a_decoded_event_overlaps_a_segment(scores):
    split, settings = SegmentTallies(scores, Truth(REFERENCE, DURATIONS, LABELS), 0.5), PostProcessing(0.6)
    roll, estimated = split.unpacked(split.roll(settings)), scores.decode(settings)
    assert roll.shape == split.reference.shape == (5, 8, 3)
    for clip, (name, duration) in zip(roll, DURATIONS.items(), strict=True):
        found = [{LABELS.names[k] for k in np.flatnonzero(segment)} for segment in clip]
        n_segments = math.ceil(duration / 0.5)
        assert found == lit(estimated[name], n_segments, 0.5) + [set()] * (8 - n_segments)


def test_tallies_need_the_same_classes_as_the_reference(scores):
    other = Truth({name: [] for name in REFERENCE}, DURATIONS, LabelSet(("Dog", "Rain", "Bus")))
    with pytest.raises(ValueError, match="of different classes than the truth"):
        SegmentTallies(scores, other)


def test_a_split_without_events_has_no_error_rate():
    probs, labels = np.full((1, 50, 1), 0.4), LabelSet(("Dog",))
    scores = FrameScores(["a"], probs, probs[:, 0], np.array([50]), np.array([4.0]), labels, FrameGrid(100, 8))
    overall = SegmentTallies(scores, Truth({"a": []}, {"a": 4.0}, labels)).scores(PostProcessing(0.3)).overall
    assert (overall.error_rate, overall.f1, overall.precision) == (None, None, 0.0)


def test_settings_with_common_first_steps_compute_them_once(scores) -> None:
    several = [
        PostProcessing(threshold, median_s=median_s, min_duration_s=shortest)
        for median_s in (0.0, 0.5)
        for shortest in (0.0, 0.3)
        for threshold in np.linspace(0.01, 0.99, 80).tolist()
    ]
    together, alone = (SegmentTallies(scores, Truth(REFERENCE, DURATIONS, LABELS)) for _ in range(2))
    for found, settings in zip(together.tallies(several), several, strict=True):
        assert [part.tolist() for part in found] == [part.tolist() for part in alone.tally(settings)]
    assert [together._after[k].cache_info().misses for k in (0, 1)] == [80, 160]


def test_a_cache_of_one_roll_does_not_change_the_tuned_settings(scores, monkeypatch):
    truth, candidates = Truth(REFERENCE, DURATIONS, LABELS), Candidates(threshold=tuple(np.linspace(0.05, 0.95, 10)))
    expected = tune(scores, truth, candidates=candidates)
    monkeypatch.setattr("sedpipe.detection.segment_tallies._MOST_BYTES", 1)
    assert tune(scores, truth, candidates=candidates) == expected
    small = SegmentTallies(scores, truth)
    mixed = PostProcessing((0.3, 0.6, 0.3), median_s=0.5)
    each = [small.roll(mixed.of_class(k))[:, k] for k in range(3)]
    assert np.array_equal(small.roll(mixed), np.stack(each, axis=1))
    assert small._rolls.cache_info().currsize == 1


def test_scores_do_not_depend_on_the_number_of_clips_processed_at_a_time(scores, monkeypatch):
    truth = Truth(REFERENCE, DURATIONS, LABELS)
    expected = [SegmentTallies(scores, truth).scores(point) for point in SETTINGS]
    monkeypatch.setattr("sedpipe.detection.frame_scores._CELLS_OF_BLOCK", 2 * 50 * 3)
    assert scores_at(SETTINGS, scores, truth) == expected


def test_unused_tallies_are_freed_immediately(scores):
    gc.disable()  # the garbage collector must not be what frees them
    try:
        tallies = SegmentTallies(scores, Truth(REFERENCE, DURATIONS, LABELS))
        tallies.counts(SETTINGS[1])
        gone = weakref.ref(tallies)
        del tallies
        assert gone() is None
    finally:
        gc.enable()
