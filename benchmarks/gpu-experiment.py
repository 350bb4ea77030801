"""The pooling comparison at a size that only a GPU can train: thousands of mixtures, six systems, eight random seeds.

``python benchmarks/gpu-experiment.py --recordings ESC-10 --out DIR`` mixes ``--clips`` training clips from the ESC-10
recordings (the recordings and the mixtures of ``testing`` and ``evaluation`` are those of ``esc10-fold4``), trains the
six systems of Table 2 with the preset ``small``, several cells at a time on one GPU, and one run with ``paper``. DIR
then contains the table, its cells and a JSON of how long each part took. Every part is a call of ``sedpipe``, so an
experiment that was stopped resumes when it is run again; cells that do not end within ``--minutes`` are marked as
missing in the table. ``--short --device cpu`` tries the script on a CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MANIFEST = ROOT / "manifests" / "esc10-fold4.toml"
AVERAGED = ROOT / "benchmarks" / "table2" / "averaged.toml"
FOR_PAPER_S = 90
"""Seconds of the whole time that the table leaves for the run with ``paper`` and its score."""
GRACE_S = 30
"""Seconds that a call has to save its state when its time is over."""


def larger(clips: int, folder: Path, held_out: int | None = None) -> Path:
    """Write the manifest of ``esc10-fold4`` with more mixtures to train on; with ``held_out``, fewer to score."""
    text = MANIFEST.read_text().replace('name = "esc10-fold4"', f'name = "esc10-{clips}"')
    if held_out is not None:
        text = text.replace("clips = 300", f"clips = {held_out}")
    text = text.replace("clips = 1000", f"clips = {clips}")
    named = re.search(r'^checksums = "(.+?)"', text, re.MULTILINE)
    assert named is not None
    sums = MANIFEST.parent / named.group(1)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / sums.name).write_bytes(sums.read_bytes())
    path = folder / f"esc10-{clips}.toml"
    path.write_text(text)
    return path


def main() -> None:
    """Mix, make features, train the table and one run with ``paper``; write how long each part took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, required=True, help="folder of ESC-10, as in its repository")
    parser.add_argument("--out", type=Path, required=True, help="where cache, table and JSON lie")
    parser.add_argument("--clips", type=int, default=6000, help="training clips")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=4, help="cells at a time on the GPU")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--minutes", type=float, default=8.0, help="then whatever runs is stopped; run again to resume")
    parser.add_argument("--short", action="store_true", help="a dozen clips, two systems, one epoch")
    options = parser.parse_args()
    if options.short:
        options.clips, options.seeds, options.epochs, options.jobs = 12, 1, 1, 1
    dataset = str(larger(options.clips, options.out, 12 if options.short else None))
    seeds = ",".join(map(str, range(options.seeds)))
    preset = "demo" if options.short else "small"
    table = [
        "reproduce", "table2", dataset, "--preset", preset, "--epochs", str(options.epochs), "--seeds", seeds,
        "--recipe", str(AVERAGED), "--device", options.device, "--jobs", str(options.jobs),
        "--out", str(options.out / "table2"),
    ]  # fmt: skip
    large = ["train", dataset, "--preset", "demo" if options.short else "paper", "--epochs", str(options.epochs),
             "--device", options.device, "--run", "large"]  # fmt: skip
    parts = {
        "mix": ["download", dataset, "--from", str(options.recordings)],
        "features": ["features", dataset],
        "table2": [*table, "--poolings", "linear"] if options.short else table,
        "paper": large,
        "paper scored": ["score", dataset, "--run", "large", "--split", "evaluation", "--device", options.device],
    }
    end = time.monotonic() + options.minutes * 60
    report: dict[str, Any] = {"clips": options.clips, "seeds": options.seeds, "epochs": options.epochs, "parts": {}}
    for name, words in parts.items():
        left = end - time.monotonic() - (FOR_PAPER_S if name == "table2" else 0)
        report["parts"][name] = run(words, options.out, left)
        (options.out / "gpu-experiment.json").write_text(json.dumps(report, indent=1) + "\n")
        print(f"{name}: {json.dumps(report['parts'][name])}", flush=True)
    sys.exit(any(part["exit"] for part in report["parts"].values()))


def run(words: list[str], out: Path, seconds: float) -> dict[str, object]:
    """Call sedpipe; when its time is over, end it with SIGTERM, and ``GRACE_S`` later with SIGKILL."""
    paths = os.pathsep.join(filter(None, [str(ROOT / "pipeline"), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": paths, "SEDPIPE_CACHE": str(out / "cache")}
    begun = time.monotonic()
    if seconds <= 0:
        return {"exit": 124, "seconds": 0, "said": "no time was left"}
    child = subprocess.Popen(
        [sys.executable, "-m", "sedpipe", *words, "--quiet"], env=environment, stderr=subprocess.PIPE, text=True,
        stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        _, said = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        child.terminate()
        try:
            _, said = child.communicate(timeout=GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)  # with its workers, which would hold the pipe open
            _, said = child.communicate()
    return {"exit": child.returncode, "seconds": round(time.monotonic() - begun, 1), "said": said.strip()[-300:]}


if __name__ == "__main__":
    main()
