"""A cached dataset of clips of 4 s, 40 frames by 16 bands, that trains in a second; and settings for it."""

import hashlib
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from sedpipe.clips import Clip
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.events import Event
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_store import FeatureRow, merge
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.lists.events import write_event_list
from sedpipe.io.models.checkpoints import TrainedModel
from sedpipe.io.records.dataset import DatasetRecord
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener
from sedpipe.nn.networks.crnn import CRNNConfig
from sedpipe.nn.networks.registry import build_network
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.stages.predict import predict
from sedpipe.stages.predict_files import Output
from sedpipe.stages.reproduce.grid import grid
from sedpipe.stages.reproduce.table2 import reproduce_table2
from sedpipe.stages.train import train
from sedpipe.steps.work import Work
from sedpipe.training.config import TrainingConfig
from sedpipe.training.settings import TrainSettings

NAME = "tiny"
LABELS = ("Dog bark", "Rain", "Air horn, truck horn")
FRONT_END = LogMelConfig(sample_rate=1000, window_length=100, hop_length=100, n_fft=128, n_frames=40, n_mels=16)
N_CLIPS = {"training": 12, "testing": 6, "evaluation": 5}
SETTINGS = TrainSettings(
    preset="tiny",
    network=CRNNConfig(maps=(4,), pools=((2, 4),), conv_maps=8, gru_units=4, dropout=0.2),
    pooling=PoolingConfig("linear", (5,)),
    training=TrainingConfig(batch_size=5, epochs=4, learning_rate=0.01, patience=3),
    seed=0,
    device="cpu",
    threads=1,
)
QUICK = replace(SETTINGS, training=TrainingConfig(batch_size=6, epochs=1, learning_rate=0.01))
GRID = ((), (5,))


def make_dataset(
    cache_dir: Path, splits: Sequence[str] = tuple(N_CLIPS), strong: Sequence[str] = ("testing", "evaluation")
) -> Dataset:
    """Write the files that ``download`` and ``features`` make; each class sounds in four bands of its own."""
    cache = Dataset(cache_dir, NAME)
    made = {split: [_clip(split, i) for i in range(N_CLIPS[split])] for split in splits}
    cache.write_record(
        DatasetRecord(
            dataset=NAME,
            fingerprint="manifest-1",
            labels=LABELS,
            listed={split: len(some) + 1 for split, some in made.items()},
        )
    )
    write_clips(cache.clips_path, [clip for some in made.values() for clip, _, _ in some])
    for split, some in made.items():
        path = cache.features_dir(FeatureSpec(FRONT_END).fingerprint) / f"{split}.h5"
        merge(path, [row for _, _, row in some], len(some), FeatureSpec(FRONT_END))
        if split in strong:
            write_event_list(cache.reference_path(split), {clip.clip_id: events for clip, events, _ in some})
    return cache


def _clip(split: str, i: int) -> tuple[Clip, list[Event], FeatureRow]:
    """Return clip ``i`` of a split: noise with one or two events; every third clip is shorter than the others."""
    g = np.random.default_rng([list(N_CLIPS).index(split), i])
    n_frames = 40 if i % 3 else int(g.integers(12, 40))
    features = g.normal(-60, 3, (40, 16)).astype(np.float32)
    events = []
    for k in g.choice(len(LABELS), size=1 + i % 2, replace=False):
        first = int(g.integers(n_frames - 8))
        last = min(n_frames, first + int(g.integers(8, 20)))
        features[first:last, 5 * k : 5 * k + 4] += 20
        events.append(Event(first / 10, last / 10, LABELS[k]))
    features[n_frames:] = FRONT_END.floor_db
    clip_id = f"{split}-{i:05d}"
    digest = hashlib.sha256(features.tobytes()).hexdigest()
    clip = Clip(clip_id, split, f"{clip_id}.wav", 0.0, n_frames / 10, tuple(event.label for event in events))
    return clip, events, FeatureRow(clip_id, features, n_frames, digest)


def untrained_model(pooling: str = "linear") -> TrainedModel:
    """Return a network with random weights, for tests that do not need a trained one."""
    torch.manual_seed(0)
    labels, network = LabelSet(LABELS), replace(SETTINGS.network, dropout=0.0)
    model = build_network(network, PoolingConfig(pooling, (5,)), len(labels), FeatureSpec(FRONT_END))
    model.standardise_with(torch.full((16,), -40.0), torch.full((16,), 9.0))
    points = {"min_er": PostProcessing(0.5, 0.56, 0.1), "max_f1": PostProcessing(0.3)}
    return TrainedModel(model, labels, FeatureSpec(FRONT_END), network, PoolingConfig(pooling, (5,)), points)


def train_until(cache_dir: Path, dies_at: int) -> None:
    """Train, storing every step, and die as in a power cut before the ``dies_at``-th renaming; 0: never."""
    _die_before_file(dies_at)
    train(Dataset(cache_dir, NAME), SETTINGS, FeatureSpec(FRONT_END), run_name="run", save_every_s=0)


def train_in_two_processes(cache_dir: Path) -> None:
    """Train with batches shared by two processes, storing every step."""
    train(
        Dataset(cache_dir, NAME), replace(SETTINGS, devices=2), FeatureSpec(FRONT_END), run_name="run", save_every_s=0
    )


def predict_until(places: Sequence[Path], model: str, out: Path, dies_at: int) -> None:
    """Predict, and die in the same way."""
    torch.set_num_threads(1)
    _die_before_file(dies_at)
    predict(places, model, output=Output(out))


def _die_before_file(number: int) -> None:
    replace, n_files = os.replace, 0

    def count(source: Path, target: Path) -> None:
        nonlocal n_files
        n_files += 1
        if n_files == number:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)

    os.replace = count


class Dies(Listener):
    """Listener that ends the process, as in a power cut, at its ``n``-th line."""

    def __init__(self, n: int) -> None:
        self.left = n

    def say(self, line: str) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def reproduce_until(cache_dir: Path, n_lines: int, jobs: int = 1) -> None:
    """Make the first cells of a grid, and die at the ``n_lines``-th line."""
    torch.set_num_threads(1)
    settings = replace(QUICK, threads=jobs)
    reproduce_table2(
        Dataset(cache_dir, NAME), settings, FeatureSpec(FRONT_END), grid((0,), GRID, ("linear",)),
        work=Work(jobs), listener=Dies(n_lines),
    )  # fmt: skip
