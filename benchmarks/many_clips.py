"""Memory and time of the verbs that process a whole split, with a split of 50,000 clips.

Makes a dataset with ``--clips`` clips of 10 s and 17 classes in its ``evaluation`` split (features are noise of 500
frames and 8 bands, which is quick to make; the network outputs 125 frames per clip, as with the presets), trains for 0
epochs, sets thresholds at which the network predicts some events per clip, and runs ``score``, ``score`` again from
what it stored, ``report``, ``status`` and ``cache list``, each as a process of its own; memory is that of the largest
process. Prints one line for each and writes ``results/many-clips.json``.

    python benchmarks/many_clips.py [--clips 50000]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "pipeline"), str(ROOT / "tests")]

from measured import measured  # noqa: E402
from sedpipe.choices import OPERATING_POINTS  # noqa: E402
from sedpipe.clips import Clip  # noqa: E402
from sedpipe.detection.postprocess import PostProcessing  # noqa: E402
from sedpipe.events import Event  # noqa: E402
from sedpipe.features.logmel import LogMelConfig  # noqa: E402
from sedpipe.features.spec import FeatureSpec  # noqa: E402
from sedpipe.io.cache.dataset import Dataset  # noqa: E402
from sedpipe.io.cache.feature_store import FeatureRow, merge  # noqa: E402
from sedpipe.io.cache.runs import find_run  # noqa: E402
from sedpipe.io.lists.clips import write_clips  # noqa: E402
from sedpipe.io.lists.events import write_event_list  # noqa: E402
from sedpipe.io.models.checkpoints import read_model, write_model  # noqa: E402
from sedpipe.io.records.dataset import DatasetRecord  # noqa: E402
from sedpipe.listener import Listener  # noqa: E402
from sedpipe.steps.frame_scores import frame_scores  # noqa: E402

RESULT = Path(__file__).parent / "results" / "many-clips.json"
LABELS = tuple(f"Sound {number}" for number in range(17))
FRONT_END = LogMelConfig(n_mels=8)
PRESET = """[network]
maps = [4, 4]
pools = [[2, 2], [2, 2]]
conv_maps = 8
gru_units = 8
"""
VERBS = {
    "score": ["score", "many", "--run", "one", "--split", "evaluation"],
    "score again": ["score", "many", "--run", "one", "--split", "evaluation"],
    "report": ["report", "one", "--split", "evaluation"],
    "status": ["status", "many"],
    "cache list": ["cache", "list", "many"],
}


def make(root: Path, n_clips: int) -> None:
    """Write clips, reference events and features; audio is not needed for what is measured."""
    cache, g = Dataset(root, "many"), np.random.default_rng(0)
    sizes = {"training": 64, "testing": 64, "evaluation": n_clips}
    cache.write_record(DatasetRecord(dataset="many", fingerprint="many", labels=LABELS, listed=sizes))
    spec, clips = FeatureSpec(FRONT_END), []
    for split, n in sizes.items():
        events = {f"{split}-{k:06d}": _events(g) for k in range(n)}
        for clip_id, of_clip in events.items():
            labels = tuple(dict.fromkeys(event.label for event in of_clip))
            clips.append(Clip(clip_id, split, f"{clip_id}.wav", 0.0, 10.0, labels))
        write_event_list(cache.reference_path(split), events)
        rows = (
            FeatureRow(clip_id, g.normal(-60, 10, spec.shape).astype(np.float16), 500, f"{number:064x}")
            for number, clip_id in enumerate(events)
        )
        merge(cache.features_dir(spec.fingerprint) / f"{split}.h5", rows, n, spec)
    write_clips(cache.clips_path, clips)


def set_thresholds(root: Path) -> None:
    """Set thresholds at which one frame in 500 is active; tuning an untrained network would yield all or nothing."""
    cache = Dataset(root, "many")
    run = find_run(cache, "one")
    scores = frame_scores(cache, run, "testing", "cpu", Listener())
    point = PostProcessing(tuple(np.quantile(scores.frame_probs, 0.998, axis=(0, 1)).tolist()))
    trained = read_model(run.model_path, torch.device("cpu"))
    write_model(run.model_path, replace(trained, operating_points=dict.fromkeys(OPERATING_POINTS, point)))


def _events(g: np.random.Generator) -> list[Event]:
    onsets = np.sort(g.uniform(0, 8, size=2)).round(3)
    return [Event(float(onset), float(onset) + 1.5, LABELS[int(g.integers(17))]) for onset in onsets]


def main() -> None:
    """Make the dataset, measure the verbs, print and write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=50_000)
    parser.add_argument("--folder", type=Path, help="Where to work; what is made there first is used again.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = options.folder or Path(folder)
        if not (root / "many").exists():
            make(root, options.clips)
            (root / "small.toml").write_text(PRESET)
            training = ["train", "many", "--run", "one", "--preset", "small.toml", "--epochs", "0"]
            measured([*training, "--n-mels", "8", "--cache", "."], root)
            set_thresholds(root)
        report = {}
        for name, arguments in VERBS.items():
            cost = measured([*arguments, "--cache", "."], root)
            report[name] = cost.as_json()
            print(f"{name:12} {cost}", flush=True)
    clips = Dataset(root, "many").read_record().listed["evaluation"]  # of an existing folder, perhaps
    machine = {"processors": os.cpu_count(), "python": platform.python_version()}
    RESULT.write_text(json.dumps({"machine": machine, "clips": clips, "verbs": report}, indent=2) + "\n")


if __name__ == "__main__":
    main()
