import pickle
from types import MappingProxyType

import numpy as np
import pytest
from activities import column
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage
from sedpipe.detection.decoding import decode_events
from sedpipe.detection.filters import median_filter
from sedpipe.detection.postprocess import PostProcessing, activity
from sedpipe.detection.steps import STEPS, Step, StepSetting
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet

DOG_CAT = LabelSet(("Dog", "Cat"))
GRID = FrameGrid(44100, 882).subsampled(4)  # 0.08 s
activities = arrays.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 3)))
odd = st.integers(0, 8).map(lambda half: 2 * half + 1)


def test_a_probability_equal_to_the_threshold_is_active_in_float32_too():
    probs = np.full((2, 1), 0.7, dtype=np.float32)
    assert activity(probs, PostProcessing(0.7), GRID).all()


def test_min_duration_keeps_a_run_of_exactly_that_length():
    probs = column("##..###").astype(float)
    settings = PostProcessing(0.5, min_duration_s=0.24)
    assert decode_events(probs, LabelSet(("Dog",)), settings, GRID) == [Event(0.32, 0.56, "Dog")]


def test_padding_is_never_active_even_after_the_median_filter():
    probs = column("..######").astype(float)
    settings = PostProcessing(0.5, median_s=0.4)
    assert decode_events(probs, LabelSet(("Dog",)), settings, GRID, n_frames=5) == [Event(0.16, 0.4, "Dog")]


def test_hysteresis_does_not_spread_from_the_padding_into_the_clip():
    probs = np.array([[0.1], [0.3], [0.3], [0.9], [0.9]])
    settings = PostProcessing(0.5, hysteresis=0.5)
    assert not decode_events(probs, LabelSet(("Dog",)), settings, GRID, n_frames=3)
    assert not decode_events(probs, LabelSet(("Dog",)), settings, GRID, duration=0.24)
    assert decode_events(probs, LabelSet(("Dog",)), settings, GRID) == [Event(0.08, 0.4, "Dog")]


@given(arrays.arrays(np.float64, 30, elements=st.floats(0, 1)), st.floats(0.1, 1), st.floats(0, 1))
def test_hysteresis_keeps_the_low_runs_that_contain_a_high_frame(probs, threshold, share):
    runs, n = ndimage.label(probs >= threshold * share)
    kept = [run for run in range(1, n + 1) if (probs[runs == run] >= threshold).any()]
    found = activity(probs[:, None], PostProcessing(threshold, hysteresis=share), GRID)[:, 0]
    assert np.array_equal(found, np.isin(runs, kept))


def test_a_gate_silences_a_class_in_a_clip():
    probs = np.full((3, 2), 0.9)
    point = PostProcessing(0.5, gate=0.3)
    assert decode_events(probs, DOG_CAT, point, GRID, clip_probs=np.array([0.2, 0.3])) == [Event(0.0, 0.24, "Cat")]
    with pytest.raises(ValueError, match="a gate needs clip_probs"):
        decode_events(probs, DOG_CAT, point, GRID)


def test_steps_are_applied_in_the_documented_order():
    # the median filter drops the single frames; if gaps were closed first, they would be joined
    probs = column("#.#.#").astype(float)
    assert decode_events(probs, LabelSet(("Dog",)), PostProcessing(0.5, gap_s=0.08, min_duration_s=0.4), GRID)
    assert not decode_events(probs, LabelSet(("Dog",)), PostProcessing(0.5, 0.4, gap_s=0.08, min_duration_s=0.4), GRID)


settings_of_two = st.one_of(
    st.sampled_from([0.0, 0.16, 0.24, 0.5]), st.tuples(*[st.sampled_from([0.0, 0.16, 0.24, 0.5])] * 2)
)


@given(
    arrays.arrays(np.float32, (4, 20, 2), elements=st.floats(0, 1, width=32)),
    st.lists(st.integers(0, 20), min_size=4, max_size=4),
    st.builds(PostProcessing, *[settings_of_two] * 6),
)
def test_processing_many_clips_together_equals_one_clip_or_class_at_a_time(probs, n_frames, point):
    clip_probs = probs.mean(axis=1)
    together = activity(probs, point, GRID, np.array(n_frames), clip_probs)
    for clip, tags, n, alone in zip(probs, clip_probs, n_frames, together, strict=True):
        assert np.array_equal(activity(clip, point, GRID, n, tags), alone)
        for k in range(2):
            of_class = activity(clip[:, [k]], point.of_class(k), GRID, n, tags[[k]])
            assert np.array_equal(of_class[:, 0], alone[:, k])


def test_per_class_settings_must_match_the_number_of_classes():
    with pytest.raises(ValueError, match=r"settings must all be for the same number of classes, got \[2, 3\]"):
        PostProcessing((0.5, 0.5), gap_s=(0.0, 0.0, 0.0))
    with pytest.raises(ValueError, match="settings are for 3 classes, expected 2"):
        decode_events(np.ones((5, 2)), DOG_CAT, PostProcessing((0.5, 0.5, 0.5)), GRID)


@pytest.mark.parametrize(
    ("name", "value"),
    [("threshold", 1.5), ("threshold", float("nan")), ("median_s", -0.1), ("min_duration_s", float("inf"))],
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must .*got {value}"):
        PostProcessing(**({"threshold": 0.5} | {name: value}))


def test_the_table_contains_every_built_in_setting_even_if_it_is_off():
    off = {"median_s": 0.0, "min_duration_s": 0.0, "gap_s": 0.0, "hysteresis": 1.0, "gate": 0.0}
    assert PostProcessing(0.5).as_table() == {"threshold": 0.5, **off}


def test_settings_are_equal_however_they_were_created_and_equal_to_their_dict():
    settings = PostProcessing(0.5, median_s=(0.2, 0.4), gate=0.1)
    others = [
        PostProcessing(gate=0.1, threshold=0.5, median_s=[0.2, 0.4]),
        settings.changed(gate=0.3).changed(gate=0.1),
        pickle.loads(pickle.dumps(settings)),
    ]
    assert {settings, *others} == {settings}
    assert settings == dict(settings) == MappingProxyType(dict(settings))
    assert settings not in ("settings", settings.changed(gate=0.2), settings.of_class(0))


def test_a_custom_setting_is_in_the_table_only_if_it_is_on():
    STEPS["echo"] = Step(
        lambda active, frames, echo_s: active, (StepSetting("echo_s", 0.0, (0.0, 0.4), "echo"),), after="gap"
    )
    try:
        assert PostProcessing(0.5, echo_s=0.4).as_table()["echo_s"] == 0.4
        assert "echo_s" not in PostProcessing(0.5, echo_s=0.0).as_table()
    finally:
        del STEPS["echo"]


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match=r"must have shape \(T, 2\), got \(5, 3\)"):
        decode_events(np.ones((5, 3)), DOG_CAT, PostProcessing(0.5), GRID)
    with pytest.raises(ValueError, match="holds a nan"):
        decode_events(np.full((5, 2), np.nan), DOG_CAT, PostProcessing(0.5), GRID)
    with pytest.raises(ValueError, match=r"shape \(\.\.\., T, K\), got \(5,\)"):
        activity(np.ones(5), PostProcessing(0.5), GRID)
    with pytest.raises(ValueError, match="odd number of frames, got 4"):
        median_filter(column("####"), 4)
