"""Clips of other lengths and rates go through every stage; 10 s at 44.1 kHz are only defaults."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from sedpipe.clips import Clip, ClipFormat
from sedpipe.errors import SettingsError
from sedpipe.events import Event
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import named_run
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.lists.events import write_event_list
from sedpipe.io.models.checkpoints import read_model
from sedpipe.io.records.dataset import DatasetRecord
from sedpipe.nn.networks.crnn import CRNNConfig
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.stages.export import export
from sedpipe.stages.features import extract_features
from sedpipe.stages.predict import predict
from sedpipe.stages.score import score
from sedpipe.stages.train import train
from sedpipe.steps.hearing import frame_probabilities
from tiny_dataset import SETTINGS

LABELS = ("high", "low")
SETTINGS = replace(
    SETTINGS,
    network=CRNNConfig(maps=(4, 4), pools=((2, 4), (2, 5)), conv_maps=8, gru_units=4),
    pooling=PoolingConfig("linear", (5, 5)),
    training=replace(SETTINGS.training, epochs=1),
)


def heard(clip_s: float, rate: int, k: int) -> tuple[np.ndarray, list[Event]]:
    """Return a clip and its event, a tone from 1/3 to 1/2 of ``clip_s``; clips with odd ``k`` are 13% shorter."""
    n_samples = round((clip_s - (k % 2) * 0.13 * clip_s) * rate)
    time = np.arange(n_samples) / rate
    waveform = 0.01 * np.random.default_rng(k).standard_normal(n_samples)
    event = Event(round(clip_s / 3, 3), round(clip_s / 2, 3), LABELS[k % 2])
    sounds = (time >= event.onset) & (time < event.offset)
    return waveform + 0.3 * np.sin(2 * np.pi * (3000, 400)[k % 2] * time) * sounds, [event]


def make(folder: Path, clips: ClipFormat) -> Dataset:
    """Write the files that ``download`` would have written."""
    cache = Dataset(folder, "lengths")
    n_clips = {"training": 4, "testing": 2}
    cache.write_record(
        DatasetRecord(
            dataset="lengths", fingerprint="made", labels=LABELS, listed=n_clips,
            clip_s=clips.clip_s, sample_rate=clips.sample_rate,
        )
    )  # fmt: skip
    rows, reference = [], {}
    for split, n in n_clips.items():
        cache.audio_dir(split).mkdir(parents=True)
        for k in range(n):
            waveform, events = heard(clips.clip_s, clips.sample_rate, k + 10 * (split == "testing"))
            clip = Clip(f"{split}{k}", split, "made", 0.0, len(waveform) / clips.sample_rate, (events[0].label,))
            soundfile.write(cache.audio_path(clip), waveform, clips.sample_rate)
            rows.append(clip)
            if split == "testing":
                reference[clip.clip_id] = events
    write_clips(cache.clips_path, rows)
    write_event_list(cache.reference_path("testing"), reference)
    return cache


@pytest.mark.parametrize(
    ("clip_s", "rate", "n_frames", "n_output"),
    [(3.0, 8000, 150, 38), (30.0, 8000, 1500, 375), (2.5, 22_050, 125, 32), (3.3, 11_025, 166, 42)],
)
def test_clips_of_other_lengths_and_rates_can_be_trained_scored_and_predicted(
    tmp_path: Path, clip_s: float, rate: int, n_frames: int, n_output: int
) -> None:
    torch.set_num_threads(1)
    dataset = make(tmp_path / "cache", ClipFormat(clip_s, rate))
    spec = FeatureSpec.of_clips(dataset.read_record().clip_format)
    assert spec.shape == (n_frames, 80)
    extract_features(dataset, spec)
    train(dataset, SETTINGS, spec, run_name="run")
    run = named_run(dataset, "run")
    trained = read_model(run.model_path, torch.device("cpu"))
    assert trained.model.time_factor == 4

    scored = score(dataset, run="run", split="testing")
    assert scored.clips.scored == 2
    predicted = predict([dataset.audio_dir("testing")], str(run.folder))
    exported = export(str(run.folder), out=tmp_path / "export")
    again = predict([dataset.audio_dir("testing")], str(Path(exported.files[0]).parent))
    assert [file.events for file in again.files] == [file.events for file in predicted.files]
    assert [file.duration for file in predicted.files] == pytest.approx([clip_s, 0.87 * clip_s], abs=0.01)

    probs, _, n_samples = frame_probabilities([heard(clip_s, rate, 0)[0].astype(np.float32)], trained)
    assert probs.shape == (n_output, 2)
    longer = np.concatenate([heard(clip_s, rate, k)[0].astype(np.float32) for k in range(5)])
    probs, _, n_samples = frame_probabilities([longer], trained)
    assert n_samples == len(longer)
    assert len(probs) >= trained.grid.frames_of_samples(n_samples)


def test_a_hierarchy_for_longer_clips_is_refused_with_those_that_fit(tmp_path: Path) -> None:
    dataset = make(tmp_path / "cache", ClipFormat(1.0, 8000))
    spec = FeatureSpec.of_clips(dataset.read_record().clip_format)
    extract_features(dataset, spec)
    said = "hierarchy 5,5 does not fit 13 frames: stage 2 would group 5 of 3; 5 fits, and so does none"
    with pytest.raises(SettingsError, match=said):
        train(dataset, SETTINGS, spec)
    train(dataset, replace(SETTINGS, pooling=PoolingConfig("linear", (5,))), spec)
