# ruff: noqa: E402  (the number of threads is set before numpy reads it)
"""Time from audio files to stored log-mel features, stage by stage, compared with librosa and torch.

``python benchmarks/features.py [FOLDER]`` takes the first ``--clips`` files of a folder (10-second mono recordings at
44.1 kHz, WAV or FLAC), or synthesises clips, and writes them as WAV and FLAC. It uses one process and one thread, with
everything warmed up; each stage of each clip is timed, the different ways take turns clip by clip, and the table shows
median milliseconds, and how many times as fast as librosa each way is. Then it times everything from files to HDF5 with
one and with two processes, which share the work in parts of as many clips as in the stage ``features``: choose a
multiple of 128 clips to see how much two processes gain. ``--json PATH`` writes the figures to a file.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy reads them

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypedDict, TypeVar

import h5py
import joblib
import librosa
import numpy as np
import soundfile
import torch
from sedpipe.features.logmel import LogMelConfig, log_mel, mel_filterbank
from sedpipe.io.audio.store import read_stored
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.parallel import chunked
from sedpipe.stages.features import CLIPS_PER_SHARD

CONFIG = LogMelConfig()
STAGES = ("decode", "hash", "resample", "frame + FFT", "mel", "log", "write")
P = ParamSpec("P")
T = TypeVar("T")


class Windows(TypedDict):
    """Sizes of the Fourier transforms, as librosa and torch call them."""

    n_fft: int
    hop_length: int
    win_length: int


FFT = Windows(n_fft=CONFIG.n_fft, hop_length=CONFIG.hop_length, win_length=CONFIG.window_length)


class Clock:
    """Milliseconds spent in each stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = dict.fromkeys(STAGES, 0.0)

    def time(self, stage: str, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Call a function, add its time to a stage, and return its result."""
        started = time.perf_counter()
        result = function(*arguments, **options)
        self.spent[stage] += 1000 * (time.perf_counter() - started)
        return result


def by_librosa(path: Path, clock: Clock) -> np.ndarray:
    """Compute features with librosa, in the three steps of ``melspectrogram`` and ``power_to_db``."""
    waveform, rate = clock.time("decode", soundfile.read, path, dtype="float32")
    clock.time("hash", sha256_of, path)
    if rate != CONFIG.sample_rate:
        waveform = clock.time("resample", librosa.resample, waveform, orig_sr=rate, target_sr=CONFIG.sample_rate)
    power = clock.time("frame + FFT", lambda: np.abs(librosa.stft(waveform, pad_mode="constant", **FFT)) ** 2)
    mel = clock.time("mel", librosa.feature.melspectrogram, S=power, sr=CONFIG.sample_rate, n_mels=CONFIG.n_mels)
    return clock.time("log", librosa.power_to_db, mel, amin=CONFIG.floor, top_db=None)[:, : CONFIG.n_frames].T


def by_torch(path: Path, clock: Clock) -> np.ndarray:
    """Compute features with ``torch.stft``, a matrix product and a logarithm."""
    waveform, rate = clock.time("decode", soundfile.read, path, dtype="float32")
    clock.time("hash", sha256_of, path)
    if rate != CONFIG.sample_rate:
        waveform = clock.time("resample", librosa.resample, waveform, orig_sr=rate, target_sr=CONFIG.sample_rate)
    tables = torch.hann_window(CONFIG.window_length), torch.from_numpy(mel_filterbank(CONFIG).T)

    def power() -> torch.Tensor:
        spectrum = torch.stft(
            torch.from_numpy(waveform), window=tables[0], pad_mode="constant", return_complex=True, **FFT
        )
        return spectrum.real**2 + spectrum.imag**2

    bins = clock.time("frame + FFT", power)
    mel = clock.time("mel", torch.matmul, tables[1], bins)
    decibels = clock.time("log", lambda: 10 * mel.clamp(min=CONFIG.floor).log10())
    return decibels[:, : CONFIG.n_frames].T.numpy()


def by_sedpipe(path: Path, clock: Clock) -> np.ndarray:
    """Compute features with sedpipe; mel and logarithm are in the same loops, so all of it counts as "frame + FFT"."""
    clock.time("hash", sha256_of, path)
    most = CONFIG.n_samples
    waveform = clock.time("decode", read_stored, path, CONFIG.sample_rate, most_samples=most)
    return clock.time("frame + FFT", log_mel, waveform, CONFIG)[0]


WAYS: dict[str, Callable[[Path, Clock], np.ndarray]] = {
    "librosa": by_librosa,
    "torch.stft": by_torch,
    "sedpipe": by_sedpipe,
}


def inputs(folder: Path | None, n_clips: int, out: Path) -> dict[str, list[Path]]:
    """Write the same clips as 16-bit WAV and FLAC, and return their paths by format."""
    found = sorted(path for path in folder.rglob("*") if path.suffix in (".wav", ".flac")) if folder else []
    forms: dict[str, list[Path]] = {"WAV": [], "FLAC": []}
    for number in range(min(n_clips, len(found)) if folder else n_clips):
        waveform = _of_file(found[number]) if folder else _synthesised(number)
        for form, paths in forms.items():
            paths.append(out / f"{number:04}.{form.lower()}")
            soundfile.write(paths[-1], waveform, CONFIG.sample_rate, subtype="PCM_16")
    return forms


def _of_file(path: Path) -> np.ndarray:
    return read_stored(path, CONFIG.sample_rate)


def _synthesised(number: int) -> np.ndarray:
    """Return a chirp in noise that swells and fades, about as hard to compress as a field recording."""
    generator, seconds = np.random.default_rng(number), np.arange(CONFIG.n_samples) / CONFIG.sample_rate
    noise = np.cumsum(generator.standard_normal(CONFIG.n_samples)) % 1 - 0.5
    swell = 0.02 + 0.2 * np.sin(np.pi * seconds / generator.uniform(2, 9)) ** 4
    return swell * (noise + np.sin(2 * np.pi * (200 * seconds + generator.uniform(20, 300) * seconds**2)))


def by_stage(paths: list[Path], rounds: int, out: Path) -> dict[str, dict[str, float]]:
    """Return the median milliseconds of each stage, of compute (FFT, mel, log) and of all stages together, by way."""
    spent: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with h5py.File(out / "stages.h5", "w") as file:
        shape = (len(paths), CONFIG.n_frames, CONFIG.n_mels)
        stored = {way: file.create_dataset(way, shape, "float16", chunks=(1, *shape[1:])) for way in WAYS}
        for turn in range(-1, rounds):
            for row, path in enumerate(paths if turn >= 0 else paths[:3]):
                for way, extract in WAYS.items():
                    clock = Clock()
                    features = extract(path, clock)
                    clock.time("write", stored[way].__setitem__, row, features)
                    if turn >= 0:
                        spent[way].append(clock.spent)
    return {way: _medians(clips) for way, clips in spent.items()}


def _medians(clips: list[dict[str, float]]) -> dict[str, float]:
    medians = {stage: statistics.median(clip[stage] for clip in clips) for stage in STAGES}
    compute = statistics.median(clip["frame + FFT"] + clip["mel"] + clip["log"] for clip in clips)
    return {**medians, "compute": compute, "all": statistics.median(sum(clip.values()) for clip in clips)}


def extract_all(way: str, paths: list[Path], out: Path) -> None:
    """Do a worker's part: extract the features of its files into an HDF5 file of its own."""
    with h5py.File(out / f"{way.replace('.', '-')}-{paths[0].stem}.h5", "w") as file:
        shape = (len(paths), CONFIG.n_frames, CONFIG.n_mels)
        stored = file.create_dataset("features", shape, "float16", chunks=(1, *shape[1:]))
        for row, path in enumerate(paths):
            stored[row] = WAYS[way](path, Clock())


def clips_a_second(way: str, paths: list[Path], jobs: int, rounds: int, out: Path) -> float:
    """Return the median speed over rounds, with joblib's workers warmed up; one job runs in this process."""
    pool = joblib.Parallel(n_jobs=jobs, batch_size=1)
    parts = chunked(paths, min(CLIPS_PER_SHARD, -(-len(paths) // jobs)))  # as in the stage `features`
    pool(joblib.delayed(extract_all)(way, part[:2], out) for part in parts)
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        pool(joblib.delayed(extract_all)(way, part, out) for part in parts)
        seconds.append(time.perf_counter() - started)
    return len(paths) / statistics.median(seconds)


def machine() -> dict[str, Any]:
    """Return the processor, its number of cores, and the versions of Python and of packages."""
    info = Path("/proc/cpuinfo")
    models = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    packages = {module.__name__: module.__version__ for module in (np, librosa, torch, soundfile, h5py)}
    processor = models[0] if models else platform.processor()
    return {"processor": processor, "cores": os.cpu_count(), "python": platform.python_version(), **packages}


def main() -> None:
    """Read options, print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="recordings; default: synthesised")
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    report: dict[str, Any] = {"machine": machine(), "stages_ms": {}, "clips_per_second": {}}
    print(", ".join(f"{name} {value}" for name, value in report["machine"].items()))
    with tempfile.TemporaryDirectory(prefix="sedpipe-benchmark-") as name:
        folder = Path(name)
        for form, paths in inputs(options.folder, options.clips, folder).items():
            report["clips"] = len(paths)
            report["stages_ms"][form] = by_stage(paths, options.rounds, folder)
            _print_stages(form, report["stages_ms"][form])
            measure = partial(clips_a_second, paths=paths, rounds=options.rounds, out=folder)
            report["clips_per_second"][form] = {
                f"{way}, {jobs} jobs": measure(way, jobs=jobs) for way in ("librosa", "sedpipe") for jobs in (1, 2)
            }
            for way, speed in report["clips_per_second"][form].items():
                print(f"  {way:20} {speed:7.0f} clips a second")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _print_stages(form: str, stages: dict[str, dict[str, float]]) -> None:
    print(f"\n{form}: median ms a clip" + "".join(f"{way:>12}{'':8}" for way in stages))
    for stage in (*STAGES, "compute", "all"):
        reference = stages["librosa"][stage]
        cells = [f"{spent[stage]:12.2f}" + _ratio(reference, spent[stage]) for spent in stages.values()]
        print(f"  {stage:22}{''.join(cells)}")


def _ratio(reference: float, spent: float) -> str:
    return f" {reference / spent:5.1f}x " if spent and reference else " " * 8


if __name__ == "__main__":
    main()
