"""Frame probabilities of a run on a split: stored ones, or new ones from the network.

Torch is imported only if the network has to run.

- :func:`frame_scores`: frame probabilities of one run
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import numpy as np

from sedpipe.clips import Clip
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.errors import MissingStageError, SedpipeError, SettingsError
from sedpipe.features.spec import FeatureSpec
from sedpipe.frames import clip_lengths
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.frame_scores import Origin, find_frame_scores, find_origin, write_frame_scores
from sedpipe.io.cache.runs import Run
from sedpipe.io.files.checksums import sha256_in_cache
from sedpipe.io.files.reading import is_there
from sedpipe.io.parallel import process_apart
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener
from sedpipe.steps.changed_audio import report_changed_audio

if TYPE_CHECKING:
    from sedpipe.io.models.checkpoints import TrainedModel

BATCH_SIZE = 32
MANY_CLIPS = 2048
"""For more clips than this, the network runs in its own process: the memory that torch takes is needed for scores."""


def frame_scores(cache: Dataset, run: Run, split: str, device: str, listener: Listener) -> FrameScores:
    """Return stored frame probabilities if they were made from this model and these features, else new ones.

    Parameters
    ----------
    cache : Dataset
        Dataset with the run and the clips.
    run : Run
        A finished run.
    split : str
        Split with the clips.
    device : str
        Device for the network, if it has to run.
    listener : Listener
        Receives progress and remarks.

    Raises
    ------
    MissingStageError
        If the split has no clips or no features.
    SettingsError
        If the model does not know the dataset's classes.
    """
    clips = cache.read_clips()
    if split not in clips:
        raise MissingStageError(
            f"{cache.name} has no clips in {split}: it has {', '.join(clips)}",
            hint=f"choose one of them: --split {list(clips)[-1]}" if clips else "",
        )
    stored = _stored(cache, run, split, clips[split], listener)
    scores = stored or _by_the_network(cache, run, split, clips[split], device, listener)
    check_classes(cache, scores.labels)
    return scores


def check_classes(cache: Dataset, labels: LabelSet) -> None:
    """Raise ``SettingsError`` if the model lacks a class of the dataset."""
    unknown = [label for label in cache.read_record().labels if label not in labels]
    if unknown:
        raise SettingsError(
            f"the model does not know {cache.name}'s class {unknown[0]!r}",
            hint="score it on a dataset with the classes it was trained for",
        )


def _stored(cache: Dataset, run: Run, split: str, clips: Sequence[Clip], listener: Listener) -> FrameScores | None:
    path = run.frame_scores_path(split)
    origin = find_origin(path)
    if origin is None or len(Path(origin.features).parts) != 1:
        return None
    features = cache.features_dir(origin.features) / f"{split}.h5"
    if not is_there(features):
        return None
    audio = _audio_of(features)
    there = [clip for clip in clips if clip.clip_id in audio]
    found = find_frame_scores(path, _origin(run, origin.features, there, audio))
    # names have no checksum of their own: if one is damaged, everything is made again
    if found is None or found.clip_ids != [clip.clip_id for clip in there]:
        return None
    report_changed_audio(cache, features, clips, listener)
    # early versions took a clip to last as long as its frames
    n_samples = np.array([audio[clip_id].n_samples for clip_id in found.clip_ids], dtype=np.int64)
    longest_s = cache.read_record().clip_format.clip_s
    return replace(found, durations=clip_lengths(found.durations, n_samples, found.grid.sample_rate, longest_s))


class _Audio(NamedTuple):
    """Audio that features were computed from."""

    sha256: str
    n_samples: int


def _audio_of(features: Path) -> dict[str, _Audio]:
    """Return the audio that the features of each clip were computed from."""
    file = FeatureFile(features)
    try:
        audio = map(_Audio, file.audio_sha256, file.n_samples.tolist())
        return dict(zip(file.clip_ids, audio, strict=True))
    finally:
        file.close()


def _origin(run: Run, features: str, clips: Sequence[Clip], audio: Mapping[str, _Audio]) -> Origin:
    clip_ids = [clip.clip_id for clip in clips]
    lines = "\n".join([sha256_in_cache(run.model_path), *clip_ids, *(audio[clip_id].sha256 for clip_id in clip_ids)])
    return Origin(features, hashlib.sha256(lines.encode()).hexdigest())


def _by_the_network(
    cache: Dataset, run: Run, split: str, clips: Sequence[Clip], device: str, listener: Listener
) -> FrameScores:
    heard = _Heard(cache, run, split, device, str(uuid4()))
    with process_apart(wanted=len(clips) > MANY_CLIPS) as call:
        fingerprint = call(_fingerprint, heard)
        features = cache.features_dir(fingerprint) / f"{split}.h5"
        audio = _audio_of(features)
        report_changed_audio(cache, features, clips, listener)
        there = [clip for clip in clips if clip.clip_id in audio]  # the same clips as in batches
        path, origin = run.frame_scores_path(split), _origin(run, fingerprint, there, audio)
        # if no clip has features, there is one empty batch, and making it raises the error
        batches = [there[first : first + BATCH_SIZE] for first in range(0, max(1, len(there)), BATCH_SIZE)]
        tracked = listener.track(batches, len(batches), f"{split} batches")
        write_frame_scores(path, (call(_heard_clips, (heard, some)) for some in tracked), len(there), origin)
    _opened.cache_clear()
    stored = find_frame_scores(path, origin)
    if stored is None:
        raise SedpipeError(f"{path} is not what was written there just now", hint="check the disk that it is on")
    return stored


@dataclass(frozen=True)
class _Heard:
    """Run, split and device of a call; ``number`` differs each time, so that nothing opened earlier is used for it."""

    cache: Dataset
    run: Run
    split: str
    device: str
    number: str


@lru_cache(1)
def _opened(heard: _Heard) -> tuple[TrainedModel, FeatureFile]:
    """Open the model and the features, once in the process that runs the network; torch is imported only there."""
    import torch

    from sedpipe.io.models.checkpoints import read_model
    from sedpipe.nn.device import choose_device

    trained = read_model(heard.run.model_path, torch.device(choose_device(heard.device)))
    check_classes(heard.cache, trained.labels)
    path = heard.cache.features_dir(trained.spec.fingerprint) / f"{heard.split}.h5"
    if not is_there(path):
        usual = trained.spec == FeatureSpec.of_clips(heard.cache.read_record().clip_format)
        is_here = heard.run.folder.parent == heard.cache.runs
        words = () if usual else ("--init", heard.run.name if is_here else str(heard.run.folder))
        raise MissingStageError(f"{path} does not exist", hint=f"run `{heard.cache.command('features', *words)}` first")
    return trained, FeatureFile(path)


def _fingerprint(heard: _Heard) -> str:
    """Return the fingerprint of the features' parameters."""
    trained, _ = _opened(heard)
    return trained.spec.fingerprint


def _heard_clips(what: tuple[_Heard, Sequence[Clip]]) -> FrameScores:
    """Return the output of a model for some clips."""
    from sedpipe.steps.batches import ClipBatches
    from sedpipe.training.inference import predict

    heard, clips = what
    trained, features = _opened(heard)
    batches = ClipBatches(features, clips, trained.labels)
    frame_probs, clip_probs = predict(trained.model, [batches.batch(slice(None))])
    grid, longest_s = trained.spec.front_end.grid, heard.cache.read_record().clip_format.clip_s
    made = FrameScores.pooled(
        frame_probs, clip_probs, [clip.clip_id for clip in batches.clips], batches.n_frames,
        batches.durations(grid, longest_s), trained.labels, grid, trained.model.time_factor,
    )  # fmt: skip
    return replace(made, points=trained.operating_points)
