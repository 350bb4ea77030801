"""Comparison of recipes by trained runs: mean scores over seeds, and how each recipe differs from the first.

Train the runs, for instance

    sedpipe train esc10-fold4 --preset cdur --recipe paper --epochs 16 --seed 0 --run paper-0
    sedpipe train esc10-fold4 --preset cdur --recipe strong --epochs 16 --seed 0 --run strong-0

with more seeds, then ``python benchmarks/recipes.py esc10-fold4 paper=paper-0,paper-1 strong=strong-0,strong-1``.
Scores are on ``testing``, where each run was also tuned; ``cross-validated`` scores have their post-processing chosen
on other clips; ``--split evaluation`` is for final tables. Scores are given for two kinds of post-processing:
``common``, one threshold and one median filter for all classes, as in the paper, and ``chosen``, what sedpipe's tuning
chose. Differences are paired by seed; intervals and p-values account for chance between seeds and between recordings
(:mod:`sedpipe.metrics.comparison`), and verdicts hold for all comparisons of a kind together (Holm).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "pipeline"))

import numpy as np  # noqa: E402
from sedpipe.choices import TUNED_ON  # noqa: E402
from sedpipe.detection.postprocess import PostProcessing  # noqa: E402
from sedpipe.detection.tuning import tune  # noqa: E402
from sedpipe.io.cache.dataset import Dataset  # noqa: E402
from sedpipe.io.cache.runs import Run, find_run  # noqa: E402
from sedpipe.listener import Listener  # noqa: E402
from sedpipe.metrics.comparison import LOWER_IS_BETTER, compare, judged  # noqa: E402
from sedpipe.metrics.contributions import of_rows  # noqa: E402
from sedpipe.metrics.spread import rates  # noqa: E402
from sedpipe.reports import as_json  # noqa: E402
from sedpipe.stages.score import counts_at_point, score  # noqa: E402
from sedpipe.steps.frame_scores import frame_scores  # noqa: E402
from sedpipe.steps.recordings import recordings_of  # noqa: E402
from sedpipe.steps.truth import known_truth  # noqa: E402
from sedpipe.views.verdicts import verdict  # noqa: E402

POINT, COMMON_STEP = "max_f1", "smoothing"


def run_scores(dataset: str, cache: Path, name: str, split: str) -> dict[str, Any]:
    """Return the settings and the scores of a run."""
    report = score(Dataset(cache, dataset), run=name, split=split)
    run = find_run(Dataset(cache, dataset), name)
    record = run.find_record()
    assert record is not None
    assert record.result is not None
    header, *rows = (line.split(",") for line in run.log_path.read_text().splitlines())
    return {
        "seed": record.settings.seed,
        "threads": record.settings.threads,
        "network": record.settings.network,
        "training": record.settings.training,
        "versions": record.versions,
        "seconds": record.result.seconds,
        "best_epoch": record.result.best_epoch,
        "log": [dict(zip(header, row, strict=True)) for row in rows],
        "operating_points": as_json(report.operating_points),
        "post_processing": steps_of(run),
        "clip_based": as_json(report.clip_based),
        **({"f1_with_help": with_help(dataset, cache, name)} if split == TUNED_ON else {}),
    }


def steps_of(run: Run) -> dict[str, dict[str, Any]]:
    """Return two steps of the search on ``testing``: the one with a common threshold, and the chosen one."""
    record = run.find_record()
    assert record is not None
    steps = record.tuning[POINT]
    return {
        "common": as_json(next(step for step in steps if step.step == COMMON_STEP)),
        "chosen": as_json(next(step for step in steps if step.chosen)),
    }


def counts_of(dataset: str, cache: Path, name: str, split: str) -> dict[str, Any]:
    """Return the counts of each clip with either kind of post-processing, and the clip IDs."""
    stored = Dataset(cache, dataset)
    run = find_run(stored, name)
    scores = frame_scores(stored, run, split, "cpu", Listener())
    common = PostProcessing(**steps_of(run)["common"]["settings"])
    scores = replace(scores, points={"common": common, "chosen": scores.points[POINT]})
    truth = known_truth(stored, split, scores)
    counts = {kind: counts_at_point(scores, truth, point) for kind, point in scores.points.items()}
    return {**counts, "clip_ids": scores.clip_ids}


def with_help(dataset: str, cache: Path, name: str) -> dict[str, float | None]:
    """Return F1, tuned anew, if each clip's labels were known, and if the places of its events were known."""
    stored = Dataset(cache, dataset)
    scores = frame_scores(stored, find_run(stored, name), TUNED_ON, "cpu", Listener())
    truth = known_truth(stored, TUNED_ON, scores)
    edges = scores.edges
    sounds = np.zeros(scores.frame_probs.shape, bool)
    for row, clip_id in enumerate(scores.clip_ids):
        for event in truth.reference[clip_id]:
            inside = (edges[1:] > event.onset) & (edges[:-1] < event.offset)
            sounds[row, inside, scores.labels.index(event.label)] = True
    tags, loudest = np.any(sounds, axis=1), scores.frame_probs.max(axis=1, keepdims=True)

    def f1(frame_probs: np.ndarray, clip_probs: np.ndarray) -> float | None:
        tuned = tune(replace(scores, frame_probs=frame_probs.astype(np.float32), clip_probs=clip_probs), truth)
        return tuned[POINT].scores.overall.f1

    placed = np.where(tags[:, None, :], sounds * loudest, scores.frame_probs)
    return {
        "labels_known": f1(scores.frame_probs * tags[:, None, :], scores.clip_probs * tags),
        "places_known": f1(placed, scores.clip_probs),
    }


