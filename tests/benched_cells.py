"""Made-up cells of Table 3."""

from compared_cells import cell, second_edition
from sedpipe.io.records.pace import Pace
from sedpipe.io.records.scores import ClipBased
from sedpipe.io.records.table import Bench, Cell, TableRecord
from sedpipe.steps.table_comparisons import comparisons_of
from some_records import record_of

PACE = Pace(
    network={}, pooling={}, batch_size=32, features="f", device="cpu", threads=1, step_s=2.0, validation_s=5.0,
    steps_per_epoch=10, clip_s=0.5, front_end_s=0.25, parameters=1_500_000, multiply_adds=2_000_000_000,
    clip_length_s=10.0,
)  # fmt: skip


def benched(system: str, seed: int, share: float, title: str = "", **changed: object) -> Cell:
    """Return a cell of a system that finds a share of the reference."""
    plain = second_edition(cell("linear", [5], seed, share, ("testing", "evaluation")))
    tags = ClipBased(precision=0.5, recall=0.5, f1=share, map=0.5)
    splits = {split: scores.model_copy(update={"clip_based": tags}) for split, scores in plain.splits.items()}
    bench = Bench(
        system=system, title=title or f"the {system}", pooling={}, minutes=5.0, pace=PACE, networks=1,
        cpu_seconds=300.0, published={"evaluation": {"error_rate": 0.7, "tagging_f1": 0.6}}, differs="it was louder",
    ).model_copy(update=changed)  # fmt: skip
    return plain.model_copy(update={"bench": bench, "splits": splits, "training": {"steps": 120}})


CELLS = [
    benched(system, seed, share + seed / 100, **more)
    for system, share, more in (("base", 0.5, {}), ("better", 0.8, {"networks": 3}), ("same", 0.501, {}))
    for seed in (0, 1, 2)
]


def bench_record(cells: list[Cell], **known: object) -> TableRecord:
    """Return the record of a table of these cells, with ``base`` as the baseline."""
    systems = {f"{one.bench.system}-seed{one.seed}": one.bench.system for one in cells if one.bench}
    found = {
        "table": "table3", "minutes": 5.0, "baseline": "base", "systems": systems, "runs": systems, "seeds": (0, 1, 2),
        "comparisons": comparisons_of(cells, {}, "base"),
    }  # fmt: skip
    return record_of(cells).model_copy(update={**found, **known})
