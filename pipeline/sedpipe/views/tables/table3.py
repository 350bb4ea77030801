"""Cells of Table 3 (system x seed) -> rows: scores by each rule, threshold-free scores, costs of each system.

- :class:`Row`, :func:`rows_of`: scores of a system on a split
- :class:`Cost`, :func:`costs_of`: costs of training and prediction; :func:`clock_of`: the kind of seconds
- :func:`csv_text`: all of it as CSV, for programs
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sedpipe.io.records.table import Bench, Cell, CellScores
from sedpipe.metrics.detection_scores import OverallScores
from sedpipe.metrics.spread import Interval, over_seeds
from sedpipe.printable import spreadsheet_cell
from sedpipe.views.tables.table2_words import FREE, SHOWN

TAGGING = "tagging_f1"
THRESHOLD_FREE = {TAGGING: "tagging F1 (at 0.5)", **FREE}
"""Scores that do not depend on a threshold for frame probabilities."""

OWN_RULE = "own"


@dataclass(frozen=True)
class Row:
    """Scores of one system over its seeds and for each seed."""

    rule: str
    split: str
    operating_point: str
    system: str
    title: str
    scores: dict[str, Interval | None]
    by_seed: dict[str, tuple[float | None, ...]]

    @property
    def part(self) -> tuple[str, str, str]:
        """Rule, split and operating point, which rows of the same table have in common."""
        return self.rule, self.split, self.operating_point


@dataclass(frozen=True)
class Cost:
    """The costs of a system: CPU seconds, summed over all threads, or, on a GPU, elapsed seconds.

    Parameters
    ----------
    system, title : str
    seeds : int
        Number of random seeds it was trained with.
    networks : int
        Number of networks whose probabilities are averaged when it is scored.
    parameters, multiply_adds : int
        Parameters of all these networks, and their multiply-adds for 10 s of audio.
    steps : int
        Number of steps of each training, at most.
    epochs : float
        Number of epochs that these steps amount to.
    train_s : float or None
        Mean duration of a training: its steps and validations times their durations in the system's pace.
    hour_s : float or None
        Time to process an hour of audio, from files to probabilities; the front end's share is always CPU seconds.
    clock : str
        Kind of seconds that was measured: ``CPU`` or ``GPU``.
    """

    system: str
    title: str
    seeds: int
    networks: int
    parameters: int
    multiply_adds: float
    steps: int
    epochs: float
    train_s: float | None
    hour_s: float | None
    clock: str


def by_system(cells: Sequence[Cell]) -> dict[str, list[tuple[Cell, Bench]]]:
    """Return the cells of each system, by seed, in the order in which systems occur."""
    systems: dict[str, list[tuple[Cell, Bench]]] = {}
    for cell in cells:
        if cell.bench is not None:
            systems.setdefault(cell.bench.system, []).append((cell, cell.bench))
    return {system: sorted(of, key=lambda pair: pair[0].seed) for system, of in systems.items()}


def rows_of(cells: Sequence[Cell]) -> list[Row]:
    """Return a row for each part and system, ``evaluation`` first; systems without these scores are left out."""
    splits = sorted({split for cell in cells for split in cell.splits})
    return [row for split in splits for part in _PARTS for row in _rows(cells, split, *part)]


def costs_of(cells: Sequence[Cell]) -> list[Cost]:
    """Return the costs of each system."""
    return [_cost(of) for of in by_system(cells).values()]


def _rows(
    cells: Sequence[Cell], split: str, rule: str, point: str, scores_of: Callable[[CellScores], dict[str, float | None]]
) -> Iterator[Row]:
    for system, of_system in by_system(cells).items():
        scored = [scores_of(cell.splits[split]) for cell, _ in of_system if split in cell.splits]
        if scored and all(scored):
            by_seed = {name: tuple(one.get(name) for one in scored) for name in scored[0]}
            scores = {name: _spread(values) for name, values in by_seed.items()}
            yield Row(rule, split, point, system, of_system[0][1].title, scores, by_seed)


def _spread(values: Sequence[float | None]) -> Interval | None:
    known = [value for value in values if value is not None]
    return over_seeds(known) if len(known) == len(values) else None


def _shown(scores: OverallScores | None) -> dict[str, float | None]:
    return {} if scores is None else {name: getattr(scores, name) for name in SHOWN}


def _common(point: str) -> Callable[[CellScores], dict[str, float | None]]:
    def scores_of(scores: CellScores) -> dict[str, float | None]:
        common = scores.post_processing_common.get(point)
        return _shown(None if common is None else common.segment_based)

    return scores_of


def _chosen(point: str) -> Callable[[CellScores], dict[str, float | None]]:
    return lambda scores: _shown(scores.operating_points.get(point))


def _own(scores: CellScores) -> dict[str, float | None]:
    return _shown(None if scores.own_rule is None else scores.own_rule.segment_based)


def _free(scores: CellScores) -> dict[str, float | None]:
    tagging = None if scores.clip_based is None else scores.clip_based.f1
    return {TAGGING: tagging, **{name: scores.threshold_free.get(name) for name in FREE}}


_PARTS = (
    *(("common", point, _common(point)) for point in ("min_er", "max_f1")),
    *(("chosen", point, _chosen(point)) for point in ("min_er", "max_f1")),
    (OWN_RULE, "", _own),
    ("threshold_free", "", _free),
)
"""Rule and operating point of each table."""


def _cost(of: Sequence[tuple[Cell, Bench]]) -> Cost:
    cells, benches = [cell for cell, _ in of], [bench for _, bench in of]
    bench, networks = benches[0], max(bench.networks for bench in benches)
    pace, spent = bench.pace, [seconds for pair in of if (seconds := _spent(*pair)) is not None]
    steps = _steps(cells[0], bench)
    hour_s = None
    if pace.front_end_s is not None:
        hour_s = (pace.front_end_s + networks * pace.clip_s) * 3600 / pace.clip_length_s
    return Cost(
        system=bench.system,
        title=bench.title,
        seeds=len(cells),
        networks=networks,
        parameters=networks * pace.parameters,
        multiply_adds=networks * pace.multiply_adds * 10 / pace.clip_length_s,
        steps=steps,
        epochs=steps / pace.steps_per_epoch,
        train_s=sum(spent) / len(spent) if len(spent) == len(benches) else None,
        hour_s=hour_s,
        clock="CPU" if pace.device == "cpu" else "GPU",
    )


def clock_of(costs: Sequence[Cost]) -> str:
    """Return the kind of the seconds of all systems: ``CPU`` or ``GPU``; empty if systems differ."""
    clocks = {cost.clock for cost in costs}
    return clocks.pop() if len(clocks) == 1 else ""


def titled(cost: Cost, clock: str) -> str:
    """Return the title of a system; if systems differ in the kind of seconds, those on a GPU are marked."""
    return f"{cost.title} ({cost.clock})" if not clock and cost.clock != "CPU" else cost.title


def _spent(cell: Cell, bench: Bench) -> float | None:
    """Return the seconds of a training, computed as its budget is, since cells may come from machines of any speed.

    Early cells do not record their validations; for them, these are the seconds that were measured: CPU seconds, or
    elapsed seconds if it was trained on a GPU.
    """
    if reckoned := bench.seconds_at_validations():
        return reckoned[-1]
    return bench.cpu_seconds if bench.pace.device == "cpu" else cell.seconds


def _steps(cell: Cell, bench: Bench) -> int:
    """Return the number of steps of a training that is not stopped early."""
    steps = cell.training.get("steps")
    return steps if isinstance(steps, int) and steps else cell.epochs * bench.pace.steps_per_epoch


def csv_text(cells: Sequence[Cell]) -> str:
    """Return a line for each system, split, rule and operating point: mean and interval of each score, and costs.

    Scores are fractions.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names, costs = [*SHOWN, *THRESHOLD_FREE], {cost.system: cost for cost in costs_of(cells)}
    bounds = [f"{name}{suffix}" for name in names for suffix in ("", "_low", "_high")]
    of_cost = ("networks", "parameters", "multiply_adds", "steps", "epochs", "train_s", "hour_s", "clock")
    writer.writerow(["system", "title", "split", "rule", "operating_point", "seeds", *bounds, *of_cost])
    for row in rows_of(cells):
        values: list[float | None] = []
        for interval in map(row.scores.get, names):
            values += [None] * 3 if interval is None else [interval.value, interval.low, interval.high]
        texts = map(spreadsheet_cell, (row.system, row.title, row.split, row.rule, row.operating_point))
        n_seeds = len(next(iter(row.by_seed.values())))
        writer.writerow([*texts, n_seeds, *values, *(getattr(costs[row.system], name) for name in of_cost)])
    return out.getvalue()
