"""Whether ``sedpipe features``, killed at random moments, ends at the same bytes.

The parent alone is killed (SIGKILL), so that its worker processes outlive it; the same command is run again at once,
while they may still be writing. Every trial starts from the same audio without features. Prints a line a trial and
writes ``results/features-kills.json``.

    python benchmarks/features_kills.py [--kills 30] [--jobs 1,4] [--clips 640] [--seed 0]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from pipeline.clips import Clip
from pipeline.io.audio import write_flac
from pipeline.io.cache import DatasetCache, DatasetRecord
from pipeline.io.lists.clips import write_clips

RATE = 44_100
RESULT = Path(__file__).parent / "results" / "features-kills.json"


def make_audio(root: Path, n_clips: int) -> DatasetCache:
    """Clips of 3 s of noise; four fifths of them in ``training``, the others in ``testing``."""
    cache = DatasetCache(root, "noise")
    clips = [_clip(number, "testing" if number % 5 == 4 else "training") for number in range(n_clips)]
    clips.sort(key=lambda clip: clip.split, reverse=True)
    listed = {split: sum(clip.split == split for clip in clips) for split in ("training", "testing")}
    cache.write_record(DatasetRecord("noise", "kills", ("Noise",), listed))
    write_clips(cache.clips_path, clips)
    for number, clip in enumerate(clips):
        write_flac(cache.audio_path(clip), 0.1 * np.random.default_rng(number).standard_normal(3 * RATE), RATE)
    return cache


def _clip(number: int, split: str) -> Clip:
    return Clip(f"clip-{number:05d}", split, "noise", 0.0, 3.0, ("Noise",))


def start(root: Path, jobs: int) -> subprocess.Popen[bytes]:
    """The command, in a session of its own as from a terminal that is closed."""
    command = [sys.executable, "-m", "cli", "features", "noise", "--cache", str(root), "--jobs", str(jobs), "--quiet"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[1])


def stores(cache: DatasetCache) -> dict[str, str]:
    """sha256 of each store."""
    files = (cache.folder / "features").rglob("*.h5")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def trial(cache: DatasetCache, jobs: int, moment: float) -> dict[str, object]:
    """Kill after ``moment`` seconds, run again, look."""
    shutil.rmtree(cache.folder / "features", ignore_errors=True)
    parent = start(cache.root, jobs)
    began = time.monotonic()
    workers: list[psutil.Process] = []
    while time.monotonic() - began < moment:
        time.sleep(max(0.0, min(0.02, moment - (time.monotonic() - began))))
    workers = psutil.Process(parent.pid).children(recursive=True)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    alive = sum(worker.is_running() for worker in workers)
    shards = len(list((cache.folder / "features").rglob("*.shards/*.h5")))
    resumed = start(cache.root, jobs).wait()
    _, still = psutil.wait_procs(workers, timeout=10)
    leftovers = len(list((cache.folder / "features").rglob(".tmp-*")))
    late = len(list((cache.folder / "features").rglob("*.shards/*.h5")))
    return {
        "jobs": jobs, "moment_s": round(moment, 3), "workers_alive_at_the_kill": alive, "shards_at_the_kill": shards,
        "exit_code_of_the_resumed_run": resumed, "workers_never_ended": len(still), "leftovers": leftovers,
        "shards_of_workers_that_outlived": late, "stores": stores(cache),
    }  # fmt: skip


def undisturbed(cache: DatasetCache, jobs: int) -> tuple[float, dict[str, str]]:
    """Seconds of a whole run, and its stores."""
    shutil.rmtree(cache.folder / "features", ignore_errors=True)
    began = time.monotonic()
    if start(cache.root, jobs).wait() != 0:
        raise SystemExit("the undisturbed run failed")
    return time.monotonic() - began, stores(cache)


def main() -> None:
    """Run all trials."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=30)
    options.add_argument("--jobs", default="1,4")
    options.add_argument("--clips", type=int, default=640)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    moments, trials, references = random.Random(chosen.seed), [], {}
    with tempfile.TemporaryDirectory() as folder:
        cache = make_audio(Path(folder), chosen.clips)
        for jobs in map(int, chosen.jobs.split(",")):
            seconds, reference = undisturbed(cache, jobs)
            references[jobs] = reference
            print(f"{jobs} jobs, undisturbed: {seconds:.1f} s", flush=True)
            for _ in range(chosen.kills):
                found = trial(cache, jobs, moments.uniform(0.5, seconds))
                found["same_bytes"] = found.pop("stores") == reference
                trials.append(found)
                print(found, flush=True)
    same = {jobs: sum(bool(t["same_bytes"]) for t in trials if t["jobs"] == jobs) for jobs in references}
    summary = {
        "kills": {jobs: sum(t["jobs"] == jobs for t in trials) for jobs in references},
        "same_bytes": same,
        "same_for_every_number_of_jobs": len({json.dumps(stores) for stores in references.values()}) == 1,
        "clips": chosen.clips, "seed": chosen.seed,
        "machine": f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}",
    }  # fmt: skip
    RESULT.write_text(json.dumps({"summary": summary, "trials": trials}, indent=1) + "\n")
    print(json.dumps(summary, indent=1))


if __name__ == "__main__":
    main()
