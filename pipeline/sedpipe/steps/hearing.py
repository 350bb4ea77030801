"""A recording of any length through a model: windows, front end, network, events.

A recording goes through overlapping windows of the length that the model was trained on, each treated as ``score``
treats a clip: the model's own front end, features cast as the store casts them. So a clip has the same events here
and there. Silence alone is no question for a network, which never learnt what to say of it: nothing sounds in it.

- :class:`Hearing`: where and how a model hears; :func:`chosen_settings`: its post-processing
- :func:`frame_probabilities`: what it says of a recording, :class:`Heard`
- :func:`events_of`: the events in that; :func:`glance_of`: what a person wants to see of it at once
- :func:`heard_and_told`: a file through a model, and what a person should know of it: :class:`Told`
- :func:`unlike_training`: in what it differs from the recordings that the model was trained on
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
from sedpipe.training.fit import Batch
from sedpipe.training.fit import predict as ask_network

OVERLAP = 1 / 5
"""Of a window with the next one: 2 s of 10. Against none, F1 gains half of what 90 % overlap gains, at a fifth more
work and not tenfold, and steps at the joints are little above those elsewhere (``benchmarks/predict.py``)."""

WINDOWS_PER_BATCH = 4


@dataclass(frozen=True)
class Hearing:
    """Where and how a model hears.

    Parameters
    ----------
    operating_point : str
        Which of the model's post-processings.
    threshold : float, optional
        Takes the place of that one's threshold, for every class.
    opens_gates : bool
        Whether every class may sound, however little the model believes that it is in the clip at all.
    device : str
        Where the network runs.
    encoders : Path
        The cache that holds the files of the encoders that the model may hear through.
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
    """One of a model's post-processings, perhaps with another threshold or no gate; ``SettingsError`` without one."""
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
    """What a model says of a recording.

    Parameters
    ----------
    blocks : iterable of ndarray [shape=(samples,)]
        The recording at the front end's sample rate; only a few windows of it are ever in memory.
    trained : TrainedModel
    overlap : float in [0, 1)
        Share of a window that the next one hears, too.

    Returns
    -------
    frame_probs : ndarray [shape=(T, K)]
        At least as many frames as the recording has; those past its end are padding. 0 where nothing can be heard in
        all of the recording.
    clip_probs : ndarray [shape=(T, K)]
        Of the window around each frame, faded as the frames are: a gate opens and closes with the windows.
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
    """Events of a recording.

    Parameters
    ----------
    probs, clip_probs : ndarray [shape=(T, K)]
        As :func:`frame_probabilities` gives them.
    n_samples : int
        Length of the recording.
    trained : TrainedModel
        Whose probabilities they are.
    point : PostProcessing
        What makes events of them.
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
    """What a person wants to see of a recording at once.

    Parameters
    ----------
    heard : Heard
    events : sequence of PredictedEvent
        From :func:`events_of`.
    trained : TrainedModel
    point : PostProcessing
    """
    n_frames = trained.grid.frames_of_samples(heard.n_samples)
    found = [Event(event.onset, event.offset, event.label) for event in events]
    probs, clip_probs = heard.frame_probs[:n_frames], heard.clip_probs[:n_frames]
    return glance_at(probs, clip_probs, found, trained.labels, point, trained.grid)


class Told(NamedTuple):
    """What a person should know of a recording: all of it, and in what it is unlike those of training, which is last.

    Parameters
    ----------
    sentences, unlike : list of str
    """

    sentences: list[str]
    unlike: list[str]

    @property
    def remark(self) -> str:
        """All in one; empty where there is nothing."""
        return "; ".join(self.sentences)


def heard_and_told(recording: Recording, trained: TrainedModel) -> tuple[Heard, Told]:
    """What a model says of a recording that nobody has read yet, and what is to be said of the recording.

    Raises
    ------
    AudioError
        If it cannot be read, or is unusable.
    """
    extent = Extent(trained.spec.front_end.sample_rate)
    heard = frame_probabilities(_noticing(recording.resampled(extent.sample_rate), extent), trained)
    unlike = unlike_training(extent, trained)
    return heard, Told([*(sentence for _, sentence in recording.remarks), *unlike], unlike)


def _noticing(blocks: Iterable[np.ndarray], extent: Extent) -> Iterator[np.ndarray]:
    """Pass blocks of samples on; ``extent`` notices how loud and how wide they are."""
    for block in blocks:
        extent.hear(block)
        yield block


def unlike_training(extent: Extent, trained: TrainedModel) -> list[str]:
    """In what a recording lies outside of what a model was trained on, a sentence each; nothing where it is silent."""
    is_silent = extent.loudest_db < 20 * math.log10(SILENT_BELOW)
    return [] if is_silent or trained.familiar is None else trained.familiar.remarks(extent)
