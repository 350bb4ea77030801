"""Scores and costs of frozen encoders, combinations of them, and networks trained from scratch, on one dataset.

``python benchmarks/encoders.py esc10-fold4 --cache CACHE --out FOLDER`` trains and scores every system with every
random seed (``--systems``, ``--seeds``: some of them), and writes one cell for each into ``FOLDER/cells``. A rerun
resumes. Then it prints the table of all existing cells, and writes it to ``FOLDER/table.md`` and ``table.json``; with
``--draw``, nothing is trained. On ``sprsound``, the settings that are scored on a patient were chosen on other
patients.

Costs are processor time on one core: of features, estimated from some clips, and of training, if it was not
interrupted. Convolutions are computed in bfloat16 during training here, which saves a third of the time on processors
that support it (AVX512-BF16, AMX) and takes far more on others; ``crnn-float32`` shows how that affects scores.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sedpipe.cli.terminal import Terminal
from sedpipe.io.cache.open import open_dataset
from sedpipe.io.files.atomic import write_json, write_text
from systems import Bench, System, cell

HERE = Path(__file__).parent
AVERAGED = str(HERE / "table2" / "averaged.toml")
BALANCED, BALANCED_STRONG, YAMNET_8K, SHORT_WINDOWS = (
    str(HERE / "systems" / f"{name}.toml") for name in ("balanced", "balanced-strong", "yamnet-8k", "short-windows")
)

BF16 = "bfloat16"
CRNN = System("cdur", "strong", epochs=16, precision=BF16)
SMALL_CRNN = System("small", BALANCED_STRONG, n_mels=64, epochs=10, more_epochs=14, precision=BF16)

ESC10 = {
    "yamnet": System("head", AVERAGED, "yamnet"),
    "aisfx": System("head", AVERAGED, "aisfx"),
    "yamnet+aisfx": System("head", AVERAGED, "yamnet,aisfx"),
    "both": System("both", AVERAGED, "logmel,yamnet", precision=BF16),
    "crnn": CRNN,
    "crnn-float32": replace(CRNN, precision="float32"),
    "crnn-robust": replace(CRNN, recipe="robust"),
    "yamnet-taught": System("head", AVERAGED, "yamnet", teacher="yamnet"),
    "yamnet-taught-twice": System("head", AVERAGED, "yamnet", teacher="yamnet-taught"),
    "crnn-taught": replace(CRNN, teacher="crnn"),
    "crnn-taught-by-yamnet": replace(CRNN, teacher="yamnet"),
    "ensemble": System(members=("crnn", "yamnet+aisfx")),
    "heads": System(members=("yamnet", "yamnet+aisfx")),
    "yamnet+aisfx-of-five-seeds": System(members=tuple(f"yamnet+aisfx@{seed}" for seed in range(5))),
}
SPRSOUND = {
    "yamnet": System("head", BALANCED, "yamnet"),
    "yamnet-8k": System("head", BALANCED, YAMNET_8K),
    "aisfx": System("head", BALANCED, "aisfx"),
    "yamnet+aisfx": System("head", BALANCED, "yamnet,aisfx"),
    "both": System("both", BALANCED, "logmel,yamnet", precision=BF16),
    "crnn": SMALL_CRNN,
    "crnn-short-windows": replace(SMALL_CRNN, n_mels=None, front_end=SHORT_WINDOWS),
    "yamnet-taught": System("head", BALANCED, "yamnet", teacher="yamnet"),
    "yamnet-taught-twice": System("head", BALANCED, "yamnet", teacher="yamnet-taught"),
    "crnn-taught": replace(SMALL_CRNN, teacher="crnn"),
    "yamnet-mixed": System("head", BALANCED, "yamnet", supervision="mixed"),
    "yamnet+aisfx-mixed": System("head", BALANCED, "yamnet,aisfx", supervision="mixed"),
    "crnn-mixed": replace(SMALL_CRNN, supervision="mixed"),
    "ensemble": System(members=("crnn", "yamnet+aisfx")),
    "ensemble-of-four": System(members=("crnn", "both", "yamnet", "yamnet+aisfx")),
    "ensemble-of-three-seeds": System(
        members=tuple(f"{name}@{seed}" for name in ("crnn", "yamnet+aisfx") for seed in range(3))
    ),
}
SYSTEMS = {"sprsound": SPRSOUND}
"""Systems by dataset; a dataset that is not listed has those of ESC-10. ``-taught``: self-training; ``-taught-by-``:
taught by another system; ``-mixed``: also trained on strong labels; ``ensemble``, ``heads``: the mean of several
systems; ``-of-``: of how many systems or seeds."""

GROUPS: dict[str, Callable[[str], str]] = {"sprsound": lambda clip_id: clip_id.rpartition("/")[2].partition("_")[0]}
"""Group of a clip, by dataset: its patient; in datasets that are not listed, every clip is a group of its own."""


def main() -> None:
    """Train and score the missing cells, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", help="a name in the cache, or a TOML")
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--systems", help="names with commas between them; by default all")
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="processes that make features")
    parser.add_argument("--draw", action="store_true")
    options = parser.parse_args()
    dataset = open_dataset(options.dataset, options.cache)
    systems = SYSTEMS.get(dataset.name, ESC10)
    chosen = options.systems.split(",") if options.systems else list(systems)
    if unknown := [name for name in chosen if name not in systems]:
        parser.error(f"no system {unknown[0]!r} for {dataset.name}; there are {', '.join(systems)}")
    group_of = GROUPS.get(dataset.name, str)
    bench = Bench(dataset, options.out, group_of, options.threads, Terminal(quiet=False), options.jobs)
    for seed in () if options.draw else [int(seed) for seed in options.seeds.split(",")]:
        for name in chosen:
            bench.listener.say(f"{name}, seed {seed}")
            cell(bench, name, systems, seed)
    cells = [json.loads(path.read_text()) for path in sorted((options.out / "cells").glob(f"{dataset.name}-*.json"))]
    rows = [row(name, of_system) for name in systems if (of_system := [c for c in cells if c["system"] == name])]
    text = table(rows)
    write_text(options.out / "table.md", text)
    write_json(options.out / "table.json", rows)
    print(text)


