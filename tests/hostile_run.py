"""Scored runs whose labels and clip names are markup: made by the real stages, with audio, in a few seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_dataset
import torch
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.audio.store import write_flac
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.feature_store import merge
from sedpipe.io.cache.runs import named_run
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.lists.events import read_event_list, write_event_list
from sedpipe.io.models.checkpoints import read_model, write_model
from sedpipe.stages.score import score
from sedpipe.stages.train import train

LABELS = (
    "<img src=x onerror=\"document.title='owned'\">",
    "</svg><script>document.title='owned'</script>",
    "Rain  & 'snow'",
)
CLIP_ID = "<b onclick=alert(1)>\"'&"
SPLIT = "evaluation"
SAMPLE_RATE = 44_100


def make_hostile_run(root: Path) -> Dataset:
    """Make a dataset with scored runs ``run``, ``other`` and ``deaf``, which misses much; a clip has a hostile name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny_dataset, "LABELS", LABELS)
        cache = tiny_dataset.make_dataset(root)
        _rename_first_clip(cache)
        _write_audio(cache)
        for run, threshold, epochs in (("run", 0.5, 4), ("other", 0.35, 1), ("deaf", 0.72, 4)):
            training = replace(tiny_dataset.SETTINGS.training, epochs=epochs)
            settings = replace(tiny_dataset.SETTINGS, training=training)
            train(Dataset(root, tiny_dataset.NAME), settings, FeatureSpec(tiny_dataset.FRONT_END), run_name=run)
            path = named_run(cache, run).model_path
            points = {"min_er": PostProcessing(threshold), "max_f1": PostProcessing(0.3, 0.6)}
            write_model(path, replace(read_model(path, torch.device("cpu")), operating_points=points))
            score(Dataset(root, tiny_dataset.NAME), run=run, split=SPLIT)
    return cache


def _rename_first_clip(cache: Dataset) -> None:
    clips = [clip for some in cache.read_clips().values() for clip in some]
    old = next(clip.clip_id for clip in clips if clip.split == SPLIT)
    write_clips(cache.clips_path, [replace(c, clip_id=CLIP_ID) if c.clip_id == old else c for c in clips])
    path = cache.features_dir(FeatureSpec(tiny_dataset.FRONT_END).fingerprint) / f"{SPLIT}.h5"
    rows = [FeatureFile(path).read(row) for row in range(tiny_dataset.N_CLIPS[SPLIT])]
    rows = [replace(row, clip_id=CLIP_ID) if row.clip_id == old else row for row in rows]
    merge(path, rows, len(rows), FeatureSpec(tiny_dataset.FRONT_END))
    events = read_event_list(cache.reference_path(SPLIT))
    write_event_list(cache.reference_path(SPLIT), {CLIP_ID if c == old else c: found for c, found in events.items()})


def _write_audio(cache: Dataset) -> None:
    for clip in cache.read_clips()[SPLIT]:
        noise = np.random.default_rng(1).normal(0, 0.05, round(clip.duration * SAMPLE_RATE))
        write_flac(cache.audio_path(clip), noise, SAMPLE_RATE)
