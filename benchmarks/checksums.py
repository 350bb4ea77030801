"""Cost of comparing every row of features with its checksum when a run first reads it.

Reads a store of noise several times, only the first time with the check, and trains some batches of the preset
``small`` with it; times are processor time, so that load from other processes favours neither. Writes
``results/checksums.json``.

    python benchmarks/checksums.py [--clips 1024] [--steps 6]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
import train
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.settings.presets import load_preset

RESULT = Path(__file__).parent / "results" / "checksums.json"
PRESET = "small"
AT_ONCE = 64


def seconds_of(work: Callable[[], object]) -> float:
    """Return the processor seconds that some work takes, all threads together."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Time reading with the check, reading without it, and training; print and write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=1024)
    parser.add_argument("--steps", type=int, default=6)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "training.h5")
        train.write_noise(path, options.clips)
        file = FeatureFile(path)
        _ = file.clip_ids, file.n_frames, file.audio_sha256, file.checksums

        def read_all() -> None:
            for first in range(0, options.clips, AT_ONCE):
                file.read_features(range(first, min(first + AT_ONCE, options.clips)))

        checked, again = seconds_of(read_all), min(seconds_of(read_all) for _ in range(5))
        batch_size = load_preset(PRESET).training.batch_size
        step, batches = train.step_of("sedpipe", PRESET), train.batches_of("sedpipe", path, batch_size)
        step(*next(batches))
        trained = seconds_of(lambda: [step(*next(batches)) for _ in range(options.steps)])
    of_check = (checked - again) / options.clips
    of_training = trained / options.steps / batch_size
    report = {
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "torch": torch.__version__},
        "clips": options.clips,
        "microseconds of the processor a clip": {
            "read and checked": round(1e6 * checked / options.clips, 1),
            "read": round(1e6 * again / options.clips, 1),
            "checked": round(1e6 * of_check, 1),
            "an epoch of small": round(1e6 * of_training),
        },
        "checked, of the first epoch": round(of_check / of_training, 5),
    }
    print(json.dumps(report, indent=2))
    RESULT.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