def main() -> None:
    """Score, compare, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("groups", nargs="+", metavar="NAME=RUN,RUN,...", help="runs of one recipe, a seed each")
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("--split", choices=["testing", "evaluation"], default=TUNED_ON)
    parser.add_argument("--out", type=Path, help="write all of it as JSON here")
    options = parser.parse_args()
    groups = {name: runs.split(",") for name, runs in (group.split("=", 1) for group in options.groups)}
    split = options.split
    found: dict[str, Any] = {
        "dataset": options.dataset, "split": split, "tuned_on_this_split": split == TUNED_ON, "recipes": {},
    }  # fmt: skip
    counts: dict[str, dict[str, np.ndarray]] = {}
    for name, runs in groups.items():
        found["recipes"][name] = [run_scores(options.dataset, options.cache, run, split) for run in runs]
        each = [counts_of(options.dataset, options.cache, run, split) for run in runs]
        clip_ids = each[0].pop("clip_ids")
        counts[name] = {kind: np.array([of_run[kind] for of_run in each]) for kind in ("common", "chosen")}
        for kind, rows in counts[name].items():
            for run, f1 in zip(found["recipes"][name], rates(rows.sum(axis=1))["f1"], strict=True):
                run.setdefault("f1", {})[kind] = float(f1)
        print(line_of(name, found["recipes"][name], split))
    first, compared = next(iter(groups)), []
    found["over_the_first"] = {}
    for name in list(groups)[1:]:
        seeds = [[run["seed"] for run in found["recipes"][which]] for which in (first, name)]
        if seeds[0] != seeds[1]:
            print(f"{name} has other seeds than {first}: not compared")
            continue
        found["over_the_first"][name] = {}
        compared.append(name)
    sharing = recordings_of(Dataset(options.cache, options.dataset), split, clip_ids).sharing
    for kind in ("common", "chosen"):
        pairs = [(name, rate) for name in compared for rate in ("error_rate", "f1")]
        estimates = {name: of_rows(rows[kind]) for name, rows in counts.items()}
        differences = [
            compare(estimates[name][rate], estimates[first][rate], sharing, lower_is_better=rate in LOWER_IS_BETTER)
            for name, rate in pairs
        ]
        for (name, rate), one in zip(pairs, judged(differences), strict=True):
            assert one is not None
            found["over_the_first"][name].setdefault(kind, {})[rate] = asdict(one)
            print(f"{name} over {first}, {one.seeds} seeds, {kind}: {rate} {verdict(one, in_percent=rate == 'f1')}")
    if options.out is not None:
        options.out.write_text(json.dumps(found, indent=1) + "\n")


def line_of(name: str, runs: list[dict[str, Any]], split: str) -> str:
    """Return a line with mean scores over seeds, and the F1 of each seed."""
    told = []
    for kind in ("common", "chosen"):
        each = [run["f1"][kind] for run in runs]
        told.append(f"F1 {kind} {statistics.mean(each):.3f} (seeds {', '.join(f'{one:.3f}' for one in each)})")
        if split == TUNED_ON:
            crossed = statistics.mean(run["post_processing"][kind]["cross_validated"] for run in runs)
            told.append(f"cross-validated {crossed:.3f}")
    for rate in ("macro_f1", "error_rate"):
        told.append(f"{rate} {statistics.mean(run['operating_points'][POINT][rate] for run in runs):.3f}")
    if split == TUNED_ON:
        for how in ("labels_known", "places_known"):
            told.append(f"with {how} {statistics.mean(run['f1_with_help'][how] for run in runs):.3f}")
    return f"{name}: {'; '.join(told)}"


if __name__ == "__main__":
    main()
