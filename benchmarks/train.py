"""Training speed of sedpipe, compared with the plain way: clips per second, time spent waiting for data, memory.

``python benchmarks/train.py`` prints the table for the presets ``small`` and ``paper`` (about 4 minutes on two cores).
The plain way is the same network in torch's own operations (eager, NCHW, float32) with torch's own GRU and Adam, fed by
a DataLoader that reads the HDF5 file row by row. ``--ways`` adds other ways that were tried. Each way runs in a process
of its own, in turns, so that neither load from other processes nor the settings of the C library favour one. Features
are noise unless ``--features FILE.h5`` names real ones: the time does not depend on them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "pipeline"))

import h5py  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from sedpipe.clips import Clip  # noqa: E402
from sedpipe.features.spec import FeatureSpec  # noqa: E402
from sedpipe.io.cache.feature_file import FeatureFile  # noqa: E402
from sedpipe.io.cache.feature_store import FeatureRow, merge  # noqa: E402
from sedpipe.io.settings.presets import load_preset  # noqa: E402
from sedpipe.labels import LabelSet  # noqa: E402
from sedpipe.nn import blocks, gate  # noqa: E402
from sedpipe.nn.networks import crnn  # noqa: E402
from sedpipe.nn.networks.network import Prediction  # noqa: E402
from sedpipe.steps.batches import ClipBatches, read_ahead  # noqa: E402
from sedpipe.training.loss import clip_loss  # noqa: E402
from sedpipe.training.memory import keep_freed_memory  # noqa: E402
from torch import Tensor, nn  # noqa: E402

LABELS = LabelSet(tuple(f"class {k}" for k in range(17)))
BATCH_SIZES = {"paper": 8}
"""For presets whose own batch size (128) does not fit a usual machine: the plain way would take some 25 GB."""
WARM_UP = 3

Step = Callable[[Tensor, Tensor, Tensor], None]


def plain_forward(model: crnn.CRNN, x: Tensor, n_frames: Tensor) -> Prediction:
    """Compute the network in the straightforward way: NCHW throughout, torch's own GRU."""
    maps = model.convolutions(((x - model.mean) * model.scale).unsqueeze(1))
    hidden, _ = nn.GRU.forward(model.gru, maps.permute(0, 2, 1, 3).flatten(2))
    return model.pooled(hidden, n_frames)


class RowByRow(torch.utils.data.Dataset[tuple[Tensor, Tensor, int]]):
    """A straightforward dataset: each item is a row of the file."""

    def __init__(self, path: Path, targets: np.ndarray) -> None:
        self.file, self.targets = h5py.File(path, "r"), targets

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor, int]:
        features = torch.from_numpy(self.file["features"][row]).float()
        return features, torch.from_numpy(self.targets[row]), int(self.file["n_frames"][row])


