"""How many clips per class are enough? A head on a frozen encoder, and a CRNN, trained on fewer and fewer clips.

``python benchmarks/learning_curve.py esc10-fold4 --cache CACHE --out FOLDER`` trains both with 5, 10, 20, 50 and 100
clips of each class and with all (``--sizes``; 0 is all), with three random seeds each, writes one cell for each into
``FOLDER/cells``, and draws all existing cells as ``FOLDER/learning-curve.svg``. A rerun resumes; with ``--draw``,
nothing is trained.

For each seed, smaller sets of clips are subsets of larger ones. Clips contain up to three classes, so that some classes
get a few more clips. An epoch repeats clips if they are few, so that every size makes a similar number of steps; early
stopping and thresholds use all of ``testing``. The CRNN is trained with bfloat16 in its convolutions (see
``encoders.py``).
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sedpipe.cli.terminal import Terminal
from sedpipe.clips import Clip
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.open import open_dataset
from sedpipe.io.files.atomic import write_json, write_text
from sedpipe.stages.features import extract_features
from sedpipe.views.charts import Scale
from sedpipe.views.render import draw
from systems import Bench, System, cost, scores_of, trained_run

HERE = Path(__file__).parent
SYSTEMS = {
    "yamnet": System("head", str(HERE / "table2" / "averaged.toml"), "yamnet", epochs=20),
    "crnn": System("small", "strong", epochs=12, precision="bfloat16"),
}
NAMES = {"yamnet": "head on yamnet", "crnn": "CRNN (small)"}
ALL = 0
LEAST_IN_AN_EPOCH = 200


@dataclass(frozen=True)
class Part(Dataset):
    """A dataset with only some of its ``training`` clips; if they are few, an epoch contains them several times."""

    chosen: frozenset[str] = frozenset()

    def read_clips(self) -> dict[str, list[Clip]]:
        """Return the clips by split, as for any dataset."""
        clips = super().read_clips()
        some = [clip for clip in clips["training"] if clip.clip_id in self.chosen]
        return {**clips, "training": some * max(1, -(-LEAST_IN_AN_EPOCH // len(some)))}

    @classmethod
    def of(cls, dataset: Dataset, chosen: frozenset[str]) -> Part:
        """Return the part of a dataset with these training clips."""
        return cls(dataset.root, dataset.name, dataset.address, chosen)


def subsets(clips: Sequence[Clip], sizes: Sequence[int], seed: int) -> dict[int, frozenset[str]]:
    """Return clip IDs by size, each set within the next: in random order, clips are taken while a class lacks any.

    >>> clips = [Clip(str(n), "training", "", 0, 1, ("ab"[n % 2],)) for n in range(20)]
    >>> found = subsets(clips, (3, 5), seed=0)
    >>> len(found[3]), len(found[5]), found[3] < found[5]
    (6, 10, True)
    """
    order = np.random.default_rng(seed).permutation(len(clips))
    taken: dict[str, Clip] = {}
    found = {}
    for size in sorted(size for size in sizes if size != ALL):
        n_of = Counter(label for clip in taken.values() for label in clip.labels)
        for clip in (clips[place] for place in order):
            if clip.clip_id not in taken and any(n_of[label] < size for label in clip.labels):
                taken[clip.clip_id] = clip
                n_of.update(clip.labels)
        found[size] = frozenset(taken)
    return {**found, ALL: frozenset(clip.clip_id for clip in clips)}


def cell(bench: Bench, name: str, size: int, seed: int, chosen: frozenset[str]) -> None:
    """Train and score one system with one size and seed, unless its cell exists."""
    size_name = size or "all"
    path = bench.path_of(f"{name}-{size_name}", seed)
    if path.is_file():
        return
    system, part = SYSTEMS[name], Part.of(bench.dataset, chosen)
    spec, run = system.spec(part), f"curve-{name}-{size_name}-seed{seed}"
    extract_features(bench.dataset, spec, jobs=bench.jobs, listener=bench.listener)
    settings = system.settings(seed, bench.threads)
    bench.listener.say(f"{name}, {size_name} clips per class ({len(chosen)}), seed {seed}")
    trained = trained_run(part, settings, spec, run, bench.listener)
    made = {
        "system": name, "clips_a_class": size, "clips": len(chosen), "seed": seed, "run": run, "training": trained,
        "cost": cost(bench.dataset, run, spec), **scores_of(bench.dataset, [run], bench.listener),
    }  # fmt: skip
    write_json(path, made)


def curves(cells: Sequence[dict[str, Any]], split: str) -> dict[str, list[dict[str, Any]]]:
    """Return, by system and in the order of sizes: clips per class, clips in all, and F1 at ``max_f1`` of each seed."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name in SYSTEMS:
        of_system = [one for one in cells if one["system"] == name]
        sizes = sorted({one["clips_a_class"] for one in of_system}, key=lambda size: size or np.inf)
        for size in sizes:
            of_size = [one for one in of_system if one["clips_a_class"] == size]
            f1 = [one[split]["operating_points"]["max_f1"]["f1"] for one in of_size]
            clips = float(np.mean([one["clips"] for one in of_size]))
            point = {"clips_a_class": size, "clips": clips, "seeds": len(f1), "f1": f1, "mean_f1": float(np.mean(f1))}
            found.setdefault(name, []).append(point)
    return found


