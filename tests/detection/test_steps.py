import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from sedpipe.detection.candidates import Candidates, searches
from sedpipe.detection.decoding import decode_events
from sedpipe.detection.filters import drop_short_runs
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.segment_tallies import SegmentTallies
from sedpipe.detection.steps import STEPS, Frames, Step, StepSetting, settings_of_steps, steps_in_order
from sedpipe.detection.tuning import tune
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.metrics.segment_scores import segment_based_scores
from sedpipe.truth import Truth

LABELS, GRID = LabelSet(("Dog", "Rain")), FrameGrid(100, 8)
LONGEST = StepSetting("longest_s", 0.0, (0.0, 0.4, 0.8), "longest")


def drop_long_events(active: np.ndarray, frames: Frames, longest_s: float) -> np.ndarray:
    """Return the activity without runs longer than ``longest_s``; 0 keeps all."""
    if longest_s == 0:
        return active
    return active & ~drop_short_runs(active, round(longest_s / frames.grid.frame_duration) + 1)


@pytest.fixture
def own_steps():
    """The registry of steps, from which the additions of a test are removed after it."""
    yield STEPS
    for name in STEPS.added:
        del STEPS[name]


@pytest.fixture(params=[False, True], ids=["booleans", "words"])
def longest(request, own_steps):
    """Add a custom step after the closing of gaps."""
    own_steps["longest"] = Step(drop_long_events, (LONGEST,), on_words=request.param, after="gap")


def split() -> tuple[FrameScores, Truth]:
    """Return scores of short dog events among long false alarms, and the reference."""
    g = np.random.default_rng(1)
    names = [f"clip{n}" for n in range(30)]
    reference = {name: [Event(1.0 + n / 10, 1.4 + n / 10, "Dog")] for n, name in enumerate(names)}
    probs = np.full((30, 125, 2), 0.1, np.float32)
    for n in range(30):
        first = round((1.0 + n / 10) / 0.08)
        probs[n, first : first + 5, 0] = 0.9
        probs[n, 70 : 70 + 20 + g.integers(20), 0] = 0.9
    counted, durations = np.full(30, 125), np.full(30, 10.0)
    scores = FrameScores(names, probs, probs.max(axis=1), counted, durations, LABELS, GRID)
    return scores, Truth(reference, dict.fromkeys(names, 10.0), LABELS)


def test_steps_are_in_the_documented_order():
    assert steps_in_order() == [STEPS[name] for name in ("threshold", "median", "gap", "shortest", "gate")]
    assert list(searches()) == [
        "untuned", "threshold", "smoothing", "gap", "hysteresis", "gate", "class_thresholds", "class_smoothing"
    ]  # fmt: skip


def test_candidates_start_with_the_neutral_value_and_move_away_from_it():
    for name, setting in settings_of_steps().items():
        if name != "threshold":
            assert setting.tried[0] == setting.off
            assert list(setting.tried) == sorted(setting.tried, key=lambda value: abs(value - setting.off))


def test_the_steps_after_the_median_filter_work_on_words_of_64_clips():
    assert [name for name, step in STEPS.items() if step.on_words] == ["gap", "shortest", "gate"]


def test_a_custom_step_is_applied_at_its_position(longest):
    probs = np.array([[0.9, 0.1], [0.1, 0.1], [0.9, 0.1], [0.1, 0.1], [0.1, 0.1], [0.9, 0.1]])
    # the gap is closed first, which makes the first event too long
    point = PostProcessing(0.5, gap_s=0.08, longest_s=0.16)
    assert decode_events(probs, LABELS, point, GRID) == [Event(0.4, 0.48, "Dog")]
    assert len(decode_events(probs, LABELS, PostProcessing(0.5, gap_s=0.08), GRID)) == 2
    of_classes = PostProcessing(0.05, longest_s=(0.16, 0.0))
    assert {event.label for event in decode_events(probs, LABELS, of_classes, GRID)} == {"Rain"}


