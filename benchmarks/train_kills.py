"""A training that is killed at random moments until it is done, compared bit by bit with an undisturbed one.

``python benchmarks/train_kills.py --kills 30`` trains the tiny dataset of ``tests/`` with a state stored after every
step, so that many kills hit a file being written; a run that has finished is compared, and the next begins.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "pipeline"), str(ROOT / "tests")]

import torch  # noqa: E402
from sedpipe.io.cache.dataset import Dataset  # noqa: E402
from sedpipe.io.cache.runs import named_run  # noqa: E402
from sedpipe.io.files.owners import TEMPORARY_PREFIX  # noqa: E402
from sedpipe.io.models.checkpoints import read_model  # noqa: E402
from tiny_dataset import make_dataset, train_until  # noqa: E402

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["sedpipe.stages.train", "torch._dynamo", "torch.utils.tensorboard"])


def train_for(cache: Dataset, seconds: float | None) -> int:
    """Train in a process of its own, killed after some seconds; return its exit code."""
    process = PROCESSES.Process(target=train_until, args=(cache.root, 0))
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    return int(process.exitcode or 0)


def made(cache: Dataset) -> dict[str, Any]:
    """Return the weights, thresholds and log of a finished run."""
    run = named_run(cache, "run")
    trained = read_model(run.model_path, torch.device("cpu"))
    return {
        "weights": {name: tensor.numpy().tobytes() for name, tensor in trained.model.state_dict().items()},
        "thresholds": trained.operating_points,
        "log": run.log_path.read_bytes(),
    }


def main() -> None:
    """Kill, compare, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    g = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole = make_dataset(Path(folder) / "undisturbed")
        train_for(whole, 0.001)  # the first process waits for imports
        started = time.monotonic()
        assert train_for(whole, None) == 0
        seconds, expected = time.monotonic() - started, made(whole)
        kills = half_written = before_began = finished = different = 0
        while kills < options.kills:
            cache = make_dataset(Path(folder) / f"run-{finished}")
            run = named_run(cache, "run")
            while train_for(cache, g.uniform(0, 0.9 * seconds) if kills < options.kills else None):
                kills += 1
                before_began += not run.record_path.exists()
                half_written += any(run.folder.glob(f"{TEMPORARY_PREFIX}*"))
            finished += 1
            different += made(cache) != expected
    report = {
        "kills": kills,
        "before run.json was there": before_began,
        "while a file was being written": half_written,
        "finished runs": finished,
        "runs whose weights, thresholds or log differ": different,
    }
    print(json.dumps(report, indent=2))
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