def figure(of_systems: dict[str, list[dict[str, Any]]], split: str) -> str:
    """Draw F1 over the number of training clips, on a logarithmic axis: mean over seeds, and their range."""
    points = [point for curve in of_systems.values() for point in curve]
    counts = [float(np.log2(point["clips"])) for point in points]
    across = Scale(min(counts) - 0.2, max(counts) + 0.2, 64, 560)
    up = Scale(min(0.3, *(min(point["f1"]) for point in points)), 1.0, 330, 90)
    parts = [
        '<text class="head" x="24" y="34">How many clips per class are enough?</text>',
        f'<text class="soft" x="24" y="54">Segment-based F1 on {split}, in percent. Line: mean over seeds; band: all '
        "seeds.</text>",
        f'<text class="soft middle" x="{(across.first + across.last) / 2}" y="{up.first + 54}">training clips of each '
        "class at least, and in all</text>",
        *_axes(across, up, points),
    ]
    for number, (name, curve) in enumerate(of_systems.items()):
        at = [float(np.log2(point["clips"])) for point in curve]
        means, lows, highs = ([float(how(point["f1"])) for point in curve] for how in (np.mean, min, max))
        area = across.path([*at, *reversed(at)], [up.place(f1) for f1 in (*highs, *reversed(lows))])
        line = across.path(at, [up.place(f1) for f1 in means])
        dots = (
            f'<circle class="dot" cx="{across.place(x)}" cy="{up.place(f1)}" r="2.5"/>'
            for x, f1 in zip(at, means, strict=True)
        )
        parts += [
            f'<g class="system-{number}"><path class="band" d="{area}Z"/><path class="line" d="{line}"/>',
            *dots,
            f'<text class="name strong" x="568" y="{up.place(means[-1]) + 4}">{NAMES[name]}</text></g>',
        ]
    blank = draw("figure.svg", title="How many clips per class are enough?", width=720, height=390)
    return blank.replace("</svg>", "\n".join(parts) + "\n</svg>")


def _axes(across: Scale, up: Scale, points: Sequence[dict[str, Any]]) -> list[str]:
    parts = []
    for f1 in up.ticks():
        y = up.place(f1)
        parts.append(f'<line class="grid" x1="{across.first}" x2="{across.last}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="small end" x="{across.first - 8}" y="{y + 4}">{100 * f1:.0f}</text>')
    parts.append(f'<line class="axis" x1="{across.first}" x2="{across.last}" y1="{up.first}" y2="{up.first}"/>')
    for size, clips in {point["clips_a_class"]: point["clips"] for point in points}.items():
        x = across.place(float(np.log2(clips)))
        parts.append(f'<text class="strong middle" x="{x}" y="{up.first + 18}">{size or "all"}</text>')
        parts.append(f'<text class="small middle" x="{x}" y="{up.first + 34}">{clips:.0f}</text>')
    return parts


def main() -> None:
    """Train the missing cells and draw all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", nargs="?", default="esc10-fold4")
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--sizes", default="5,10,20,50,100,0")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--split", default="evaluation", help="whose scores are drawn")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="processes that make features")
    parser.add_argument("--draw", action="store_true")
    options = parser.parse_args()
    dataset = open_dataset(options.dataset, options.cache)
    bench = Bench(dataset, options.out, str, options.threads, Terminal(quiet=False), options.jobs)
    sizes, seeds = ([int(number) for number in text.split(",")] for text in (options.sizes, options.seeds))
    for seed in () if options.draw else seeds:
        of_seed = subsets(dataset.read_clips()["training"], sizes, seed)
        for name in options.systems.split(","):
            for size in sizes:
                cell(bench, name, size, seed, of_seed[size])
    cells = [json.loads(path.read_text()) for path in sorted((options.out / "cells").glob("*.json"))]
    made = {split: curves(cells, split) for split in ("testing", "evaluation") if all(split in one for one in cells)}
    write_json(options.out / "learning-curve.json", {"dataset": dataset.name, "curves": made})
    write_text(options.out / "learning-curve.svg", figure(made[options.split], options.split))
    for name, curve in made[options.split].items():
        told = ", ".join(f"{one['clips_a_class'] or 'all'}: {100 * one['mean_f1']:.1f}" for one in curve)
        print(f"{name}, F1 on {options.split} by clips per class: {told}")


if __name__ == "__main__":
    main()
