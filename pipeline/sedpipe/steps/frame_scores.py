"""Frame probabilities of a run on a split: stored ones, or new ones by the network.

Torch is only imported where the network is asked.

- :func:`frame_scores`: of one run
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sedpipe.clips import Clip
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.errors import MissingStageError, SettingsError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.frame_scores import Origin, find_frame_scores, find_origin, write_frame_scores
from sedpipe.io.cache.runs import Run
from sedpipe.io.files.checksums import sha256_in_cache
from sedpipe.io.files.reading import is_there
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener

BATCH_SIZE = 32


def frame_scores(cache: Dataset, run: Run, split: str, device: str, listener: Listener) -> FrameScores:
    """Stored ones if they were made from this model and these features, else new ones.

    Parameters
    ----------
    cache : Dataset
        Whose run and clips.
    run : Run
        A finished one.
    split : str
        Whose clips.
    device : str
        Where the network runs, if it is asked.
    listener : Listener
        Hears of progress.

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
    stored = _stored(cache, run, split, clips[split])
    scores = stored or _by_the_network(cache, run, split, clips[split], device, listener)
    check_classes(cache, scores.labels)
    return scores


def check_classes(cache: Dataset, labels: LabelSet) -> None:
    """``SettingsError`` if the model lacks a class of the dataset."""
    unknown = [label for label in cache.read_record().labels if label not in labels]
    if unknown:
        raise SettingsError(
            f"the model does not know {cache.name}'s class {unknown[0]!r}",
            hint="score it on a dataset with the classes it was trained for",
        )


def _stored(cache: Dataset, run: Run, split: str, clips: Sequence[Clip]) -> FrameScores | None:
    path = run.frame_scores_path(split)
    origin = find_origin(path)
    if origin is None or len(Path(origin.features).parts) != 1:
        return None
    features = cache.features_dir(origin.features) / f"{split}.h5"
    if not is_there(features):
        return None
    file = FeatureFile(features)
    audio = dict(zip(file.clip_ids, file.audio_sha256, strict=True))
    clip_ids = [clip.clip_id for clip in clips if clip.clip_id in audio]
    found = find_frame_scores(path, _origin(run, origin.features, clip_ids, [audio[clip_id] for clip_id in clip_ids]))
    # names have no checksum of their own: where one is damaged, all is made anew
    return found if found is not None and list(found.clip_ids) == clip_ids else None


def _origin(run: Run, features: str, clip_ids: Sequence[str], audio_sha256: Sequence[str]) -> Origin:
    lines = "\n".join([sha256_in_cache(run.model_path), *clip_ids, *audio_sha256])
    return Origin(features, hashlib.sha256(lines.encode()).hexdigest())


def _by_the_network(
    cache: Dataset, run: Run, split: str, clips: Sequence[Clip], device: str, listener: Listener
) -> FrameScores:
    import torch

    from sedpipe.io.models.checkpoints import read_model
    from sedpipe.nn.device import choose_device
    from sedpipe.steps.batches import ClipBatches
    from sedpipe.training.fit import predict

    trained = read_model(run.model_path, torch.device(choose_device(device)))
    check_classes(cache, trained.labels)
    features = trained.spec.fingerprint
    path = cache.features_dir(features) / f"{split}.h5"
    if not is_there(path):
        raise MissingStageError(f"{path} does not exist", hint=f"run `{cache.command('features')}` first")
    batches = ClipBatches(FeatureFile(path), clips, trained.labels)
    tracked = listener.track(batches.in_order(BATCH_SIZE), -(-len(batches) // BATCH_SIZE), f"{split} batches")
    frame_probs, clip_probs = predict(trained.model, tracked)
    clip_ids = [clip.clip_id for clip in batches.clips]
    made = FrameScores.pooled(
        frame_probs, clip_probs, clip_ids, batches.n_frames,
        trained.labels, trained.spec.front_end.grid, trained.model.time_factor,
    )  # fmt: skip
    scores = replace(made, points=trained.operating_points)
    write_frame_scores(run.frame_scores_path(split), scores, _origin(run, features, clip_ids, batches.audio_sha256))
    return scores
