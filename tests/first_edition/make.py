"""What the first edition of sedpipe (commit 675bfff) leaves behind; run by its own Python, in an empty folder.

Writes ``recordings/`` and their lists, ``tones.toml``, ``front_end.toml`` and ``tiny.toml``, and lets the first
edition make of them: ``cache/tones`` (rows, audio, features, the finished and scored run ``whole``, the run ``begun``
that was stopped after its second epoch, and the table ``table2-tiny``), ``predictions/`` and ``export/``.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import torch
from pipeline.io.cache import DatasetCache
from pipeline.io.front_ends import load_front_end
from pipeline.io.manifests.load import load_manifest
from pipeline.io.presets import load_preset
from pipeline.nn.crnn import PoolingConfig
from pipeline.stages.download import download
from pipeline.stages.export import export
from pipeline.stages.features import extract_features
from pipeline.stages.predict import predict
from pipeline.stages.progress import Listener
from pipeline.stages.reproduce import reproduce_table2
from pipeline.stages.run_record import TrainSettings
from pipeline.stages.score import score
from pipeline.stages.train import train

CACHE, NAME = Path("cache"), "tones"
SAMPLE_RATE = 8_000
CLIPS = {"training": 6, "testing": 5, "evaluation": 3}
LABELS = {"Low tone": 300.0, "High tone": 1_700.0}
TONES = """\
name = "tones"
kind = "folder"
labels = ["Low tone", "High tone"]
"""
SPLIT = """
[splits.{split}]
audio = "recordings"
weak = "{split}.tsv"
strong = "{split}-events.tsv"
"""
FRONT_END = """\
sample_rate = 8000
window_length = 320
hop_length = 160
n_fft = 512
n_frames = 60
n_mels = 16
"""
TINY = """\
[network]
maps = [4]
pools = [[2, 4]]
conv_maps = 8
conv_pool = [1, 1]
gru_units = 4

[pooling]
function = "linear"
hierarchy = [5]

[training]
batch_size = 4
epochs = 3
learning_rate = 0.01
"""


def write_recordings() -> None:
    """Clips of 1.2 s in which one or two tones sound for 0.2 to 0.4 s each; lists of what and when."""
    Path("recordings").mkdir()
    for split, n_clips in CLIPS.items():
        weak, strong = ["filename\tevent_labels"], ["filename\tonset\toffset\tevent_label"]
        for i in range(n_clips):
            g = np.random.default_rng([list(CLIPS).index(split), i])
            waveform = np.zeros(round(1.2 * SAMPLE_RATE))
            name = f"{split}-{i}.flac"
            labels = sorted(g.choice(list(LABELS), size=1 + i % 2, replace=False))
            for label in labels:
                onset, length = round(g.uniform(0, 0.8), 1), round(g.uniform(0.2, 0.4), 1)
                time = np.arange(round(length * SAMPLE_RATE)) / SAMPLE_RATE
                waveform[round(onset * SAMPLE_RATE) :][: len(time)] += 0.1 * np.sin(2 * np.pi * LABELS[label] * time)
                strong.append(f"{name}\t{onset}\t{round(onset + length, 1)}\t{label}")
            weak.append(f"{name}\t{','.join(labels)}")
            soundfile.write(f"recordings/{name}", waveform, SAMPLE_RATE)
        Path(f"{split}.tsv").write_text("\n".join(weak) + "\n")
        Path(f"{split}-events.tsv").write_text("\n".join(strong) + "\n")


class Stops(Listener):
    """Ends a training as Ctrl-C would, once its second epoch is stored."""

    def say(self, line: str) -> None:
        if line.startswith("epoch 2"):
            raise KeyboardInterrupt


def main() -> None:
    """Everything, in the order in which a person would."""
    write_recordings()
    Path("tones.toml").write_text(TONES + "".join(SPLIT.format(split=split) for split in CLIPS))
    Path("front_end.toml").write_text(FRONT_END)
    Path("tiny.toml").write_text(TINY)
    torch.set_num_threads(1)
    front_end, preset = load_front_end(Path("front_end.toml")), load_preset("tiny.toml")
    settings = TrainSettings(preset.name, preset.network, preset.pooling, preset.training, 0, "cpu", 1)
    download(load_manifest("tones.toml"), CACHE)
    extract_features(NAME, CACHE, front_end)
    train(NAME, CACHE, settings, front_end, run_name="whole")
    for split in ("testing", "evaluation"):
        score(NAME, CACHE, run="whole", split=split)
    with suppress(KeyboardInterrupt):
        train(NAME, CACHE, settings, front_end, run_name="begun", listener=Stops())
    once = replace(settings, training=replace(settings.training, epochs=1), pooling=PoolingConfig("linear", (5,)))
    reproduce_table2(NAME, CACHE, once, front_end, (0,), poolings=("linear",), hierarchies=((), (5,)))
    run = str(DatasetCache(CACHE, NAME).runs / "whole")
    predict([Path("recordings")], run, out=Path("predictions"))
    export(run, out=Path("export"))
    for folder in CACHE.rglob("tensorboard"):  # curves are written anew by whoever goes on
        shutil.rmtree(folder)
    shutil.rmtree(DatasetCache(CACHE, NAME).runs / "table2-tiny-paper-1-linear-single-seed0")  # small is beautiful
    for path in {*CACHE.rglob("*.lock"), *CACHE.rglob("table.[!j]*"), *CACHE.rglob("*.svg")}:
        path.unlink()


if __name__ == "__main__":
    main()
