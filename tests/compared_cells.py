"""Cells of a table in which some systems differ and others do not."""

from collections.abc import Sequence

import numpy as np
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.io.records.common import Common
from sedpipe.io.records.table import Cell, CellScores
from sedpipe.metrics.spread import rates
from some_records import cell_of
from swept_cells import overall


def cell(
    pooling: str, hierarchy: list[int], seed: int, share: float, splits: Sequence[str] = ("testing",), **scores: object
) -> Cell:
    """Return a cell of the first edition, of a system that finds a share of the reference and adds no false alarms."""
    g = np.random.default_rng([seed, int(1000 * share)])
    found = g.binomial(10, share, 80)
    counts = np.stack([10 - found, np.full(80, 10), found, found], axis=-1)
    total = {name: float(value) for name, value in rates(counts.sum(axis=0)).items()}
    scored = CellScores(
        clips=80,
        operating_points={"min_er": overall(**{**total, **scores})},
        counts={"min_er": tuple(map(tuple, counts.tolist()))},
    )
    return cell_of(pooling, hierarchy, seed, dict.fromkeys(splits, scored))


CELLS = [
    cell(pooling, hierarchy, seed, share)
    for pooling, hierarchy, share in [
        ("linear", [], 0.5),
        ("linear", [5, 5], 0.7),
        ("attention", [], 0.6),
        ("attention", [5, 5], 0.6004),
    ]
    for seed in (0, 1, 2)
]


def second_edition(cell: Cell) -> Cell:
    """Return the same cell with one setting for all classes, which scores as well, and with threshold-free scores."""
    whole = {}
    for split, scores in cell.splits.items():
        points = scores.operating_points.items()
        update = {
            "post_processing_common": {
                point: Common(settings=PostProcessing(0.5), segment_based=overall) for point, overall in points
            },
            "counts_common": scores.counts,
            "threshold_free": {"clip_map": 0.5 + cell.seed / 100, "psds1": None},
        }
        whole[split] = scores.model_copy(update=update)
    return cell.model_copy(update={"splits": whole, "validation_loss": 0.25})
