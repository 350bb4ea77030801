"""Would recordings of more patients help? A head on a frozen encoder, trained on some of the patients of SPRSound.

``python benchmarks/patients.py --cache CACHE --out FOLDER`` trains it with 24, 47, 94 and all 189 patients of
``training`` (``--sizes``; 0 is all), with three random seeds each, and writes one cell for each into ``FOLDER/cells``,
and ``FOLDER/patients.json``. A rerun resumes; with ``--draw``, nothing is trained. For each seed, smaller sets of
patients are subsets of larger ones. Scores are on ``testing``, which has other patients; each is scored with settings
that were chosen on others of them (cross-validated).
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from encoders import GROUPS, SPRSOUND
from learning_curve import ALL, Part
from sedpipe.cli.terminal import Terminal
from sedpipe.clips import Clip
from sedpipe.io.cache.open import open_dataset
from sedpipe.io.files.atomic import write_json
from systems import Bench, crossed_scores, scores_of, trained_run

DATASET, SYSTEM = "sprsound", "yamnet"
PATIENT_OF = GROUPS[DATASET]


def clips_of_some(clips: Sequence[Clip], sizes: Sequence[int], seed: int) -> dict[int, frozenset[str]]:
    """Return the clip IDs of randomly drawn patients, by number of patients; 0 is all.

    >>> clips = [Clip(f"{n % 5}_{n}", "training", "", 0, 1, ()) for n in range(20)]
    >>> found = clips_of_some(clips, (2, 3, 0), seed=0)
    >>> len(found[2]), len(found[3]), len(found[0]), found[2] < found[3] < found[0]
    (8, 12, 20, True)
    """
    patients = sorted({PATIENT_OF(clip.clip_id) for clip in clips})
    drawn = [patients[place] for place in np.random.default_rng(seed).permutation(len(patients))]
    chosen = {size: set(drawn[: size or None]) for size in sizes}
    return {
        size: frozenset(clip.clip_id for clip in clips if PATIENT_OF(clip.clip_id) in some)
        for size, some in chosen.items()
    }


def cell(bench: Bench, size: int, seed: int, chosen: frozenset[str]) -> None:
    """Train and score with the clips of ``size`` patients, unless the cell exists."""
    path = bench.path_of(f"{size or 'all'}-patients", seed)
    if path.is_file():
        return
    system, part = SPRSOUND[SYSTEM], Part.of(bench.dataset, chosen)
    run = f"patients-{size or 'all'}-seed{seed}"
    bench.listener.say(f"{size or 'all'} patients ({len(chosen)} clips), seed {seed}")
    trained = trained_run(part, system.settings(seed, bench.threads), system.spec(part), run, bench.listener)
    scores = scores_of(bench.dataset, [run], bench.listener)["testing"]
    scores["cross_validated"] = crossed_scores(bench, [run])
    made = {"patients": size, "clips": len(chosen), "seed": seed, "run": run, "training": trained, "testing": scores}
    write_json(path, made)


def curve(cells: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the scores by number of patients, averaged over seeds."""
    rows = []
    for size in sorted({one["patients"] for one in cells}, key=lambda size: size or np.inf):
        of_size = [one for one in cells if one["patients"] == size]
        f1 = [one["testing"]["cross_validated"]["max_f1"]["overall"]["f1"] for one in of_size]
        maps = [one["testing"]["threshold_free"]["clip_map"] for one in of_size]
        clips = statistics.mean(one["clips"] for one in of_size)
        row = {"patients": size, "clips": clips, "seeds": len(f1), "f1": f1, "mean_f1": statistics.mean(f1)}
        rows.append({**row, "mean_clip_map": statistics.mean(maps)})
    return rows


def main() -> None:
    """Train the missing cells, write and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sizes", default=f"24,47,94,{ALL}")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--draw", action="store_true")
    options = parser.parse_args()
    dataset = open_dataset(DATASET, options.cache)
    bench = Bench(dataset, options.out, PATIENT_OF, options.threads, Terminal(quiet=False))
    sizes, seeds = ([int(number) for number in text.split(",")] for text in (options.sizes, options.seeds))
    for seed in () if options.draw else seeds:
        of_seed = clips_of_some(dataset.read_clips()["training"], sizes, seed)
        for size in sizes:
            cell(bench, size, seed, of_seed[size])
    rows = curve([json.loads(path.read_text()) for path in sorted((options.out / "cells").glob("*.json"))])
    write_json(options.out / "patients.json", rows)
    for row in rows:
        print(f"{row['patients'] or 'all'} patients ({row['clips']:.0f} clips), {row['seeds']} seeds: "
              f"F1 {100 * row['mean_f1']:.1f} %, clip mAP {100 * row['mean_clip_map']:.1f} %")  # fmt: skip


if __name__ == "__main__":
    main()
