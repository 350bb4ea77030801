"""Whether tagging or localisation limits a system: scores with its tags or its times replaced by the true ones.

``python benchmarks/oracles.py DATASET --cache CACHE --runs RUN,RUN`` scores runs on ``testing`` as they are, and with
parts of their output replaced. With *true tags*, a run keeps its frame probabilities of the classes that a clip
contains and loses all others. With *true times*, its clip probability of a class is put into the frames in which the
class sounds (if it does not sound in the clip at all: into those with at least half of the run's highest frame
probability); with *no times*, into all frames of the clip. With *true tags, no times*, the clip's true classes are
active in all its frames, so that nothing comes from the run. Everything is cross-validated: the post-processing of a
clip was chosen on other clips (on SPRSound: other patients). ``--json`` writes the results to a file.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from encoders import GROUPS
from sedpipe.cli.terminal import Terminal
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.io.cache.open import open_dataset
from sedpipe.io.cache.runs import named_run
from sedpipe.io.files.atomic import write_json
from sedpipe.metrics.detection_scores import DetectionScores
from sedpipe.steps.frame_scores import frame_scores
from sedpipe.steps.truth import known_truth
from sedpipe.truth import Truth
from systems import crossed


def sounding(scores: FrameScores, truth: Truth) -> np.ndarray:
    """Return whether each class sounds in the middle of each frame, (N, T, K)."""
    active = np.zeros(scores.frame_probs.shape, bool)
    for row, clip_id in enumerate(scores.clip_ids):
        for event in truth.reference[clip_id]:
            within = (event.onset <= scores.times) & (scores.times < event.offset)
            active[row, :, scores.labels.index(event.label)] |= within
    return active


def true_tags(truth: Truth, scores: FrameScores) -> np.ndarray:
    """Return whether each class sounds anywhere in each clip, (N, K)."""
    return np.array([[any(event.label == label for event in truth.reference[clip_id]) for label in scores.labels]
                     for clip_id in scores.clip_ids])  # fmt: skip


def as_it_is(scores: FrameScores, _: Truth) -> FrameScores:
    """Return the run's own output."""
    return scores


def with_true_tags(scores: FrameScores, truth: Truth) -> FrameScores:
    """Keep the run's times of the classes that are in the clip, and remove all other classes."""
    tags = true_tags(truth, scores)
    return replace(scores, frame_probs=scores.frame_probs * tags[:, None], clip_probs=tags.astype(np.float32))


def with_true_times(scores: FrameScores, truth: Truth) -> FrameScores:
    """Keep the run's tags, at the true times of the classes that are in the clip."""
    frames = scores.frame_probs
    liked = frames >= frames.max(axis=1, keepdims=True) / 2
    where = np.where(true_tags(truth, scores)[:, None], sounding(scores, truth), liked)
    return replace(scores, frame_probs=where * scores.clip_probs[:, None])


def with_no_times(scores: FrameScores, _: Truth) -> FrameScores:
    """Keep the run's tags, active in all frames of the clip."""
    everywhere = np.broadcast_to(scores.clip_probs[:, None], scores.frame_probs.shape)
    return replace(scores, frame_probs=np.array(everywhere))


def with_true_tags_and_no_times(scores: FrameScores, truth: Truth) -> FrameScores:
    """Return the true tags, active in all frames of the clip; nothing comes from the run."""
    return with_no_times(replace(scores, clip_probs=true_tags(truth, scores).astype(np.float32)), truth)


WAYS: dict[str, Callable[[FrameScores, Truth], FrameScores]] = {
    "as it is": as_it_is,
    "true tags, own times": with_true_tags,
    "own tags, true times": with_true_times,
    "own tags, no times": with_no_times,
    "true tags, no times": with_true_tags_and_no_times,
}


def told(found: dict[str, DetectionScores]) -> dict[str, Any]:
    """Return F1 at ``max_f1`` and error rate at ``min_er``, and F1 of each class."""
    best, lowest = found["max_f1"], found["min_er"]
    return {
        "f1": best.overall.f1,
        "error_rate": lowest.overall.error_rate,
        "f1_of_class": {label: one.f1 for label, one in best.per_class.items()},
    }


def main() -> None:
    """Score every run in every way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", help="a name in the cache, or a TOML")
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("--runs", required=True, help="names with commas between them")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    dataset = open_dataset(options.dataset, options.cache)
    listener, group_of = Terminal(quiet=True), GROUPS.get(dataset.name, str)
    found: dict[str, dict[str, Any]] = {name: {} for name in WAYS}
    for run in options.runs.split(","):
        scores = frame_scores(dataset, named_run(dataset, run), "testing", "cpu", listener)
        truth = known_truth(dataset, "testing", scores)
        for name, way in WAYS.items():
            found[name][run] = told(crossed(way(scores, truth), truth, group_of))
            print(f"{run}, {name}: F1 {100 * found[name][run]['f1']:.1f} %", flush=True)
    print("\n| testing, cross-validated | F1 | ER |\n| --- | --- | --- |")
    for name, of_run in found.items():
        f1, rate = (mean(one[key] for one in of_run.values()) for key in ("f1", "error_rate"))
        print(f"| {name} | {100 * f1:.1f} % | {rate:.2f} |")
    if options.json:
        write_json(options.json, {"dataset": dataset.name, "split": "testing", "found": found})


if __name__ == "__main__":
    main()
