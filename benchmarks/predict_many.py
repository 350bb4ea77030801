"""``sedpipe predict`` with many recordings and with long ones: time, memory, resuming, parts.

- 2,000 recordings of 0.05 to 0.5 s: with one process, with ``--jobs 2`` killed half-way and run again, and in two parts
- 100,000 names (hard links of 20 recordings) that are all finished: the same command again, and one part of eight
- one recording of 3 hours and one of 10 minutes: the memory should be the same

The network is small and untrained. Writes ``results/predict-many.json``.

    python benchmarks/predict_many.py [--short 2000] [--names 100000] [--hours 3] [--only short]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "pipeline"), str(ROOT / "tests")]

import numpy as np  # noqa: E402
import soundfile  # noqa: E402
import torch  # noqa: E402
from measured import Cost, measured  # noqa: E402
from sedpipe.detection.postprocess import PostProcessing  # noqa: E402
from sedpipe.features.spec import FeatureSpec  # noqa: E402
from sedpipe.io.models.checkpoints import TrainedModel, write_model  # noqa: E402
from sedpipe.labels import LabelSet  # noqa: E402
from sedpipe.nn.networks.crnn import CRNNConfig  # noqa: E402
from sedpipe.nn.networks.registry import build_network  # noqa: E402
from sedpipe.nn.pooling import PoolingConfig  # noqa: E402

RESULT = Path(__file__).parent / "results" / "predict-many.json"
RATE = 44_100
NETWORK = CRNNConfig(maps=(4, 8), pools=((5, 4), (1, 4)), conv_maps=8, gru_units=4)
DIFFERENT = 20  # recordings with different contents; the others are links to these
LENGTHS = np.linspace(0.05, 0.5, DIFFERENT)


def make_model(folder: Path) -> None:
    """Write a network with random weights."""
    torch.manual_seed(0)
    spec, labels, pooling = FeatureSpec(), LabelSet(("Hum", "Whistle", "Rain")), PoolingConfig("linear", (5, 5))
    points = dict.fromkeys(("min_er", "max_f1"), PostProcessing(0.5, 0.56, 0.1))
    model = build_network(NETWORK, pooling, len(labels), spec)
    write_model(folder / "checkpoint.pt", TrainedModel(model, labels, spec, NETWORK, pooling, points))


def make_short(folder: Path, n: int) -> None:
    """Write ``n`` recordings of 0.05 to 0.5 s in folders of 1,000, only a few of them with different contents."""
    g = np.random.default_rng(0)
    for number in range(n):
        path = folder / f"{number // 1000:03d}" / f"{number:06d}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number < DIFFERENT:
            soundfile.write(path, 0.1 * g.standard_normal(round(LENGTHS[number] * RATE)), RATE)
        else:
            os.link(folder / "000" / f"{number % DIFFERENT:06d}.wav", path)


def make_long(path: Path, seconds: int) -> None:
    """Write noise: the same 10 s, repeated."""
    noise = (0.05 * np.random.default_rng(0).standard_normal(10 * RATE)).astype(np.float32)
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
        for _ in range(seconds // 10):
            file.write(noise)


def lists(folder: Path) -> dict[str, bytes]:
    """Return what was written, except for the log."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.tsv")}


def short(root: Path, n: int) -> dict[str, Cost]:
    """Measure one process, two that are killed and run again, and parts; all must write the same."""
    make_short(root / "short", n)
    predict = ["predict", "short", "--model", "model", "--quiet"]
    costs = {"one process": measured([*predict, "--out", "one"], root)}
    half = costs["one process"].seconds / 2
    by_two = [*predict, "--out", "two", "--jobs", "2"]
    costs["two processes, killed half-way"] = measured(by_two, root, killed_after=half)
    finished = len(lists(root / "two"))
    costs[f"again; {finished:,} were finished"] = measured(by_two, root)
    for part in ("1/2", "2/2"):
        costs[f"part {part}"] = measured([*predict, "--out", "parts", "--shard", part], root)
    costs["again, all finished"] = measured([*predict, "--out", "parts"], root)
    if not lists(root / "one") == lists(root / "two") == lists(root / "parts"):
        raise SystemExit("what was written differs")
    return costs


def names(root: Path, n: int) -> dict[str, Cost]:
    """Measure with a log in which all names are finished; it is made here from the results of a few recordings."""
    make_short(root / "many", DIFFERENT)
    predict = ["predict", "many", "--model", "model", "--quiet", "--out", "found"]
    measured(predict, root)
    head, *lines = (root / "found" / "predictions.jsonl").read_text().splitlines()
    told = {json.loads(line)["name"]: line for line in lines}
    make_short_links(root, n)
    with (root / "found" / "predictions.jsonl").open("w") as log:
        print(head, file=log)
        for number in range(n):
            of = f"000/{number % DIFFERENT:06d}.wav"
            line = {**json.loads(told[of]), "name": f"{number // 1000:03d}/{number:06d}.wav"}
            print(json.dumps(line), file=log)
    costs = {f"{n:,} names, all finished": measured(predict, root)}
    costs["part 3/8 of them"] = measured([*predict, "--shard", "3/8"], root)
    (root / "found" / "000" / "000007.wav.tsv").unlink()
    with (root / "found" / "predictions.jsonl").open("a") as log:
        log.write('{"name": "half a li')
    costs["one list lost, and half a line in the log"] = measured(predict, root)
    return costs


def make_short_links(root: Path, n: int) -> None:
    """Link recordings and event lists under all names."""
    for number in range(DIFFERENT, n):
        name, of = f"{number // 1000:03d}/{number:06d}.wav", f"000/{number % DIFFERENT:06d}.wav"
        for folder, suffix in (("many", ""), ("found", ".tsv")):
            path = root / folder / f"{name}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            os.link(root / folder / f"{of}{suffix}", path)


def long(root: Path, hours: int) -> dict[str, Cost]:
    """Measure long recordings; the memory should not grow with the length."""
    costs = {}
    for told, seconds in (("10 minutes", 600), (f"{hours} hours", 3600 * hours)):
        make_long(root / "long.wav", seconds)
        predict = ["predict", "long.wav", "--model", "model", "--quiet", "--out", f"long-{seconds}"]
        costs[told] = measured(predict, root)
        costs[f"{told} again"] = measured(predict, root)
    return costs


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", type=int, default=2000)
    parser.add_argument("--names", type=int, default=100_000)
    parser.add_argument("--hours", type=int, default=3)
    parser.add_argument("--only", choices=("names", "long", "short"), help="What else is told stays as it was.")
    options = parser.parse_args()
    there = json.loads(RESULT.read_text()) if options.only and RESULT.exists() else {}
    machine = {"processors": os.cpu_count(), "python": platform.python_version()}
    report: dict[str, Any] = {**there, "machine": machine}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_model(root / "model")
        parts: tuple[tuple[str, str, Callable[[], dict[str, Cost]]], ...] = (
            ("names", "names", lambda: names(root, options.names)),
            ("long", "long recordings", lambda: long(root, options.hours)),
            ("short", f"{options.short:,} recordings of 0.05 to 0.5 s", lambda: short(root, options.short)),
        )
        for part, told, costs in parts:
            if options.only not in (None, part):
                continue
            report[told] = {name: cost.as_json() for name, cost in costs().items()}
            print(json.dumps({told: report[told]}, indent=1), flush=True)
            RESULT.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
