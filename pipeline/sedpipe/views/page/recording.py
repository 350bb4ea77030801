"""One recording of any length, without reference: the predictions of a model, as its page stores them.

Thresholds can be moved in the page, so it stores the probabilities and, in frames, the settings of each class. From
them it makes the same events as ``postprocess`` (``templates/scripts/decode.js``; a test checks that the two agree).

- :class:`Recording`: a recording and the predictions of a model
- :func:`recording_data`: the same as plain values for the page
- :func:`classes_by_events`: for each class, its events, or how near it came to one
- :func:`can_move_thresholds`: whether the page can make events as ``postprocess`` does
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sedpipe.detection.decoding import frame_edges, peak_and_mean
from sedpipe.detection.filters import gap_frames, median_frames, shortest_frames
from sedpipe.detection.nearness import NEARLY, nearness
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.steps import STEPS
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.views.page.operating_point import number_of
from sedpipe.views.page.pictures import Picture
from sedpipe.views.page.probabilities import SCALE, encoded

NEVER_HEARD = 0.01
"""A class that never reaches this probability has no curve on the page."""

_MOST_RUNNERS_UP = 3


@dataclass(frozen=True, eq=False)
class Recording:
    """The predictions of a model for a recording.

    Parameters
    ----------
    name : str
        Name of the recording, as in event lists.
    model : str
        Name of the model.
    duration : float
        Length of the recording in seconds.
    labels : LabelSet
        The K classes.
    grid : FrameGrid
        Times of the frames.
    frame_probs, clip_probs : ndarray [shape=(T, K)]
        Probabilities of the T frames without padding, and, for each frame, the clip probabilities of its surroundings.
    point : PostProcessing
    events : sequence of Event
        Events that the post-processing makes from the probabilities.
    sample_rate : int
        Sample rate of the model's input in Hz.
    """

    name: str
    model: str
    duration: float
    labels: LabelSet
    grid: FrameGrid
    frame_probs: np.ndarray
    clip_probs: np.ndarray
    point: PostProcessing
    events: Sequence[Event]
    sample_rate: int


@dataclass(frozen=True)
class RecordingClass:
    """One class: its events, their total duration in seconds, highest probability, threshold, nearness to an event."""

    label: str
    n_events: int
    seconds: float
    peak: float
    threshold: float
    nearness: float


def can_move_thresholds() -> bool:
    """Return whether the page knows all steps of post-processing: it does not know those that users have added."""
    return not STEPS.added


def classes_by_events(recording: Recording) -> list[RecordingClass]:
    """Return the classes: those with the most events first, then those that came nearest to an event."""
    rows = []
    for k, label in enumerate(recording.labels):
        own = [event for event in recording.events if event.label == label]
        peak, clip = (float(probs[:, k].max(initial=0.0)) for probs in (recording.frame_probs, recording.clip_probs))
        threshold, gate = (number_of(recording.point, setting, k) for setting in ("threshold", "gate"))
        seconds = round(sum(event.duration for event in own), 3)
        rows.append(
            RecordingClass(label, len(own), seconds, round(peak, 4), threshold, nearness(peak, threshold, clip, gate))
        )
    return sorted(rows, key=lambda row: (-row.n_events, -row.nearness))


def recording_data(recording: Recording, pictures: Sequence[Picture], whole: str, sound: str) -> dict[str, Any]:
    """Return the data that the page's script needs: ``classes`` with their predictions, and the ``recording``.

    Parameters
    ----------
    recording : Recording
    pictures : sequence of Picture
        Its spectrogram, piece by piece.
    whole : str
        The whole spectrogram as one small picture, as a data URI.
    sound : str
        Its audio as a data URI, or an empty string.
    """
    classes = [_class_data(recording, k) for k in range(len(recording.labels))]
    heard = {
        "clip": recording.name,
        "file": recording.name,
        "duration": recording.duration,
        "step": recording.grid.frame_duration,
        "hop": recording.grid.hop_length,
        "rate": recording.grid.sample_rate,
        "rate_heard": recording.sample_rate,
        "events": _events_data(recording),
        "near": _near(recording),
    }
    digest = hashlib.sha256(json.dumps([heard, classes]).encode()).hexdigest()
    shown = {"pictures": [asdict(picture) for picture in pictures], "whole": whole, "sound": sound}
    return {
        "classes": classes,
        "recording": {**heard, **shown, "key": digest, "summary": "", "remark": "", "tracks": [], "n_open": 0},
    }


def _class_data(recording: Recording, k: int) -> dict[str, Any]:
    probs, label, grid = recording.frame_probs[:, k], recording.labels.names[k], recording.grid

    def number(setting: str) -> float:
        return number_of(recording.point, setting, k)

    has_curve = probs.max(initial=0.0) >= NEVER_HEARD or any(event.label == label for event in recording.events)
    return {
        "label": label,
        "probs": encoded(probs) if has_curve else "",
        "high": _up(number("threshold")),
        "low": _up(number("threshold") * number("hysteresis")),
        "median": median_frames(number("median_s"), grid),
        "gap": gap_frames(number("gap_s"), grid),
        "shortest": shortest_frames(number("min_duration_s"), grid),
        "closed": _closed(recording.clip_probs[:, k], number("gate")),
    }


def _up(threshold: float) -> int:
    """Return a threshold in ten-thousandths, rounded up: stored probabilities have no values in between."""
    return math.ceil(round(threshold * SCALE, 6))


def _closed(clip_probs: np.ndarray, gate: float) -> list[list[int]]:
    """Return the runs of frames, as (first, end), in which the clip gate is closed."""
    closed = np.pad(~(clip_probs >= np.asarray(gate).astype(clip_probs.dtype)), 1).astype(np.int8)
    changes = np.diff(closed)
    return [[first, end] for first, end in zip(*(np.flatnonzero(changes == s).tolist() for s in (1, -1)), strict=True)]


def _events_data(recording: Recording) -> list[list[float]]:
    """Return onset, offset, class index, highest and mean probability of each event."""
    edges, events = frame_edges(recording.grid, len(recording.frame_probs)), []
    for event in sorted(recording.events):
        k = recording.labels.index(event.label)
        events.append([event.onset, event.offset, k, *peak_and_mean(recording.frame_probs[:, k], event, edges)])
    return events


def _near(recording: Recording) -> list[str]:
    """Return the classes without events that came nearest to one."""
    silent = [row for row in classes_by_events(recording) if not row.n_events]
    return [row.label for row in silent if row.nearness >= NEARLY][:_MOST_RUNNERS_UP]
