"""Prediction on a recording of any length: windows, front end, network, events.

A recording is cut into overlapping windows of the length that the model was trained on. Each is treated as ``score``
treats a clip, with the model's own front end and features cast as the store casts them, so a clip gets the same events
from both. A silent recording gets no events, since a network has never learnt what to predict for silence.

- :class:`Hearing`: settings of a prediction; :func:`chosen_settings`: its post-processing
- :func:`frame_probabilities`: probabilities of a recording, as :class:`Heard`
- :func:`events_of`: the events in them; :func:`glance_of`: a summary of them for the user
- :func:`probabilities_and_remarks`: probabilities of a file, and remarks on it for the user: :class:`Told`
- :func:`unlike_training`: how a recording differs from those that the model was trained on
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from sedpipe.choices import OPERATING_POINTS
from sedpipe.detection.decoding import decode_events, frame_edges, peak_and_mean
from sedpipe.detection.nearness import Glance, glance_at
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.steps import settings_of_steps
from sedpipe.errors import SettingsError
from sedpipe.events import Event
from sedpipe.features.familiar import Extent
from sedpipe.features.windows import Window, cut_windows, join_windows
from sedpipe.io.audio.level import SILENT_BELOW, Level
from sedpipe.io.audio.waveforms import Recording
from sedpipe.io.models.checkpoints import TrainedModel
from sedpipe.io.predictions import PredictedEvent
from sedpipe.training.batch import Batch
from sedpipe.training.inference import predict as ask_network

OVERLAP = 1 / 5
"""Overlap of a window with the next one, as a share: 2 s of 10. Compared with no overlap, F1 gains half of what 90 %
overlap gains, for a fifth more work instead of ten times as much, and the jumps of the probabilities where windows are
joined are hardly larger than elsewhere (``benchmarks/predict.py``)."""

WINDOWS_PER_BATCH = 4


@dataclass(frozen=True)
class Hearing:
    """Settings of a prediction.

    Parameters
    ----------
    operating_point : str
        Name of the operating point, one of the model's post-processings.
    threshold : float, optional
        Threshold for every class, in place of that of the operating point.
    opens_gates : bool
        Whether the clip gate is off, so that a class can have events however low its clip probability.
    device : str
        Device that the network runs on.
    encoders : Path
        Cache with the files of the encoders that the model may use.
    """

    operating_point: str = OPERATING_POINTS[0]
    threshold: float | None = None
    opens_gates: bool = False
    device: str = "cpu"
    encoders: Path = Path("cache")


class Heard(NamedTuple):
    """Frame and clip probabilities (T, K) of a recording, and its length in samples at the model's rate."""

    frame_probs: np.ndarray
    clip_probs: np.ndarray
    n_samples: int


def chosen_settings(
    trained: TrainedModel, operating_point: str, threshold: float | None, *, opens_gates: bool = False
) -> PostProcessing:
    """Return one of a model's post-processings, perhaps with another threshold or no gate.

    ``SettingsError`` is raised if the name of the operating point is unknown, or the threshold is not valid.
    """
    if operating_point not in OPERATING_POINTS:
        raise SettingsError(f"operating point must be one of {', '.join(OPERATING_POINTS)}, got {operating_point!r}")
    point = trained.operating_points[operating_point]
    if opens_gates:
        point = point.changed(gate=0.0)
    if threshold is None:
        return point
    try:  # one number for every class
        return point.changed(threshold=settings_of_steps()["threshold"].checked(threshold))
    except ValueError as error:
        raise SettingsError(str(error)) from error


