"""``sedpipe predict``: a trained model on anybody's recordings, of any length and format.

A recording goes through overlapping windows of the length that the model was trained on, each treated as ``score``
treats a clip: the model's own front end, features cast as the store casts them. So a clip has the same events here
and there.

- :func:`predict`: recordings -> events, on paper or in a folder that can be resumed
- :class:`Hearing`: where and how the model hears
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from sedpipe.choices import OPERATING_POINTS
from sedpipe.detection.decoding import decode_events
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import AudioError, SettingsError
from sedpipe.events import Event
from sedpipe.features.windows import Window, cut_windows, join_windows
from sedpipe.frames import FrameGrid
from sedpipe.io.audio.find import AudioFile, find_audio
from sedpipe.io.audio.waveforms import Recording
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.files.atomic import remove_leftovers, write_text
from sedpipe.io.models.checkpoints import TrainedModel
from sedpipe.io.models.open import OpenModel, open_to_hear
from sedpipe.io.prediction_log import PredictionLog, state_of
from sedpipe.io.predictions import FORMATS, PredictedEvent, PredictedFile, rendered
from sedpipe.listener import Listener
from sedpipe.reports.listening import PredictReport
from sedpipe.stages.predict_page import Heard, write_recording_page
from sedpipe.training.fit import Batch
from sedpipe.training.fit import predict as ask_network

OVERLAP = 1 / 5
"""Of a window with the next one: 2 s of 10. Against none, F1 gains half of what 90 % overlap gains, at a fifth more
work and not tenfold, and steps at the joints are little above those elsewhere (``benchmarks/predict.py``)."""

WINDOWS_PER_BATCH = 4

_UNLISTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # not UTF-8 text, a line a row


@dataclass(frozen=True)
class Hearing:
    """Where and how a model hears.

    Parameters
    ----------
    operating_point : str
        Which of the model's post-processings.
    threshold : float, optional
        Takes the place of that one's threshold, for every class.
    device : str
        Where the network runs.
    encoders : Path
        The cache that holds the files of the encoders that the model may hear through.
    """

    operating_point: str = OPERATING_POINTS[0]
    threshold: float | None = None
    device: str = "cpu"
    encoders: Path = Path("cache")


def predict(
    places: Sequence[Path],
    model: str | None,
    hearing: Hearing | None = None,
    *,
    cache: Dataset | None = None,
    out: Path | None = None,
    form: str = "tsv",
    listener: Listener | None = None,
) -> PredictReport:
    """Find events in recordings.

    Parameters
    ----------
    places : sequence of Path
        Files and folders.
    model : str, optional
        What :func:`sedpipe.io.models.open.open_model` knows.
    hearing : Hearing, optional
        Where and how the model hears.
    cache : Dataset, optional
        Whose runs can be named.
    out : Path, optional
        Folder to write to: ``<name>.<suffix>`` a recording, in the folders' own layout. What is there from before
        is kept if recording, model and settings are the same.
    form : str
        One of ``FORMATS``, of what is written there; or ``html``, a page a recording on which to see, hear and correct
        its events, in ``out`` or else where one is.
    listener : Listener, optional
        Hears of progress.

    Raises
    ------
    MissingStageError
        If there is no such model, or the file of an encoder that it hears through is not there.
    SettingsError
        If the places hold no recording or two of one name, or a setting cannot be used.
    StaleError
        If ``out`` was begun with another model or other settings.
    """
    listener, hearing = listener or Listener(), hearing or Hearing()
    opened = open_to_hear(model, cache, hearing.device, hearing.encoders)
    point = chosen_settings(opened.trained, hearing.operating_point, hearing.threshold)
    rate = opened.trained.spec.front_end.sample_rate
    found = find_audio(places)
    if form == "audacity" and out is None and len(found.files) > 1:
        raise SettingsError(
            f"Audacity's labels are of one recording, got {len(found.files)}", hint="name a folder with --out"
        )
    log = None
    if out is not None:
        remove_leftovers(out, *{(out / file.name).parent for file in found.files})
        log = PredictionLog(out, {"model": opened.sha256, "post_processing": point.as_table(), "overlap": OVERLAP})
        if log.n_dropped:
            listener.say(f"{log.n_dropped} damaged lines of {out}'s log are dropped: their recordings are done again")
    files = []
    for file in listener.track(found.files, len(found.files), "recordings"):
        page = (out or Path()) / f"{file.name}.html" if form == "html" else None
        predicted = _of_file(file, opened, point, log, page)
        if out is not None and page is None and predicted.state != "failed":
            _write(out / f"{file.name}{FORMATS[form]}", predicted, form, rate)
        files.append(predicted)
    return PredictReport(str(opened.folder), files, point, found.left_out, rate)


def chosen_settings(trained: TrainedModel, operating_point: str, threshold: float | None) -> PostProcessing:
    """One of a model's post-processings, perhaps with another threshold; ``SettingsError`` where there is none."""
    if operating_point not in OPERATING_POINTS:
        raise SettingsError(f"operating point must be one of {', '.join(OPERATING_POINTS)}, got {operating_point!r}")
    point = trained.operating_points[operating_point]
    try:
        return point if threshold is None else point.changed(threshold=threshold)
    except ValueError as error:
        raise SettingsError(f"--threshold: {error}") from error


