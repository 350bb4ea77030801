"""Cells of a table with sweeps that can be computed by hand."""

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.sensitivity import Sweep
from sedpipe.io.records.table import Around, Cell, CellScores
from sedpipe.metrics.detection_scores import OverallScores
from sedpipe.views.tables.table2_words import SHOWN
from some_records import cell_of

VALUES = {"threshold": (-2.0, 0.0, 2.0), "median_s": (0.08, 2.0, 4.08), "min_duration_s": (0.0, 1.0, 2.0)}
POINTS = ("min_er", "max_f1")


def overall(**scores: float | None) -> OverallScores:
    """Return scores of 0.5, except for those that are given."""
    return OverallScores(**{**dict.fromkeys(SHOWN, 0.5), **scores})


def cell(
    pooling: str,
    hierarchy: list[int],
    seed: int,
    error_rates: list[float | None],
    f1: float = 0.5,
    **settings: object,
) -> Cell:
    """Return a cell of a system whose error rates are ``error_rates``, whichever setting is swept."""
    chosen = PostProcessing(**{"threshold": 0.3, "median_s": 0.56, "min_duration_s": (0.0, 0.4), **settings})
    sweeps = {moved: Sweep(values, tuple(error_rates), (f1 - 0.1, f1, f1 - 0.2)) for moved, values in VALUES.items()}
    scores = CellScores(
        clips=1,
        operating_points=dict.fromkeys(POINTS, overall(error_rate=error_rates[1], f1=f1)),
        counts=dict.fromkeys(POINTS, ((1, 2, 1, 1),)),
    )
    around = Around(settings=chosen, sweeps=sweeps)
    without = cell_of(pooling, hierarchy, seed, {"testing": scores})
    return without.model_copy(update={"sensitivity": dict.fromkeys(POINTS, around)})


CELLS = [
    cell("linear", [], 0, [0.9, 0.5, 0.7]),
    cell("linear", [], 1, [0.7, 0.6, 0.7], median_s=(0.0, 0.4)),
    cell("linear", [5, 5], 0, [0.6, 0.4, 0.5], f1=0.6),
    cell("linear", [5, 5], 1, [0.6, 0.4, 0.5], f1=0.6),
]
