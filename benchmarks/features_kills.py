"""Whether ``sedpipe features``, killed at random moments and run again, writes the same bytes.

Only the parent is killed (SIGKILL), so that its worker processes outlive it; the same command is run again immediately,
while they may still be writing. Every trial starts from the same audio without features. The moment is drawn as a
number of finished shards to wait for, so that it falls within the work on a busy machine, too, plus up to 0.3 s. Prints
one line per trial and writes its part of ``results/features-kills.json``.

    python benchmarks/features_kills.py --jobs 4 [--kills 30] [--clips 640] [--seed 0]
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
from sedpipe.clips import Clip
from sedpipe.io.audio.store import write_flac
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.records.dataset import DatasetRecord
from sedpipe.stages.features import CLIPS_PER_SHARD

RATE = 44_100
RESULT = Path(__file__).parent / "results" / "features-kills.json"


def make_audio(root: Path, n_clips: int) -> Dataset:
    """Make clips of 5 s of noise, four fifths of them in ``training``, the others in ``testing``."""
    cache = Dataset(root, "noise")
    clips = [_clip(number, "testing" if number % 5 == 4 else "training") for number in range(n_clips)]
    clips.sort(key=lambda clip: clip.split, reverse=True)
    listed = {split: sum(clip.split == split for clip in clips) for split in ("training", "testing")}
    cache.write_record(DatasetRecord(dataset="noise", fingerprint="kills", labels=("Noise",), listed=listed))
    write_clips(cache.clips_path, clips)
    for number, clip in enumerate(clips):
        write_flac(cache.audio_path(clip), 0.1 * np.random.default_rng(number).standard_normal(5 * RATE), RATE)
    return cache


def _clip(number: int, split: str) -> Clip:
    return Clip(f"clip-{number:05d}", split, "noise", 0.0, 5.0, ("Noise",))


def start(root: Path, jobs: int) -> subprocess.Popen[bytes]:
    """Start the command."""
    command = [sys.executable, "cli.py", "features", "noise", "--cache", str(root), "--jobs", str(jobs), "--quiet"]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[1]
    )


def stores(cache: Dataset) -> dict[str, str]:
    """Return the sha256 of each store."""
    files = (cache.folder / "features").rglob("*.h5")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def trial(cache: Dataset, jobs: int, n_shards: int, more_s: float) -> dict[str, object]:
    """Kill the command ``more_s`` seconds after ``n_shards`` shards are finished, run it again, and return findings."""
    shutil.rmtree(cache.folder / "features", ignore_errors=True)
    parent, began = start(cache.root, jobs), time.monotonic()
    while parent.poll() is None and len(shards(cache)) < n_shards:
        time.sleep(0.005)
    time.sleep(more_s)
    moment, had_ended = time.monotonic() - began, parent.poll() is not None
    workers = [] if had_ended else psutil.Process(parent.pid).children(recursive=True)
    if not had_ended:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    alive, at_the_kill = sum(worker.is_running() for worker in workers), len(shards(cache))
    resumed = start(cache.root, jobs).wait()
    _, still = psutil.wait_procs(workers, timeout=10)
    leftovers = len(list((cache.folder / "features").rglob(".tmp-*")))
    return {
        "moment_s": round(moment, 3),
        "had_ended": had_ended,
        "workers_alive_at_the_kill": alive,
        "shards_at_the_kill": at_the_kill,
        "exit_code_of_the_resumed_run": resumed,
        "workers_never_ended": len(still),
        "leftovers": leftovers,
        "shards_of_workers_that_outlived": len(shards(cache)),
        "stores": stores(cache),
    }


def shards(cache: Dataset) -> list[Path]:
    """Return the finished shards that are not merged yet."""
    return list(cache.folder.glob("features/*/*.shards/[!.]*.h5"))


def undisturbed(cache: Dataset, jobs: int) -> tuple[float, dict[str, str]]:
    """Run the command undisturbed; return its seconds and its stores."""
    shutil.rmtree(cache.folder / "features", ignore_errors=True)
    began = time.monotonic()
    if start(cache.root, jobs).wait() != 0:
        raise SystemExit("the undisturbed run failed")
    return time.monotonic() - began, stores(cache)


def main() -> None:
    """Run all trials."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--jobs", type=int, required=True)
    options.add_argument("--kills", type=int, default=30)
    options.add_argument("--clips", type=int, default=640)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    moments, trials = random.Random(chosen.seed), []
    with tempfile.TemporaryDirectory() as folder:
        cache = make_audio(Path(folder), chosen.clips)
        seconds, reference = undisturbed(cache, chosen.jobs)
        print(f"undisturbed: {seconds:.1f} s", flush=True)
        n_shards = chosen.clips // CLIPS_PER_SHARD
        for _ in range(chosen.kills):
            found = trial(cache, chosen.jobs, moments.randint(0, n_shards), moments.uniform(0, 0.3))
            found["same_bytes"] = found.pop("stores") == reference
            trials.append(found)
            print(found, flush=True)
            note(chosen, seconds, trials)
    print(json.dumps(summary_of(chosen, seconds, trials), indent=1))


def note(chosen: argparse.Namespace, seconds: float, trials: list[dict[str, object]]) -> None:
    """Write the results so far, beside those with other numbers of jobs."""
    results = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    results[f"{chosen.jobs} jobs"] = {"summary": summary_of(chosen, seconds, trials), "trials": trials}
    RESULT.write_text(json.dumps(results, indent=1) + "\n")


def summary_of(chosen: argparse.Namespace, seconds: float, trials: list[dict[str, object]]) -> dict[str, object]:
    """Return counts over the trials whose run had not ended before the kill."""
    killed = [found for found in trials if not found["had_ended"]]
    return {
        "kills": len(killed),
        "same_bytes": sum(bool(found["same_bytes"]) for found in killed),
        "killed_with_shards_to_keep": sum(found["shards_at_the_kill"] != 0 for found in killed),
        "killed_with_workers_that_outlived": sum(found["workers_alive_at_the_kill"] != 0 for found in killed),
        "seconds_undisturbed": round(seconds, 1),
        "clips": chosen.clips,
        "seed": chosen.seed,
        "machine": f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}",
    }


if __name__ == "__main__":
    main()
