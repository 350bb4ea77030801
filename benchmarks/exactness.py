"""Largest difference between the log-mel features of sedpipe and of librosa, by kind of sound.

``python benchmarks/exactness.py [FOLDER ...]`` prints the largest difference in dB for three groups of values: those
within 80 dB of a clip's maximum, those 80 to 100 dB below it, and those further down. librosa 0.11 gets the waveform in
float64, transforms in float64 and uses filters in float32. FOLDERs contain recordings (WAV, FLAC, Ogg).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import librosa
import numpy as np
from sedpipe.features.logmel import LogMelConfig, log_mel
from sedpipe.io.audio.store import read_stored

CONFIG = LogMelConfig()
BELOW_DB = (80, 100, np.inf)


def by_librosa(waveform: np.ndarray) -> np.ndarray:
    """Return features by ``melspectrogram`` and ``power_to_db`` with sedpipe's parameters. shape=(frames, n_mels)."""
    power = librosa.feature.melspectrogram(
        y=waveform.astype(np.float64), sr=CONFIG.sample_rate, n_fft=CONFIG.n_fft, hop_length=CONFIG.hop_length,
        win_length=CONFIG.window_length, pad_mode="constant", n_mels=CONFIG.n_mels,
    )  # fmt: skip
    return np.asarray(librosa.power_to_db(power, amin=CONFIG.floor, top_db=None)[:, : CONFIG.n_frames].T)


def differences(waveform: np.ndarray) -> list[float]:
    """Return the largest difference in dB in each of the ranges below the maximum; nan for a range without values."""
    waveform = waveform[: CONFIG.n_samples].astype(np.float32)
    found, n_frames = log_mel(waveform, CONFIG)
    expected = by_librosa(waveform)[:n_frames]
    away, below = np.abs(found[:n_frames] - expected), expected.max() - expected
    lowest = (-1.0, *BELOW_DB)
    inside = [away[(below > low) & (below <= high)] for low, high in zip(lowest, BELOW_DB, strict=False)]
    return [float(part.max()) if part.size else np.nan for part in inside]


def sounds() -> Iterator[tuple[str, np.ndarray]]:
    """Yield kind and waveform of synthetic sounds, at several levels."""
    n_samples, generator = CONFIG.n_samples, np.random.default_rng(0)
    seconds = np.arange(n_samples) / CONFIG.sample_rate
    for level in (1.0, 0.1, 1e-3):
        for rate in (50, 300, 1000):
            yield "chirp", level * np.sin(2 * np.pi * (50 * seconds + rate * seconds**2))
        for hertz in (55.0, 440.0, 1000.0, 15_001.3):
            yield "tone", level * np.sin(2 * np.pi * hertz * seconds)
        for _ in range(5):
            yield "noise", 0.3 * level * generator.standard_normal(n_samples)
            clicks = np.zeros(n_samples)
            clicks[generator.integers(0, n_samples, 20)] = level
            yield "clicks", clicks
    yield "silence", np.zeros(n_samples)


def main() -> None:
    """Read options and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*")
    options = parser.parse_args()
    worst: dict[str, list[list[float]]] = {}
    for kind, waveform in sounds():
        worst.setdefault(kind, []).append(differences(waveform))
    for folder in options.folders:
        for path in sorted(path for path in folder.rglob("*") if path.suffix in (".wav", ".flac", ".ogg")):
            found = differences(read_stored(path, CONFIG.sample_rate, most_samples=CONFIG.n_samples))
            worst.setdefault(folder.name, []).append(found)
    print(f"{'largest difference, dB':24}{'clips':>7}{'to -80 dB':>12}{'to -100 dB':>12}{'below':>12}")
    for kind, each in worst.items():
        largest = [
            max((value for value in column if value == value), default=np.nan) for column in zip(*each, strict=True)
        ]
        print(f"{kind:24}{len(each):7}" + "".join(f"{value:12.2g}" for value in largest))


if __name__ == "__main__":
    main()
