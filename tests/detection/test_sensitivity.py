from dataclasses import asdict

import numpy as np
import pytest
from activities import encode_activity
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.sensitivity import DOUBLINGS, _settings_around, sensitivity, with_odds
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.metrics.sed_eval_scores import official_segment_based_scores
from sedpipe.truth import Truth

LABELS, GRID = LabelSet(("Dog", "Rain", "Car")), FrameGrid(100, 8)
NAMES = [f"clip{n}" for n in range(12)]
DURATIONS = {name: 10.0 if n % 3 else 2.44 + n / 5 for n, name in enumerate(NAMES)}
N_FRAMES = np.array([int(np.ceil(DURATIONS[name] / 0.08 - 1e-9)) for name in NAMES])
COMMON = PostProcessing(0.4, median_s=0.4, min_duration_s=0.16, gap_s=0.16, hysteresis=0.5, gate=0.3)
OF_CLASSES = PostProcessing((0.2, 0.5, 0.8), median_s=(0.0, 0.56, 0.24), gate=0.1)


@pytest.fixture(scope="module")
def split() -> tuple[FrameScores, Truth]:
    g = np.random.default_rng(5)
    reference = {name: [some_event(g, DURATIONS[name]) for _ in range(n % 4)] for n, name in enumerate(NAMES)}
    truth = np.array([encode_activity(reference[name], LABELS, GRID, 125) for name in NAMES])
    probs = 1 / (1 + np.exp(-(3 * truth - 1.5 + g.normal(0, 1.5, truth.shape))))
    probs = probs.astype(np.float32)
    lengths = np.array([DURATIONS[name] for name in NAMES])
    scores = FrameScores(NAMES, probs, probs.max(axis=1), N_FRAMES, lengths, LABELS, GRID)
    return scores, Truth(reference, DURATIONS, LABELS)


def some_event(g: np.random.Generator, duration: float) -> Event:
    onset = g.uniform(0, duration - 0.2)
    return Event(onset, min(duration, onset + g.uniform(0.1, 6)), LABELS.names[g.integers(3)])


def sweeps_around(split, chosen: PostProcessing):
    return sensitivity(*split, chosen)


def official(split, settings: PostProcessing) -> dict[str, float]:
    """Return the scores that sed_eval gives to the events decoded with these settings."""
    scores, truth = split
    estimated = scores.decode(settings)
    return asdict(official_segment_based_scores(truth.reference, estimated, DURATIONS, LABELS).overall)


@pytest.mark.parametrize("chosen", [COMMON, OF_CLASSES])
def test_scores_at_points_of_each_sweep_match_sed_eval(split, chosen):
    sweeps = sweeps_around(split, chosen)
    assert tuple(sweeps) == ("threshold", "median_s", "min_duration_s")
    expected = {
        "threshold": lambda value: chosen.changed(threshold=by_hand(chosen.threshold, value)),
        "median_s": lambda value: chosen.changed(median_s=value),
        "min_duration_s": lambda value: chosen.changed(min_duration_s=value),
    }
    for name, sweep in sweeps.items():
        assert len(sweep.values) == len(sweep.error_rate) == len(sweep.f1)
        for k in (0, len(sweep.values) // 3, len(sweep.values) - 1):
            scores = official(split, expected[name](sweep.values[k]))
            assert sweep.error_rate[k] == pytest.approx(scores["error_rate"], abs=1e-12)
            assert sweep.f1[k] == pytest.approx(scores["f1"], abs=1e-12)


def by_hand(threshold, doublings: float):
    """Return the threshold with its odds doubled ``doublings`` times, in plain arithmetic."""
    each = threshold if isinstance(threshold, tuple) else (threshold,)
    odds = [2**doublings * p / (1 - p) for p in each]
    moved = tuple(o / (1 + o) for o in odds)
    return moved if isinstance(threshold, tuple) else moved[0]


@pytest.mark.parametrize("chosen", [COMMON, OF_CLASSES])
def test_the_unchanged_point_of_a_sweep_scores_as_the_chosen_settings(split, chosen):
    sweep = sweeps_around(split, chosen)["threshold"]
    middle = sweep.values.index(0.0)
    assert sweep.error_rate[middle] == pytest.approx(official(split, chosen)["error_rate"], abs=1e-12)
    shortest = sweeps_around(split, chosen.changed(min_duration_s=0.0))["min_duration_s"]
    assert shortest.values[0] == 0.0
    assert shortest.f1[0] == pytest.approx(official(split, chosen.changed(min_duration_s=0.0))["f1"], abs=1e-12)


def test_sweeps_reach_51_frames_two_seconds_and_a_factor_of_four_in_the_odds(split):
    sweeps = sweeps_around(split, COMMON)
    assert sweeps["median_s"].values == pytest.approx([0.08 * n for n in range(1, 52, 2)])
    assert sweeps["min_duration_s"].values == pytest.approx([0.08 * n for n in range(26)])
    assert sweeps["threshold"].values == tuple(np.linspace(-2, 2, 17))


@given(st.floats(0.001, 0.999), st.sampled_from(DOUBLINGS))
def test_doubling_and_halving_the_odds_restores_the_threshold(threshold, doublings):
    there = with_odds(PostProcessing(threshold), doublings)
    assert with_odds(there, -doublings).threshold == pytest.approx(threshold)
    assert there.threshold == pytest.approx(by_hand(threshold, doublings))


def test_lengths_are_rounded_to_six_decimals():
    around = _settings_around(COMMON, FrameGrid(300, 7))
    assert list(around["median_s"])[:3] == [0.023333, 0.07, 0.116667]
    assert list(around["min_duration_s"])[:3] == [0.0, 0.023333, 0.046667]


def test_thresholds_of_zero_and_one_do_not_move():
    assert with_odds(PostProcessing((0.0, 1.0)), 2).threshold == (0.0, 1.0)


def test_a_split_without_events_has_no_error_rate(split):
    scores, _ = split
    sweeps = sensitivity(scores, Truth(dict.fromkeys(NAMES, ()), DURATIONS, LABELS), COMMON)
    assert set(sweeps["median_s"].error_rate) == {None}
