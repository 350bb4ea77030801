"""The page of a recording, which ``predict --format html`` writes.

- :func:`recording_parts`: probabilities, events, picture and sound; for the latter two the recording is read again
- :func:`write_recording_page`: write these as a page
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sedpipe.detection.decoding import countable_frames, decode_events, frame_edges
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.io.audio.find import AudioFile
from sedpipe.io.audio.waveforms import read_blocks
from sedpipe.io.files.atomic import write_text
from sedpipe.io.models.open import OpenModel
from sedpipe.steps.hearing import Heard
from sedpipe.views.page.recording import Recording
from sedpipe.views.page.recording_page import recording_page, sound_quality
from sedpipe.views.page.recording_picture import RecordingPicture, picture_of_blocks
from sedpipe.views.page.sound import encode_mp3


@dataclass(frozen=True, eq=False)
class RecordingParts:
    """The arguments of :func:`~sedpipe.views.page.recording_page.recording_page`: events, picture, sound and others."""

    recording: Recording
    picture: RecordingPicture
    sound: bytes | None
    changed_on: date
    remark: str


def recording_parts(
    file: AudioFile, heard: Heard, opened: OpenModel, point: PostProcessing, remark: str
) -> RecordingParts:
    """Return everything that the page of a recording shows.

    Parameters
    ----------
    file : AudioFile
        The recording.
    heard : Heard
        Frame and clip probabilities of the recording.
    opened : OpenModel
        Model that they were predicted with.
    point : PostProcessing
        Post-processing that turns probabilities into events.
    remark : str
        Remark about the recording; empty if there is none.

    Raises
    ------
    AudioError
        If the recording can no longer be read.
    """
    recording = _recording(file.name, heard, opened, point)
    rate, quality = recording.sample_rate, sound_quality(recording.duration)
    picture = picture_of_blocks(read_blocks(file.path, rate), rate, recording.duration)
    sound = encode_mp3(read_blocks(file.path, quality.sample_rate), quality) if quality else None
    changed_on = datetime.fromtimestamp(file.path.stat().st_mtime, UTC).date()
    return RecordingParts(recording, picture, sound, changed_on, remark)


def write_recording_page(path: Path, parts: RecordingParts) -> None:
    """Write the page of a recording atomically."""
    write_text(path, recording_page(parts.recording, parts.picture, parts.sound, parts.changed_on, parts.remark))


def _recording(name: str, heard: Heard, opened: OpenModel, point: PostProcessing) -> Recording:
    trained = opened.trained
    rate, grid = trained.spec.front_end.sample_rate, trained.grid
    duration = heard.n_samples / rate
    edges = frame_edges(grid, len(heard.frame_probs))
    counted = int(countable_frames(edges, grid.frames_of_samples(heard.n_samples), duration))
    frame_probs, clip_probs = heard.frame_probs[:counted], heard.clip_probs[:counted]
    events = decode_events(frame_probs, trained.labels, point, grid, duration=duration, clip_probs=clip_probs)
    return Recording(
        name, opened.folder.name, round(duration, 3), trained.labels, grid, frame_probs, clip_probs, point, events, rate
    )
