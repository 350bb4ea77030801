"""Cells of a table -> comparisons between systems: by which rule, on which scores, and whether chance may explain them.

- :func:`comparisons_of`: all comparisons, judged
- :func:`primary_rule`, :func:`is_endpoint`: rule by which systems are compared, and test for the primary endpoint
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from sedpipe.io.records.table import RULES, Cell, TableComparison
from sedpipe.metrics.comparison import LOWER_IS_BETTER, Difference, compare, judged, student
from sedpipe.metrics.contributions import of_rows
from sedpipe.metrics.sharing import Sharing
from sedpipe.steps.recordings import Made

ENDPOINT = ("common", "evaluation", "min_er", "error_rate")
"""Rule, split, operating point and score of the primary endpoint, fixed beforehand (``docs/reproduce.md``)."""


def primary_rule(cells: Sequence[Cell]) -> str:
    """Return ``common`` if every cell was scored with one setting for all classes, else ``chosen``."""
    known = all(
        scores.counts_common.keys() >= scores.counts.keys() for cell in cells for scores in cell.splits.values()
    )
    return "common" if known else "chosen"


def comparisons_of(
    cells: Sequence[Cell], recordings: Mapping[str, Made], baseline: str = ""
) -> tuple[TableComparison, ...]:
    """Compare each hierarchy with single pooling of the same function; in Table 3, each system with the baseline.

    Parameters
    ----------
    cells : sequence of Cell
        Cells of one table.
    recordings : mapping of str to tuple
        Recordings that each clip was made from, by split; in a split that is missing, each clip counts as a recording.
    baseline : str
        Name of the baseline system of Table 3.

    Returns
    -------
    tuple of TableComparison
        Comparisons in the order of rules, splits, operating points and cells. The primary endpoints are judged
        together, and so are all other comparisons of a rule.
    """
    sharing = {split: Sharing.of(made) for split, made in recordings.items()}
    return tuple(one for rule in RULES for one in _judged(list(_by_rule(cells, rule, sharing, baseline))))


def is_endpoint(one: TableComparison, score: str) -> bool:
    """Return whether a score of a comparison is the primary endpoint, :data:`ENDPOINT`; all others are exploratory."""
    return (one.rule, one.split, one.operating_point, score) == ENDPOINT


def _judged(compared: Sequence[TableComparison]) -> list[TableComparison]:
    """Judge the primary endpoints together, and all other comparisons of the rule together."""
    verdicts: dict[tuple[int, str], Difference | None] = {}
    for decides in (True, False):
        places = [
            (n, score)
            for n, one in enumerate(compared)
            for score in one.differences
            if is_endpoint(one, score) == decides
        ]
        verdicts |= dict(zip(places, judged([compared[n].differences[score] for n, score in places]), strict=True))
    return [
        one.model_copy(update={"differences": {score: verdicts[n, score] for score in one.differences}})
        for n, one in enumerate(compared)
    ]


def _by_rule(
    cells: Sequence[Cell], rule: str, sharing: Mapping[str, Sharing], baseline: str
) -> Iterator[TableComparison]:
    for split, point in _parts(cells, rule):
        systems: dict[System, dict[int, Cell]] = {}
        for cell in cells:
            if split in cell.splits:
                systems.setdefault(_system(cell), {})[cell.seed] = cell
        for system, ours in systems.items():
            rival = _rival(system, baseline)
            theirs = systems.get(rival, {})
            seeds = tuple(sorted(ours.keys() & theirs.keys())) if rival != system else ()
            if not seeds:
                continue
            name, pooling, hierarchy = system
            pair = [ours[seed] for seed in seeds], [theirs[seed] for seed in seeds]
            if rule == "threshold_free":
                differences = _of_scores(*pair, split)
            else:
                differences = _of_counts(*pair, split, point, rule, sharing)
            if differences:
                yield TableComparison(
                    rule=rule, split=split, operating_point=point, pooling=pooling, hierarchy=hierarchy,
                    seeds=seeds, differences=differences, **({"system": name, "against": baseline} if name else {}),
                )  # fmt: skip


System = tuple[str, str, tuple[int, ...]]
"""System that several seeds share: its name in Table 3, or pooling function and hierarchy."""


def _system(cell: Cell) -> System:
    return ("", *cell.system) if cell.bench is None else (cell.bench.system, "", ())


def _rival(system: System, baseline: str) -> System:
    """Return the system to compare a system with: the baseline, or single pooling of the same function."""
    name, pooling, _ = system
    return (baseline, "", ()) if name else ("", pooling, ())


def _parts(cells: Sequence[Cell], rule: str) -> list[tuple[str, str]]:
    """Return the splits and operating points that occur, in order."""
    parts = (
        (split, point)
        for cell in cells
        for split, scores in cell.splits.items()
        for point in ([""] if rule == "threshold_free" else scores.operating_points)
    )
    return list(dict.fromkeys(parts))


def _of_counts(
    ours: Sequence[Cell], theirs: Sequence[Cell], split: str, point: str, rule: str, sharing: Mapping[str, Sharing]
) -> dict[str, Difference | None]:
    """Compare error rate and F1, with chance between seeds and recordings; empty if a cell lacks counts."""
    rows = []
    for cells in (ours, theirs):
        scored = [cell.splits[split] for cell in cells]
        counts = [scores.counts_common if rule == "common" else scores.counts for scores in scored]
        if not all(point in of_cell for of_cell in counts):
            return {}
        rows.append(of_rows(np.array([of_cell[point] for of_cell in counts])))
    n_clips = ours[0].splits[split].clips
    known = sharing.get(split) or Sharing.alone(n_clips)
    return {
        score: compare(rows[0][score], rows[1][score], known, lower_is_better=score in LOWER_IS_BETTER)
        for score in rows[0]
    }


def _of_scores(ours: Sequence[Cell], theirs: Sequence[Cell], split: str) -> dict[str, Difference | None]:
    """Compare scores without a threshold, with chance between seeds only."""
    found: dict[str, Difference | None] = {}
    for score in ours[0].splits[split].threshold_free:
        values = [[cell.splits[split].threshold_free.get(score) for cell in cells] for cells in (ours, theirs)]
        known = [[value for value in of if value is not None] for of in values]
        whole = all(len(of) == len(ours) for of in known)
        found[score] = student(*known, lower_is_better=False) if whole else None
    return found
