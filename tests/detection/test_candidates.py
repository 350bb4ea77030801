import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.detection.candidates import UNTUNED, Candidates, searches, thresholds_within
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet

LABELS = LabelSet(("Dog", "Rain"))
LOWER, HIGHER = (f" (a {which} one may score better still; nothing needs to be done)" for which in ("lower", "higher"))


def scores_of(*probs: float, n_frames: int | None = None) -> FrameScores:
    """Return the scores of one clip and one class."""
    frames = np.array(probs, np.float32)[None, :, None]
    counted = np.array([len(probs) if n_frames is None else n_frames])
    labels = LabelSet(("Dog",))
    return FrameScores(["a"], frames, frames.max(axis=1), counted, np.array([9.9]), labels, FrameGrid(100, 8))


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=6))
def test_thresholds_enclose_all_scores_within_float_precision(probs):
    thresholds = thresholds_within(scores_of(*probs))
    assert sorted(set(thresholds)) == list(thresholds)
    assert 0.5 in thresholds
    # everything is active at the lowest and nothing at the highest, as far as float32 can tell
    assert thresholds[0] <= max(min(probs), 2e-7)
    assert thresholds[-1] > min(max(probs), 1 - 2e-7)


def test_thresholds_separate_scores_near_one():
    crowded = [t for t in thresholds_within(scores_of(0.98, 0.9999)) if 0.98 < t <= 0.9999]
    assert len(crowded) >= 9
    odds = np.log(np.array(crowded) / (1 - np.array(crowded)))
    assert np.diff(odds).max() < 0.6


def test_thresholds_are_evenly_spaced_in_log_odds_and_sparser_towards_the_ends():
    probs = np.array(thresholds_within(scores_of(0.0, 1.0)))
    odds = np.log(probs / (1 - probs))
    assert odds[-1] == pytest.approx(16, abs=0.01)
    assert odds == pytest.approx(-odds[::-1], abs=1e-3)
    middles, steps = (odds[1:] + odds[:-1]) / 2, np.diff(odds)
    for low, high, step in ((0, 2, 1 / 8), (2, 5, 1 / 4), (5, 10, 1 / 2), (10, 16, 1)):
        between = (middles > low) & (middles < high)
        assert np.sum(between) == (high - low) / step
        assert steps[between] == pytest.approx(step, rel=0.1)


def test_searches_go_from_no_tuning_to_settings_for_each_class():
    assert list(searches().items()) == [
        ("untuned", ()), ("threshold", ()), ("smoothing", ("median_s", "min_duration_s")), ("gap", ("gap_s",)),
        ("hysteresis", ("hysteresis",)), ("gate", ("gate",)), ("class_thresholds", ()),
        ("class_smoothing", ("median_s",)),
    ]  # fmt: skip


def test_padding_does_not_affect_the_thresholds():
    assert thresholds_within(scores_of(0.4, 0.6, 0.0001, n_frames=2)) == thresholds_within(scores_of(0.4, 0.6))


def test_the_threshold_nearest_to_a_half_comes_first():
    assert Candidates(threshold=(0.9, 0.4, 0.6, 0.5)).thresholds == [0.5, 0.4, 0.6, 0.9]
    assert Candidates(threshold=(0.9, 0.5)).of_search("threshold", UNTUNED) == [UNTUNED, PostProcessing(0.9)]


@pytest.mark.parametrize(
    ("chosen", "remarks"),
    [
        (PostProcessing(0.5), []),
        (PostProcessing(0.5, median_s=2.0), ["median_s is 2 s, the highest that was tried" + HIGHER]),
        (PostProcessing((0.5, 0.9)), ["threshold of 'Rain' is 0.9, the highest that was tried" + HIGHER]),
        (PostProcessing(0.1), ["threshold is 0.1, the lowest that was tried" + LOWER]),
        (PostProcessing(0.5, hysteresis=0.25), ["hysteresis is 0.25, the lowest that was tried" + LOWER]),
        (PostProcessing(0.5, hysteresis=1.0, gap_s=0.0, min_duration_s=0.0, gate=0.0), []),
        (
            PostProcessing((0.1, 0.5), median_s=(2.0, 2.0), gate=0.7),
            [
                "threshold of 'Dog' is 0.1, the lowest that was tried" + LOWER,
                "median_s is 2 s, the highest that was tried" + HIGHER,
                "gate is 0.7, the highest that was tried" + HIGHER,
            ],
        ),
    ],
)
def test_a_choice_at_the_end_of_its_range_is_remarked_unless_the_step_is_off(chosen, remarks):
    assert Candidates(threshold=(0.1, 0.5, 0.9)).ends_among(chosen, LABELS) == remarks


def test_a_threshold_below_or_above_all_scores_is_not_remarked_since_nothing_changes_beyond_it():
    candidates, ends = Candidates(threshold=(0.1, 0.5, 0.9)), PostProcessing((0.1, 0.9))
    assert candidates.ends_among(ends, LABELS, (0.1, 0.89)) == []
    assert len(candidates.ends_among(ends, LABELS, (0.09, 0.9))) == 2


def test_a_single_candidate_gives_no_remark():
    only = Candidates(**{name: (value,) for name, value in PostProcessing(0.5, 2.0, 0.8, 0.8, 0.25, 0.7).items()})
    assert only.ends_among(PostProcessing(0.5, 2.0, 0.8, 0.8, 0.25, 0.7), LABELS) == []