def batches_of(way: str, path: Path, size: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield batches (x, y, n_frames), epoch after epoch."""
    file = FeatureFile(path)
    ours = ClipBatches(file, [_clip(clip_id, k) for k, clip_id in enumerate(file.clip_ids)], LABELS)
    epoch = 0
    while True:
        epoch += 1
        if way == "plain":
            loader = torch.utils.data.DataLoader(RowByRow(path, ours.targets), size, shuffle=True, drop_last=True)
            yield from loader
        else:
            for batch in read_ahead(ours.epoch(size, 0, epoch)):
                if len(batch.y) == size:
                    yield batch.x, batch.y, batch.n_frames


def _clip(clip_id: str, k: int) -> Clip:
    return Clip(clip_id, "training", clip_id, 0.0, 10.0, (f"class {k % len(LABELS)}",))


def step_of(way: str, preset: str) -> Step:
    """Return a function that makes one training step."""
    torch.manual_seed(0)
    chosen = load_preset(preset)
    assert isinstance(chosen.network, crnn.CRNNConfig)
    model = crnn.CRNN(chosen.network, chosen.pooling, len(LABELS), FeatureSpec())
    if way != "memory returned" and way != "plain":
        keep_freed_memory()
    if way in ("plain", "plain, memory kept", "torch's operations", "compiled"):
        blocks.normalised_gate = gate.plain  # type: ignore[attr-defined]  # the name that blocks imports
    if way == "compiled":
        model.compile_for(BATCH_SIZES.get(preset, chosen.training.batch_size))
    plain = way.startswith("plain")
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=None if plain else True)

    def step(x: Tensor, y: Tensor, n_frames: Tensor) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=way == "bfloat16"):
            prediction = plain_forward(model, x, n_frames) if plain else model(x, n_frames)
        loss = clip_loss(prediction.clip_probs, y)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        loss.item()

    return step


WAYS = {
    "plain": "same network eager, NCHW, float32, DataLoader row by row",
    "sedpipe": "as `sedpipe train` does it",
    "plain, memory kept": "the plain way, but freed memory is kept",
    "memory returned": "sedpipe, but freed memory is returned to the system",
    "torch's operations": "sedpipe, but torch's normalisation, gate, dropout, pooling, channels-last",
    "bfloat16": "sedpipe with convolutions in bfloat16 (`--precision bfloat16`), everything else in float32",
    "compiled": "torch.compile, with a C++ compiler",
}


def measure(way: str, preset: str, path: Path, steps: int, threads: int) -> dict[str, float]:
    """Measure the steps of this process: median time in seconds, and the share that was spent waiting for data."""
    torch.set_num_threads(threads)
    size = BATCH_SIZES.get(preset, load_preset(preset).training.batch_size)
    step, batches = step_of(way, preset), batches_of(way, path, size)
    whole, waited = [], []
    for number in range(WARM_UP + steps):
        started = time.perf_counter()
        batch = next(batches)
        there = time.perf_counter()
        step(*batch)
        if number >= WARM_UP:
            whole.append(time.perf_counter() - started)
            waited.append(there - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    seconds = statistics.median(whole)
    return {
        "clips_per_second": size / seconds,
        "seconds_a_step": seconds,
        "waiting": sum(waited) / sum(whole),
        "peak_memory_gb": peak,
        "batch_size": size,
    }


def write_noise(path: Path, n_clips: int) -> None:
    """Write features of noise in the same way as ``sedpipe features`` does."""
    g = np.random.default_rng(0)
    rows = (
        FeatureRow(f"clip-{k:05}", g.normal(-60, 10, (500, 80)).astype(np.float16), 500, "0" * 64)
        for k in range(n_clips)
    )
    merge(path, rows, n_clips, FeatureSpec())


def compare(options: argparse.Namespace, path: Path) -> list[dict[str, object]]:
    """Measure every way in turns, each in its own process; the best round counts."""
    rows: list[dict[str, object]] = []
    for preset in options.presets:
        rounds: dict[str, list[dict[str, float]]] = {way: [] for way in options.ways}
        for _ in range(options.rounds):
            for way, results in rounds.items():
                call = [sys.executable, __file__, "--measure", way, "--presets", preset, "--features", str(path)]
                call += ["--steps", str(options.steps), "--threads", str(options.threads)]
                results.append(json.loads(subprocess.run(call, check=True, stdout=subprocess.PIPE).stdout))
        best = {way: max(results, key=lambda result: result["clips_per_second"]) for way, results in rounds.items()}
        base = best[options.ways[0]]["clips_per_second"]
        rows += [
            {"preset": preset, "way": way, **result, "ratio": result["clips_per_second"] / base}
            for way, result in best.items()
        ]
    return rows


def print_table(rows: list[dict[str, object]]) -> None:
    """Print the table in Markdown, for docs/speed.md."""
    print("| preset | way | batch | clips/s | ratio | waiting for data | peak memory |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['preset']} | {row['way']} | {row['batch_size']} | {row['clips_per_second']:.1f} "
            f"| {row['ratio']:.2f} | {row['waiting']:.2%} | {row['peak_memory_gb']:.1f} GB |"
        )


def main() -> None:
    """Read the command line, measure, print, store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", default=["small", "paper"])
    parser.add_argument("--ways", nargs="+", default=["plain", "sedpipe"], choices=list(WAYS), help="the first is 1.0")
    parser.add_argument("--steps", type=int, default=6, help=f"of each process, after {WARM_UP} to warm up")
    parser.add_argument("--rounds", type=int, default=2)
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parser.add_argument("--threads", type=int, default=processors)
    parser.add_argument("--features", type=Path, help="an HDF5 file of `sedpipe features`")
    parser.add_argument("--output", type=Path, help="JSON of the table")
    parser.add_argument("--measure", choices=list(WAYS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        result = measure(options.measure, options.presets[0], options.features, options.steps, options.threads)
        print(json.dumps(result))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = options.features or Path(folder, "noise.h5")
        if options.features is None:
            write_noise(path, 320)
        rows = compare(options, path)
    print_table(rows)
    if options.output:
        machine = {"processor": platform.machine(), "threads": options.threads, "torch": torch.__version__}
        options.output.write_text(json.dumps({"machine": machine, "rows": rows}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