def frame_probabilities(blocks: Iterable[np.ndarray], trained: TrainedModel, overlap: float = OVERLAP) -> Heard:
    """Return the probabilities that a model gives for a recording.

    Parameters
    ----------
    blocks : iterable of ndarray [shape=(samples,)]
        The recording at the front end's sample rate; only a few windows of it are in memory at any time.
    trained : TrainedModel
    overlap : float in [0, 1)
        Share of a window that overlaps with the next one.

    Returns
    -------
    frame_probs : ndarray [shape=(T, K)]
        Frame probabilities. There are at least as many frames as the recording has; those past its end are padding.
        All are 0 if the whole recording is silent.
    clip_probs : ndarray [shape=(T, K)]
        Clip probability of the window around each frame, cross-faded as frame probabilities are, so that a clip gate
        opens and closes with the windows. All are 0 if the whole recording is silent.
    n_samples : int
        Length of the recording.
    """
    front_end = trained.spec.front_end
    step = front_end.hop_length * trained.model.time_factor
    steps = (1 - overlap) * front_end.n_samples / step
    hop = max(1, min(round(steps), front_end.n_samples // step)) * step
    level, starts, end = Level(), list[int](), 0

    def listened_to() -> Iterator[np.ndarray]:
        for block in blocks:
            level.hear(block)
            yield block

    def batches() -> Iterator[Batch]:
        nonlocal end
        windows_in_order = cut_windows(listened_to(), front_end.n_samples, hop, step)
        while windows := list(islice(windows_in_order, WINDOWS_PER_BATCH)):
            starts.extend(window.start // step for window in windows)
            end = windows[-1].start + len(windows[-1].samples)
            yield _batch(windows, trained)

    frame_probs, clip_probs = ask_network(trained.model, batches())
    if level.is_silent:
        frame_probs, clip_probs = np.zeros_like(frame_probs), np.zeros_like(clip_probs)
    of_frames = np.broadcast_to(clip_probs[:, None], frame_probs.shape)
    return Heard(join_windows(starts, frame_probs), join_windows(starts, of_frames), end)


def _batch(windows: Sequence[Window], trained: TrainedModel) -> Batch:
    made = [trained.spec.front_end.extract(window.samples) for window in windows]
    stored = np.stack([trained.spec.as_stored(features) for features, _ in made])
    x, n_frames = torch.from_numpy(stored).float(), torch.tensor([n_frames for _, n_frames in made])
    return Batch(x, torch.zeros(len(windows), len(trained.labels)), n_frames, [])


def events_of(
    probs: np.ndarray, clip_probs: np.ndarray, n_samples: int, trained: TrainedModel, point: PostProcessing
) -> list[PredictedEvent]:
    """Return the events of a recording.

    Parameters
    ----------
    probs, clip_probs : ndarray [shape=(T, K)]
        Frame and clip probabilities, as :func:`frame_probabilities` returns them.
    n_samples : int
        Length of the recording.
    trained : TrainedModel
        Model that the probabilities come from.
    point : PostProcessing
        Post-processing that makes events from them.
    """
    grid = trained.grid
    duration, n_frames = n_samples / trained.spec.front_end.sample_rate, grid.frames_of_samples(n_samples)
    decoded = decode_events(
        probs, trained.labels, point, grid, n_frames=n_frames, duration=duration, clip_probs=clip_probs
    )
    edges = frame_edges(grid, len(probs))
    events = []
    for event in decoded:
        peak, mean = peak_and_mean(probs[:n_frames, trained.labels.index(event.label)], event, edges)
        events.append(PredictedEvent(event.onset, event.offset, event.label, peak, mean))
    return events


def glance_of(heard: Heard, events: Sequence[PredictedEvent], trained: TrainedModel, point: PostProcessing) -> Glance:
    """Return a summary of a recording for the user: the shape of its events, and classes that came close to one.

    Parameters
    ----------
    heard : Heard
    events : sequence of PredictedEvent
        Events that :func:`events_of` returns.
    trained : TrainedModel
    point : PostProcessing
    """
    n_frames = trained.grid.frames_of_samples(heard.n_samples)
    found = [Event(event.onset, event.offset, event.label) for event in events]
    probs, clip_probs = heard.frame_probs[:n_frames], heard.clip_probs[:n_frames]
    return glance_at(probs, clip_probs, found, trained.labels, point, trained.grid)


class Told(NamedTuple):
    """Remarks on a recording for the user: all of them, the last of which say how it is unlike training recordings.

    Parameters
    ----------
    sentences, unlike : list of str
    """

    sentences: list[str]
    unlike: list[str]

    @property
    def remark(self) -> str:
        """All sentences in one; empty if there are none."""
        return "; ".join(self.sentences)


def probabilities_and_remarks(recording: Recording, trained: TrainedModel) -> tuple[Heard, Told]:
    """Read a recording, and return the probabilities that a model gives for it, and remarks on the recording.

    Raises
    ------
    AudioError
        If the recording cannot be read, or is unusable.
    """
    extent = Extent(trained.spec.front_end.sample_rate)
    heard = frame_probabilities(_noticing(recording.resampled(extent.sample_rate), extent), trained)
    unlike = unlike_training(extent, trained)
    return heard, Told([*(sentence for _, sentence in recording.remarks), *unlike], unlike)


def _noticing(blocks: Iterable[np.ndarray], extent: Extent) -> Iterator[np.ndarray]:
    """Pass blocks of samples on, and let ``extent`` measure their level and bandwidth."""
    for block in blocks:
        extent.hear(block)
        yield block


def unlike_training(extent: Extent, trained: TrainedModel) -> list[str]:
    """Return a sentence for each way in which a recording is unlike the training recordings; none if it is silent."""
    is_silent = extent.loudest_db < 20 * math.log10(SILENT_BELOW)
    return [] if is_silent or trained.familiar is None else trained.familiar.remarks(extent)
