from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from heard_recording import GRID, LABELS, POINT, SOUNDS, make_recording
from sedpipe.detection.decoding import decode_events
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.steps import STEPS, Step, StepSetting
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.views.page.recording import Recording, can_move_thresholds, classes_by_events, recording_data
from sedpipe.views.page.recording_page import length_text, recording_page, sound_quality
from sedpipe.views.page.recording_picture import RecordingPicture, usual_bands
from sedpipe.views.page.sound import QUALITIES

PICTURE = RecordingPicture(np.zeros((100, 80), np.float32), 0.2, usual_bands(16_000))


def test_class_rows_have_event_counts_and_the_nearness_of_classes_without_events():
    rows = classes_by_events(make_recording())
    dog = rows[0]
    assert (dog.label, dog.n_events) == (LABELS.names[0], 2)
    assert dog.seconds == pytest.approx(sum(e.duration for e in SOUNDS if e.label == LABELS.names[0]), abs=0.2)
    # 0.6 of 0.9 is nearer than 0.05 of 0.5
    assert [row.label for row in rows[1:3]] == [LABELS.names[2], LABELS.names[3]]
    assert rows[2].nearness == pytest.approx(0.6 / 0.9)


def test_a_class_far_below_its_clip_gate_is_not_near():
    recording = make_recording()
    far = replace(recording, point=POINT.changed(gate=(0.0, 0.0, 0.3, 1.0)), clip_probs=recording.clip_probs * 0.01)
    assert recording_data(far, [], "", "")["recording"]["near"] == []
    assert recording_data(recording, [], "", "")["recording"]["near"] == [LABELS.names[3]]


def test_settings_are_given_in_frames_and_closed_ranges_match_the_clip_gate():
    recording = make_recording()
    dog, _, rain, _ = recording_data(recording, [], "", "")["classes"]
    assert (dog["high"], dog["low"], dog["median"], dog["shortest"], dog["gap"]) == (4000, 2000, 3, 3, 2)
    closed = np.ones(len(recording.frame_probs), dtype=bool)
    for first, end in rain["closed"]:
        closed[first:end] = False
    assert np.array_equal(closed, recording.clip_probs[:, 2] >= np.float32(0.3))
    assert dog["closed"] == []


def test_a_class_that_never_reaches_1_percent_has_no_curve_and_is_named():
    recording = make_recording()
    quiet = recording.frame_probs.copy()
    quiet[:, 1] = 0.001
    quiet = replace(recording, frame_probs=quiet)
    assert [bool(each["probs"]) for each in recording_data(quiet, [], "", "")["classes"]] == [True, False, True, True]
    page = recording_page(quiet, PICTURE, None, date(2026, 11, 28))
    assert "No curve, since the probability never reaches 1 %: &lt;img" in page


def test_the_key_of_a_draft_depends_on_the_recording_and_the_settings():
    def key(recording):
        return recording_data(recording, [], "", "")["recording"]["key"]

    recording = make_recording()
    assert key(recording) == key(make_recording())
    others = [
        replace(recording, name="other.wav"),
        replace(recording, duration=recording.duration - 1),
        replace(recording, frame_probs=recording.frame_probs * np.float32(0.9)),
        replace(recording, clip_probs=recording.clip_probs * np.float32(0.1)),
        replace(recording, events=recording.events[1:]),
        replace(recording, point=POINT.changed(threshold=0.7)),
        replace(recording, point=POINT.changed(median_s=1.0)),
    ]
    keys = [key(each) for each in (recording, *others)]
    assert len(set(keys)) == len(keys) == 8


def test_thresholds_cannot_be_moved_with_a_user_defined_post_processing_step(monkeypatch):
    assert can_move_thresholds()
    page = recording_page(make_recording(), PICTURE, None, date(2026, 11, 28))
    assert '<form class="thresholds">' in page
    setting = StepSetting("longest_s", 0.0, (0.0,), "longest")
    monkeypatch.setitem(STEPS, "longest", Step(lambda active, *_: active, (setting,), after="gap"))
    assert not can_move_thresholds()
    page = recording_page(make_recording(), PICTURE, None, date(2026, 11, 28))
    assert '<form class="thresholds" hidden>' in page
    assert "Thresholds cannot be moved here" in page


def test_longer_recordings_get_lower_audio_quality_and_very_long_ones_none():
    qualities = [sound_quality(hours * 3600) for hours in (0.1, 0.5, 0.8, 1.0, 3.0, 3.2)]
    assert qualities == [*QUALITIES, QUALITIES[-1], None]
    assert length_text(59.96) == "60 s"
    page = recording_page(make_recording(), PICTURE, None, date(2026, 11, 28))
    assert "This page contains no audio" in page


def test_the_peak_of_an_event_includes_a_last_frame_cut_off_before_its_middle():
    probs = np.full((21, 1), 0.1)
    probs[19:, 0] = (0.5, 0.95)
    grid, labels, point = FrameGrid(16_000, 7680), LabelSet(("Dog",)), PostProcessing(0.3)
    events = decode_events(probs, labels, point, grid, duration=9.8)
    assert events == [Event(9.12, 9.8, "Dog")]
    heard = Recording("a.wav", "model", 9.8, labels, grid, probs, probs, point, events, 16_000)
    assert recording_data(heard, [], "", "")["recording"]["events"] == [[9.12, 9.8, 0, 0.95, 0.725]]


def test_the_grid_of_the_page_is_that_of_the_probabilities():
    data = recording_data(make_recording(), [], "", "")["recording"]
    assert (data["hop"], data["rate"], data["step"]) == (GRID.hop_length, GRID.sample_rate, GRID.frame_duration)