def _of_file(
    file: AudioFile, opened: OpenModel, point: PostProcessing, log: PredictionLog | None, page: Path | None
) -> PredictedFile:
    """What is known of a recording, or found in it; a bad one becomes a row with the reason."""
    kept = log.find(file.name, file.path) if log is not None else None
    if kept is not None and (page is None or page.exists()):
        return kept
    try:
        _check_name(file)
        state = state_of(file.path)
        predicted = _listen(file, opened, point, page)
    except OSError as error:
        return _failed(file, f"{file.path}: {error.strerror or error}")
    except AudioError as error:
        return _failed(file, error.message)
    if log is not None:
        log.add(predicted, state)
    return predicted


def _check_name(file: AudioFile) -> None:
    if _UNLISTABLE.search(str(file.path)):
        raise AudioError(f"{file.path}: its name holds characters that no list can hold; rename it")


def _failed(file: AudioFile, reason: str) -> PredictedFile:
    return PredictedFile(_shown(file.path), _shown(file.name), None, [], "failed", _shown(reason))


def _shown(name: object) -> str:
    """As text that can be printed, whatever the file system allows."""
    return _UNLISTABLE.sub("\N{REPLACEMENT CHARACTER}", str(name))


def _listen(file: AudioFile, opened: OpenModel, point: PostProcessing, page: Path | None) -> PredictedFile:
    """What is found in a recording; its page, if one is asked for, is written first."""
    trained, recording = opened.trained, Recording(file.path)
    sample_rate = trained.spec.front_end.sample_rate
    heard = Heard(*frame_probabilities(recording.resampled(sample_rate), trained))
    remark = "; ".join(sentence for _, sentence in recording.remarks)
    if page is not None:
        write_recording_page(page, file, heard, opened, point, remark)
    duration, events = round(heard.n_samples / sample_rate, 3), events_of(*heard, trained, point)
    return PredictedFile(str(file.path), file.name, duration, events, reason=remark)


def events_of(
    probs: np.ndarray, clip_probs: np.ndarray, n_samples: int, trained: TrainedModel, point: PostProcessing
) -> list[PredictedEvent]:
    """Events of a recording; ``probs``, ``clip_probs`` and ``n_samples`` are those of :func:`frame_probabilities`.

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
    events = []
    for event in decoded:
        probability = _mean_probability(probs[:n_frames, trained.labels.index(event.label)], event, grid)
        events.append(PredictedEvent(event.onset, event.offset, event.label, probability))
    return events


def frame_probabilities(
    blocks: Iterable[np.ndarray], trained: TrainedModel, overlap: float = OVERLAP
) -> tuple[np.ndarray, np.ndarray, int]:
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
        At least as many frames as the recording has; those past its end are padding.
    clip_probs : ndarray [shape=(T, K)]
        Of the window around each frame, faded as the frames are: a gate opens and closes with the windows.
    n_samples : int
        Length of the recording.
    """
    front_end = trained.spec.front_end
    step = front_end.hop_length * trained.model.time_factor
    steps = (1 - overlap) * front_end.n_samples / step
    hop = max(1, min(round(steps), front_end.n_samples // step)) * step
    starts: list[int] = []
    end = 0

    def batches() -> Iterator[Batch]:
        nonlocal end
        windows_in_order = cut_windows(blocks, front_end.n_samples, hop, step)
        while windows := list(islice(windows_in_order, WINDOWS_PER_BATCH)):
            starts.extend(window.start // step for window in windows)
            end = windows[-1].start + len(windows[-1].samples)
            yield _batch(windows, trained)

    frame_probs, clip_probs = ask_network(trained.model, batches())
    of_frames = np.broadcast_to(clip_probs[:, None], frame_probs.shape)
    return join_windows(starts, frame_probs), join_windows(starts, of_frames), end


def _batch(windows: Sequence[Window], trained: TrainedModel) -> Batch:
    made = [trained.spec.front_end.extract(window.samples) for window in windows]
    stored = np.stack([features for features, _ in made]).astype(trained.spec.dtype)  # as the store casts them
    x, n_frames = torch.from_numpy(stored).float(), torch.tensor([n_frames for _, n_frames in made])
    return Batch(x, torch.zeros(len(windows), len(trained.labels)), n_frames, [])


def _mean_probability(probs: np.ndarray, event: Event, grid: FrameGrid) -> float:
    """Mean over an event's frames of its class's probabilities (T,); times are rounded to 1 ms, frames are longer."""
    first = math.floor((event.onset + 0.001) / grid.frame_duration)
    end = math.ceil((event.offset - 0.001) / grid.frame_duration)
    return round(float(probs[first:end].mean()), 4)


def _write(path: Path, predicted: PredictedFile, form: str, sample_rate: int) -> None:
    if predicted.state == "kept" and path.exists():
        return
    write_text(path, rendered([replace(predicted, state="ok")], form, sample_rate))