def row(name: str, cells: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a system's scores and costs averaged over its seeds, with standard deviations of F1 and error rate."""
    crossed = [one["testing"]["cross_validated"] for one in cells]
    found: dict[str, Any] = {"system": name, "seeds": len(cells)}
    for split, scores in (
        ("testing", [one["testing"]["operating_points"] for one in cells]),
        ("testing_crossed", [{point: both["overall"] for point, both in one.items()} for one in crossed]),
        ("evaluation", [one["evaluation"]["operating_points"] for one in cells if "evaluation" in one]),
    ):
        if scores:
            found[f"{split}_f1"], found[f"{split}_f1_spread"] = _mean([one["max_f1"]["f1"] for one in scores])
            found[f"{split}_er"], found[f"{split}_er_spread"] = _mean([one["min_er"]["error_rate"] for one in scores])
    found["testing_clip_map"], _ = _mean([one["testing"]["threshold_free"]["clip_map"] for one in cells])
    found["testing_frame_map"], _ = _mean([one["testing"]["threshold_free"]["frame_map"] for one in cells])
    found["parameters"] = cells[0]["training"]["parameters"]
    spent = [one["training"]["processor_seconds"] for one in cells]
    known = [seconds / 60 for seconds in spent if seconds is not None]
    found["training_minutes"] = _mean(known)[0] if known else None
    found["clips_per_second"], _ = _mean([one["training"]["clips_per_second"] for one in cells])
    for key in ("features_processor_minutes", "times_real_time"):
        found[key] = statistics.median(one["cost"][key] for one in cells)
    return {**found, "per_class": per_class(crossed)}


def _mean(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    """Return mean and standard deviation of the values that are defined; None if there are too few for either."""
    known = [value for value in values if value is not None]
    spread = statistics.stdev(known) if len(known) > 1 else None
    return (statistics.mean(known) if known else None), spread


def per_class(crossed: Sequence[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Return the cross-validated F1 and error rate on ``testing`` of each class, averaged over seeds."""
    return {
        label: {
            "f1": _mean([one["max_f1"]["per_class"][label]["f1"] for one in crossed])[0],
            "error_rate": _mean([one["min_er"]["per_class"][label]["error_rate"] for one in crossed])[0],
        }
        for label in crossed[0]["max_f1"]["per_class"]
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the table in Markdown: F1 at ``max_f1``, ER at ``min_er``, means ± standard deviations over seeds."""
    head = (
        "system", "seeds", "testing F1 (tuned)", "ER", "testing F1 (cross-validated)", "ER", "evaluation F1", "ER",
        "clip mAP", "frame mAP", "parameters", "features, min", "training, min", "clips/s", "x real time",
    )  # fmt: skip
    body = []
    for one in rows:
        scores = []
        for split in ("testing", "testing_crossed", "evaluation"):
            scores += [_percent(one.get(f"{split}_f1"), one.get(f"{split}_f1_spread"))]
            scores += [_number(one.get(f"{split}_er"), one.get(f"{split}_er_spread"))]
        costs = [_number(one[key], digits=1) for key in ("features_processor_minutes", "training_minutes")]
        costs += [_number(one[key], digits=0) for key in ("clips_per_second", "times_real_time")]
        maps = [_percent(one["testing_clip_map"]), _percent(one["testing_frame_map"])]
        body.append([one["system"], str(one["seeds"]), *scores, *maps, f"{one['parameters']:,}", *costs])
    classes = [
        [one["system"], label, _percent(scores["f1"]), _number(scores["error_rate"])]
        for one in rows
        for label, scores in one["per_class"].items()
    ]
    of_classes = _markdown(("system", "class", "testing F1 (cross-validated)", "ER"), classes)
    return f"{_markdown(head, body)}\n{of_classes}"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _percent(value: float | None, spread: float | None = None) -> str:
    return _number(None if value is None else 100 * value, None if spread is None else 100 * spread, digits=1)


def _number(value: float | None, spread: float | None = None, *, digits: int = 2) -> str:
    if value is None:
        return "-"
    return f"{value:.{digits}f}" + (f" ± {spread:.{digits}f}" if spread is not None else "")


if __name__ == "__main__":
    main()
