"""Memory and time of ``sedpipe features`` with 1,000 and with 50,000 clips.

Makes clips of 0.1 s of noise (the frames past their end are padded, so every clip is stored as 500 x 80, in the same
way as a 10-second one), runs the command, and measures: the highest resident memory of the parent and of its largest
worker (read every 50 ms), the time to find that there is nothing to do (the whole command, and without the start of
Python), the time after ten clips were added, and reads of single clips in random order, compared with plain h5py.
Prints the figures and writes ``results/features-scale.json``.

    python benchmarks/features_scale.py [--clips 1000,50000] [--jobs 2] [--folder DIR]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import h5py
import numpy as np
import psutil
import soundfile
from sedpipe.clips import Clip
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.records.dataset import DatasetRecord

RATE = 44_100
ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).parent / "results" / "features-scale.json"


def make_audio(cache: Dataset, n_clips: int) -> None:
    """Make clips of noise, each different; existing ones are kept."""
    clips = [Clip(f"clip-{number:06d}", "training", "noise", 0.0, 0.1, ("Noise",)) for number in range(n_clips)]
    cache.audio_dir("training").mkdir(parents=True, exist_ok=True)
    for number, clip in enumerate(clips):
        path = cache.audio_path(clip)
        if not path.exists():
            noise = np.random.default_rng(number).integers(-3000, 3000, RATE // 10, dtype=np.int16)
            soundfile.write(path, noise, RATE)
    cache.write_record(
        DatasetRecord(dataset="noise", fingerprint="scale", labels=("Noise",), listed={"training": n_clips})
    )
    write_clips(cache.clips_path, clips)


def run(cache: Dataset, *options: str) -> tuple[dict[str, Any], float, dict[str, float]]:
    """Run the command; return its report, its seconds, and the highest memory (MB) of parent and worker."""
    command = [sys.executable, "cli.py", "features", "noise", "--cache", str(cache.root), "--json", *options]
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    parent, highest = psutil.Process(process.pid), {"parent": 0.0, "worker": 0.0}
    while process.poll() is None:
        try:
            highest["parent"] = max(highest["parent"], parent.memory_info().rss / 1e6)
            for worker in parent.children():
                highest["worker"] = max(highest["worker"], worker.memory_info().rss / 1e6)
        except psutil.Error:  # the process has just ended
            pass
        time.sleep(0.05)
    report = json.loads(process.communicate()[0])
    return report, time.monotonic() - began, {who: round(peak) for who, peak in highest.items()}


def reads(cache: Dataset, n_reads: int = 5000) -> dict[str, float]:
    """Return the microseconds per read of a clip, with sedpipe and then plain h5py, whatever is in the page cache."""
    [store] = cache.folder.glob("features/*/training.h5")
    file = FeatureFile(store)
    order = np.random.default_rng(0).integers(0, len(file.clip_ids), n_reads).tolist()
    began = time.perf_counter()
    for row in order:
        file.read_features([row])
    ours = time.perf_counter() - began
    with h5py.File(store) as plain:
        began = time.perf_counter()
        for row in order:
            plain["features"][row]
        theirs = time.perf_counter() - began
    return {"sedpipe_us": round(1e6 * ours / n_reads, 1), "plain_h5py_us": round(1e6 * theirs / n_reads, 1)}


def main() -> None:
    """Measure with each number of clips."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--clips", default="1000,50000")
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--folder", type=Path, help="where to work; 5 GB for 50,000 clips")
    chosen = options.parse_args()
    results = {}
    for n_clips in map(int, chosen.clips.split(",")):
        with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
            cache, jobs = Dataset(Path(folder), "noise"), f"--jobs={chosen.jobs}"
            make_audio(cache, n_clips)
            first, seconds, highest = run(cache, jobs)
            again = [run(cache, jobs) for _ in range(5)]
            read = reads(cache)
            make_audio(cache, n_clips + 10)
            added, seconds_added, _ = run(cache, jobs)
            results[f"{n_clips} clips"] = {
                "computed": first["splits"]["training"]["computed"],
                "seconds": round(seconds, 1),
                "highest_memory_MB": highest,
                "nothing_to_do_s": round(median(seconds for _, seconds, _ in again), 2),
                "nothing_to_do_without_start_s": round(median(report["seconds"] for report, _, _ in again), 2),
                "nothing_to_do_memory_MB": again[-1][2],
                "nothing_to_do_computed": again[-1][0]["splits"]["training"]["computed"],
                "ten_added_computed": added["splits"]["training"]["computed"],
                "ten_added_s": round(seconds_added, 1),
                "read_of_one_clip": read,
            }
            print(json.dumps({n_clips: results[f"{n_clips} clips"]}, indent=1), flush=True)
    machine = f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}"
    RESULT.write_text(json.dumps({"jobs": chosen.jobs, "machine": machine, **results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