def test_a_custom_step_is_tuned_and_its_scores_match_the_decoded_events(longest):
    scores, truth = split()
    points = tune(scores, truth, candidates=Candidates(threshold=(0.3, 0.5)))
    for point in points.values():
        found = {step.step: step for step in point.steps}
        assert list(found) == list(searches())
        assert list(found).index("longest") == list(found).index("gate") + 1
        assert found["longest"].settings.longest_s in (0.4, 0.8)
        assert point.settings.longest_s == found["longest"].settings.longest_s
        events = scores.decode(point.settings)
        assert point.scores == segment_based_scores(truth.reference, events, truth.durations, LABELS)
        assert point.scores.overall.error_rate < 0.05
        assert SegmentTallies(scores, truth).scores(PostProcessing(0.5)).overall.error_rate > 0.5


def test_custom_settings_are_stored_by_name(longest):
    point = PostProcessing(0.5, longest_s=0.4)
    assert PostProcessing(**json.loads(json.dumps(dict(point)))) == point
    assert pickle.loads(pickle.dumps(point)) == point
    assert hash(PostProcessing(0.5, longest_s=0.0)) == hash(PostProcessing(0.5))
    # a setting that is off is omitted, so that the settings can be read where the step is not registered
    assert dict(PostProcessing(0.5, longest_s=0.0)) == dict(PostProcessing(0.5))
    with pytest.raises(ValueError, match="longest_s must be a length in seconds, got -1"):
        PostProcessing(0.5, longest_s=-1)


def test_an_unknown_setting_is_refused():
    with pytest.raises(ValueError, match="no post-processing step has a setting 'longest_s': add its step first"):
        PostProcessing(0.5, longest_s=0.4)
    with pytest.raises(AttributeError, match="no post-processing step has a setting 'longest_s'"):
        _ = PostProcessing(0.5).longest_s
    with pytest.raises(ValueError, match="no post-processing step has a setting 'longest_s'"):
        Candidates(longest_s=(1.0,))


def test_a_step_must_follow_a_known_step_and_have_unique_settings(own_steps):
    own_steps["longest"] = Step(drop_long_events, (LONGEST,), after="gaps")
    with pytest.raises(ValueError, match="'longest' follows 'gaps', which is not one of threshold, median, gap"):
        PostProcessing(0.5)
    own_steps["longest"] = Step(drop_long_events, (replace(LONGEST, name="gap_s"),), after="gap")
    with pytest.raises(ValueError, match="two steps have a setting 'gap_s'"):
        PostProcessing(0.5)


def test_a_step_may_follow_a_custom_step(longest, own_steps):
    own_steps["last"] = Step(drop_long_events, (replace(LONGEST, name="last_s"),), after="longest")
    assert [setting for step in steps_in_order() for setting in step.settings][4:6] == [
        LONGEST, replace(LONGEST, name="last_s")
    ]  # fmt: skip


def test_a_step_cannot_activate_padding(own_steps):
    everywhere = StepSetting("everywhere", 0.0, (0.0,), "everywhere")
    own_steps["everywhere"] = Step(lambda active, frames, on: active | bool(on), (everywhere,), after="shortest")
    scores, truth = split()
    short = replace(scores, n_frames=np.full(30, 40))
    events = short.decode(PostProcessing(0.5, everywhere=1.0))
    assert {event.offset for found in events.values() for event in found} == {3.2}
    overall = SegmentTallies(short, truth).scores(PostProcessing(0.5, everywhere=1.0)).overall
    assert overall == segment_based_scores(truth.reference, events, truth.durations, LABELS).overall


def test_settings_are_immutable():
    point = PostProcessing(0.5)
    with pytest.raises(AttributeError, match=r"use \.changed\(gate=\.\.\.\)"):
        point.gate = 0.3
    assert point.changed(gate=0.3) == PostProcessing(0.5, gate=0.3)
    assert repr(point.changed(gate=0.3)).endswith("gate=0.3)")
