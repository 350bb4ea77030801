"""A recording with made-up predictions of a model: 20 s with a rising tone, and labels that are markup."""

from datetime import date
from pathlib import Path

import numpy as np
from sedpipe.detection.decoding import decode_events
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.views.page.recording import Recording
from sedpipe.views.page.recording_page import recording_page
from sedpipe.views.page.recording_picture import picture_of_blocks
from sedpipe.views.page.sound import QUALITIES, encode_mp3

LABELS = LabelSet(("Dog bark", "<img src=x onerror=\"document.title='owned'\">", "Rain & 'snow'", "Rooster"))
NAME = "ward/<b>night & day</b>.wav"
RATE, DURATION = 16_000, 20.03
GRID = FrameGrid(RATE, 1280)
POINT = PostProcessing((0.4, 0.5, 0.5, 0.9), (0.24, 0.0, 0.0, 0.0), 0.2, 0.2, 0.5, (0.0, 0.0, 0.3, 0.0))
SOUNDS = (Event(1.0, 3.0, LABELS.names[0]), Event(6.0, 6.8, LABELS.names[0]), Event(10.0, 15.0, LABELS.names[2]))


def make_recording(sounds=SOUNDS, point: PostProcessing = POINT) -> Recording:
    """Return a recording whose probabilities rise where a class sounds; the last class stays below its threshold."""
    n_frames = GRID.frames_of_samples(round(DURATION * RATE))
    middles = (np.arange(n_frames) + 0.5) * GRID.frame_duration
    probs = np.random.default_rng(0).uniform(0, 0.05, (n_frames, len(LABELS))).astype(np.float32)
    for event in sounds:
        probs[(middles >= event.onset) & (middles < event.offset), LABELS.index(event.label)] += 0.9
    probs[100:104, 3] = 0.6
    clip_probs = np.tile(probs.max(axis=0), (n_frames, 1))
    clip_probs[:90, 2] = 0.1  # the gate opens at 7.2 s
    events = decode_events(probs, LABELS, point, GRID, duration=DURATION, clip_probs=clip_probs)
    return Recording(NAME, "nightwatch", DURATION, LABELS, GRID, probs, clip_probs, point, events, RATE)


def write_page(path: Path, recording: Recording | None = None, has_sound: bool = True) -> Path:
    """Write the page of a recording, with a rising tone as its sound."""
    recording = recording or make_recording()
    time = np.arange(round(recording.duration * RATE)) / RATE
    waveform = (0.3 * np.sin(2 * np.pi * (200 + 40 * time) * time)).astype(np.float32)
    sound = encode_mp3([waveform], QUALITIES[-1]) if has_sound else None
    picture = picture_of_blocks(np.split(waveform, [5000, 70_000]), RATE, recording.duration)
    path.write_text(recording_page(recording, picture, sound, date(2026, 11, 28)), encoding="utf-8")
    return path
