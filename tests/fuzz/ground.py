"""The folder whose files are damaged: files of the first edition, files of this edition, files that users provide.

- :func:`make`: create the folder, in a few seconds
- :data:`CACHE`, :data:`NOW`: the first edition's cache and this edition's, of the same recordings
"""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import soundfile
import torch
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.settings.front_ends import load_front_end
from sedpipe.io.settings.presets import load_preset
from sedpipe.stages.download import download
from sedpipe.stages.features import extract_features
from sedpipe.stages.predict import predict
from sedpipe.stages.predict_files import Output
from sedpipe.stages.score import score
from sedpipe.stages.train import train
from sedpipe.training.settings import TrainSettings
from tiny_encoder import write_encoder

MADE = Path(__file__).parents[1] / "first_edition" / "made"
CACHE, NOW = Path("cache/tones"), Path("now/tones")
RATE = 8_000

_TASK = {
    "data": {"audio": "/data/upload/1/0a1b2c3d-testing-0.flac"},
    "annotations": [{"result": [{"value": {"start": 0.1, "end": 0.4, "labels": ["Low tone"]}}]}],
}
TEXTS = {
    "recipe.toml": "[training]\nlearning_rate = 0.002\norder = 'balanced'\n[training.augment]\nshift = true\n",
    "durations.tsv": "filename\tduration\n" + "".join(f"testing-{k}.flac\t1.200\n" for k in range(5)),
    "estimated.tsv": "filename\tonset\toffset\tevent_label\ntesting-0.flac\t0.7\t1.1\tLow tone\n"
    "testing-1.flac\t0.100\t0.500\tHigh tone\n",
    "labelled/labels.csv": "file,start,end,label\ntone.wav,0.1,0.4,Low tone\ntone.mp3,0,0.5,High tone\n",
    "lists/audacity.txt": "0.100000\t0.400000\tLow tone\n\\\t200.0\t400.0\n0.5\t0.9\tHigh tone\n",
    "lists/raven.txt": "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\t"
    "Annotation\n1\tSpectrogram 1\t1\t0.1\t0.4\t200.0\t400.0\tLow tone\n",
    "lists/own.csv": '"file";"start [ms]";"duration [ms]";"class"\n"a.wav";"100,5";"300";"Low, tone"\n'
    '"b.wav";"0";"900";"High tone"\n',
    "lists/segments.csv": "# YTID, start_seconds, end_seconds, positive_labels\n"
    '-0RWZT-miFs, 420.000, 430.000, "/m/03v3yw,/m/0k4j"\n',
    "lists/studio.json": json.dumps([_TASK, _TASK], indent=1),
    "lists/rows.json": json.dumps([{"file": "a.wav", "start": 0.1, "end": 0.4, "label": "Low tone"}]),
    "spr/train_json/65097857_4.1_1_p1_39.json": json.dumps(
        {"record_annotation": "DAS", "event_annotation": [{"start": "13", "end": "814", "type": "Wheeze"}]}
    ),
}
"""Files that users write."""


def make(folder: Path) -> Path:
    """Create the folder with all files; it must not exist yet."""
    shutil.copytree(MADE, folder)
    for name, text in TEXTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    _write_recordings(folder / "formats")
    for name in ("tone.wav", "tone.mp3"):
        shutil.copy(folder / "formats" / name, folder / "labelled" / name)
    shutil.copytree(folder / "formats", folder / "spr" / "train_wav")
    shutil.copy(folder / "formats" / "tone.wav", folder / "spr" / "train_wav" / "65097857_4.1_1_p1_39.wav")
    write_encoder(folder)
    _run_this_edition(folder)
    for path in [*folder.rglob("tensorboard")]:
        shutil.rmtree(path)
    return folder


def tiny(preset: str = "tiny.toml") -> TrainSettings:
    """Return the settings of the training."""
    loaded = load_preset(preset)
    return TrainSettings(loaded.name, loaded.network, loaded.pooling, loaded.training, 0, "cpu", 1)


def _write_recordings(folder: Path) -> None:
    """Write a tone of 0.6 s in several formats, and archives of these files."""
    folder.mkdir()
    tone = 0.1 * np.sin(2 * np.pi * 300 * np.arange(round(0.6 * RATE)) / RATE)
    for suffix, subtype in (("wav", "PCM_16"), ("aiff", "PCM_24"), ("flac", "PCM_16"), ("mp3", None)):
        soundfile.write(folder / f"tone.{suffix}", tone, RATE, subtype)
    for suffix, codec in (("m4a", "aac"), ("webm", "libopus")):
        _write_container(folder / f"tone.{suffix}", tone, codec)
    names = ("tone.wav", "tone.flac", "tone.m4a")
    with zipfile.ZipFile(folder / "tones.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.write(folder / name, f"below/{name}")
    with tarfile.open(folder / "tones.tar", "w") as archive:
        for name in names:
            archive.add(folder / name, f"below/{name}")
    (folder / "tones.tar.xz").write_bytes(_packed(folder / "tones.tar"))


def _packed(tar: Path) -> bytes:
    import lzma

    return lzma.compress(tar.read_bytes())


def _write_container(path: Path, tone: np.ndarray, codec: str) -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format={"m4a": "ipod", "webm": "webm"}[path.suffix[1:]]) as container:
        stream = container.add_stream(codec, rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.repeat(tone, 6)[None].astype(np.float32), "fltp", "mono")
        frame.sample_rate = 48_000
        resampler = av.AudioResampler(stream.format, "mono", 48_000, stream.frame_size or 960)
        for made in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(made))
        container.mux(stream.encode(None))
    path.write_bytes(buffer.getvalue())


def _run_this_edition(folder: Path) -> None:
    """Write this edition's cache: rows, audio, features, a run of two epochs with its state, scores, predictions."""
    there = Path.cwd()
    import os

    os.chdir(folder)
    torch.set_num_threads(1)
    try:
        download(load_manifest("tones.toml"), NOW.parent)
        tones, spec = Dataset(NOW.parent, "tones"), FeatureSpec(load_front_end(Path("front_end.toml")))
        extract_features(tones, spec)
        settings = tiny()
        train(tones, replace(settings, training=replace(settings.training, epochs=2)), spec, run_name="whole")
        score(tones, run="whole", split="testing")
        predict([Path("formats")], str(NOW / "runs" / "whole"), output=Output(Path("heard"), "json", keeps=True))
    finally:
        os.chdir(there)
