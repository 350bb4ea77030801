"""Small real datasets for tests: made by sedpipe's own rules, in seconds."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import soundfile

SAMPLE_RATE = 44_100

GARDEN = """name = "garden"
kind = "folder"
labels = ["Blackbird", "Lawn mower"]
[splits.training]
audio = "recordings"
weak = "training.tsv"
[splits.testing]
audio = "recordings"
weak = "testing.tsv"
strong = "testing-events.tsv"
"""
"""Manifest of a dataset of the user's own recordings, which :func:`garden` writes."""


def tiny_mixtures(folder: Path, name: str, n_training: int = 6, n_other: int = 3) -> Path:
    """Write a manifest of synthesised mixtures of three classes."""
    path = folder / f"{name}-tiny.toml"
    path.write_text(
        f"""
name = "{name}"
kind = "mixtures"
labels = ["Train horn", "Reversing beeps", "Screaming"]
[synthesis]
takes = 2
folds = 3
seed = 7
[mixture]
background_slope = [0.3, 1.0]
background_rms = 0.003
n_events = [1, 2]
n_events_p = [0.5, 0.5]
gain_db = [12, 30]
[splits.training]
clips = {n_training}
seed = 1
folds = [1]
[splits.testing]
clips = {n_other}
seed = 2
folds = [2]
[splits.evaluation]
clips = {n_other}
seed = 3
folds = [3]
""",
        encoding="utf-8",
    )
    return path


def write_tone(path: Path, seconds: float, frequency: float, sample_rate: int = SAMPLE_RATE) -> None:
    """Write a quiet tone as an audio file; the suffix determines the format."""
    time = np.arange(int(seconds * sample_rate)) / sample_rate
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * np.sin(2 * np.pi * frequency * time), sample_rate)


def garden(folder: Path, toml: str) -> Path:
    """Write the README's example of own data: ``garden.toml`` with recordings and lists beside it."""
    (folder / "garden.toml").write_text(toml, encoding="utf-8")
    for number in range(8):
        write_tone(folder / "recordings" / f"{number}.wav", 4.0 + number % 3, 3000.0 if number % 2 else 100.0)
    rows = [f"{number}.wav\t{'Blackbird' if number % 2 else 'Lawn mower'}\n" for number in range(8)]
    (folder / "training.tsv").write_text("filename\tevent_labels\n" + "".join(rows[:5]), encoding="utf-8")
    (folder / "testing.tsv").write_text("filename\tevent_labels\n" + "".join(rows[5:]), encoding="utf-8")
    events = [
        "5.wav\t0.000\t6.000\tBlackbird\n",
        "6.wav\t0.500\t3.000\tLawn mower\n",
        "7.wav\t0.000\t5.000\tBlackbird\n",
    ]
    (folder / "testing-events.tsv").write_text("filename\tonset\toffset\tevent_label\n" + "".join(events))
    return folder / "garden.toml"


FOLDERS = ("001 - Low tone", "002 - High tone")


def recordings(folder: Path) -> Path:
    """Write two takes of each of two classes in each of three folds: beeps of 1.5 s that begin after 0.1 or 0.2 s."""
    for pitch, name in zip((200, 2000), FOLDERS, strict=True):
        for fold in (1, 2, 3):
            for take in (1, 2):
                time = np.arange(int(1.5 * SAMPLE_RATE)) / SAMPLE_RATE
                beep = np.sin(2 * np.pi * pitch * (1 + fold / 10 + take / 50) * time)
                waveform = np.concatenate([np.full(round(0.1 * take * SAMPLE_RATE), 1e-3), beep, [1e-3]]) * 0.5
                path = folder / name / f"{fold}-{take}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, waveform, SAMPLE_RATE)
    return folder


def recorded_mixtures(folder: Path, made_of: Path, archive: str, name: str = "beeps") -> Path:
    """Write a manifest of mixtures of the recordings in ``made_of``, with ``archive`` as their source."""
    paths = sorted(made_of.rglob("*.wav"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  ./{path.relative_to(made_of)}\n" for path in paths]
    (folder / f"{name}.sha256").write_text("".join(lines), encoding="utf-8")
    path = folder / f"{name}.toml"
    path.write_text(
        f"""
name = "{name}"
kind = "mixtures"
labels = ["Low tone", "High tone"]
[recordings]
archive = "{archive}"
checksums = "{name}.sha256"
[mixture]
background_slope = [0.3, 1.0]
background_rms = 0.003
n_events = [1, 2]
n_events_p = [0.5, 0.5]
gain_db = [6, 24]
[splits.training]
clips = 8
seed = 1
folds = [1]
[splits.testing]
clips = 3
seed = 2
folds = [2]
[splits.evaluation]
clips = 3
seed = 3
folds = [3]
""",
        encoding="utf-8",
    )
    return path
