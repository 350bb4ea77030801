"""Speed of the metrics, compared with sed_eval in the same run, and of the tuning.

``python benchmarks/score.py --out benchmarks/results/score/speed.json`` needs nothing but the checkout; it makes a
split of the size of DCASE 2017 Task 4's evaluation (1,103 clips, 17 classes) and one of the size of its testing (488
clips, 17 classes, 125 frames).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "pipeline"))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402
from sedpipe.detection.frame_scores import FrameScores  # noqa: E402
from sedpipe.detection.tuning import tune  # noqa: E402
from sedpipe.events import Event  # noqa: E402
from sedpipe.frames import FrameGrid  # noqa: E402
from sedpipe.labels import LabelSet  # noqa: E402
from sedpipe.metrics.detection_scores import DetectionScores  # noqa: E402
from sedpipe.metrics.event_scores import event_based_scores  # noqa: E402
from sedpipe.metrics.sed_eval_scores import (  # noqa: E402
    differences,
    official_event_based_scores,
    official_segment_based_scores,
)
from sedpipe.metrics.segment_scores import segment_based_scores  # noqa: E402
from sedpipe.truth import Truth  # noqa: E402

LABELS = LabelSet(tuple(f"class {k}" for k in range(17)))
GRID = FrameGrid(44100, 882).subsampled(4)
Lists = dict[str, list[Event]]
Scorer = Callable[[Lists, Lists, dict[str, float], LabelSet], DetectionScores]


def some_events(g: np.random.Generator, most: int) -> list[Event]:
    """Draw up to ``most`` events for a clip of 10 s."""
    events = []
    for _ in range(int(g.integers(most + 1))):
        onset = float(g.uniform(0, 9))
        label = LABELS.names[int(g.integers(len(LABELS)))]
        events.append(Event(round(onset, 3), round(onset + float(g.uniform(0.1, 10 - onset)), 3), label))
    return events


def some_lists(seed: int, n_clips: int, most: int) -> Lists:
    """Draw the events of ``n_clips`` clips."""
    g = np.random.default_rng(seed)
    return {f"clip{n}": some_events(g, most) for n in range(n_clips)}


def found_of(reference: Lists) -> Lists:
    """Return the events that a mediocre system would predict: 60 % of the events, shifted, and some false alarms."""
    g = np.random.default_rng(1)
    found = {}
    for clip_id, events in reference.items():
        kept = [event for event in events if g.random() < 0.6]
        shifts = g.normal(0, 0.2, len(kept)).tolist()
        moved = [
            Event(max(0.0, event.onset + s), max(0.0, event.offset + s), event.label)
            for event, s in zip(kept, shifts, strict=True)
        ]
        found[clip_id] = [*moved, *some_events(g, 2)]
    return found


def seconds_of(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Return the best time of some repeats, and the result."""
    best, result = float("inf"), None
    for _ in range(repeats):
        started = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - started)
    return best, result


def metric_speed(n_clips: int = 1103) -> dict[str, Any]:
    """Time segment-based and event-based scores, from event lists to scores, with sedpipe and with sed_eval."""
    reference = some_lists(0, n_clips, 3)
    lists = reference, found_of(reference), dict.fromkeys(reference, 10.0)
    pairs: dict[str, tuple[Scorer, Scorer]] = {
        "segment_based": (segment_based_scores, official_segment_based_scores),
        "event_based": (event_based_scores, official_event_based_scores),
    }
    report: dict[str, Any] = {"clips": n_clips, "classes": len(LABELS)}
    for name, (score, official) in pairs.items():
        official(*lists, LABELS)  # sed_eval is imported once, which is not timed
        theirs, expected = seconds_of(partial(official, *lists, LABELS), 2)
        ours, scores = seconds_of(partial(score, *lists, LABELS), 9)
        if differences(expected, scores):
            raise SystemExit(f"{name}: {differences(expected, scores)}")
        report[name] = {
            "sedpipe_s": round(ours, 5), "sed_eval_s": round(theirs, 3), "ratio": round(theirs / ours, 1),
            "error_rate": asdict(scores.overall)["error_rate"],
        }  # fmt: skip
    return report


def noisy_split(n_clips: int) -> tuple[FrameScores, Truth]:
    """Return noisy probabilities for clips of 10 s, and the truth that they are made from."""
    g, reference = np.random.default_rng(0), some_lists(0, n_clips, 3)
    sounds = np.zeros((n_clips, 125, len(LABELS)), dtype=bool)
    for row, events in enumerate(reference.values()):
        for event in events:
            first, end = (round(seconds / GRID.frame_duration) for seconds in (event.onset, event.offset))
            sounds[row, first:end, LABELS.index(event.label)] = True
    probs = (1 / (1 + np.exp(-(3 * sounds - 1.5 + g.normal(0, 1.5, sounds.shape))))).astype(np.float32)
    n_frames, durations = np.full(n_clips, 125), np.full(n_clips, 10.0)
    scores = FrameScores(list(reference), probs, probs.max(axis=1), n_frames, durations, LABELS, GRID)
    return scores, Truth(reference, dict.fromkeys(reference, 10.0), LABELS)


def tuning_speed(n_clips: int = 488) -> dict[str, Any]:
    """Time the whole search, for both operating points and with cross-validation, on noisy probabilities."""
    scores, truth = noisy_split(n_clips)
    seconds, points = seconds_of(lambda: tune(scores, truth), 1)
    return {
        "clips": n_clips, "classes": len(LABELS), "frames": 125, "seconds": round(seconds, 2),
        "points": {
            name: {s.step: [round(s.tuned, 4), round(s.cross_validated or 0, 4)] for s in point.steps}
            for name, point in points.items()
        },
    }  # fmt: skip


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    report = {
        "load_average": [round(load, 1) for load in os.getloadavg()],
        "metrics": metric_speed(),
        "tuning": tuning_speed(),
        "versions": {name: version(name) for name in ("numpy", "sed_eval", "psds_eval")},
    }
    text = json.dumps(report, indent=2) + "\n"
    print(text, end="")
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
