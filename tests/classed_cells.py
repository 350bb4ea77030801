"""Cells of a table that contain the scores of each class with one setting for all classes."""

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.io.records.common import Common
from sedpipe.io.records.table import Cell
from sedpipe.metrics.detection_scores import ClassScores
from some_records import record_of
from swept_cells import POINTS, cell, overall

LENGTHS = {"testing": {"Rain": 8.0, "Dog bark": 0.3, "Horn": 1.2}}
_F1 = {"Rain": (0.7, 0.6), "Dog bark": (0.3, 0.5), "Horn": (0.5, 0.6), "Silent": (None, None)}
_OF_SEED = ((0.0, 0.01, 0.02), (0.01, 0.01, 0.01))


def _classed(hierarchy: list[int], seed: int) -> Cell:
    plain = cell("linear", hierarchy, seed, [0.9, 0.5, 0.7])
    k = int(bool(hierarchy))
    classes = {
        label: ClassScores(1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, None if f1[k] is None else f1[k] + _OF_SEED[k][seed])
        for label, f1 in _F1.items()
    }
    common = Common(settings=PostProcessing(0.5), segment_based=overall(), per_class=classes)
    update = {
        "post_processing_common": dict.fromkeys(POINTS, common),
        "counts_common": plain.splits["testing"].counts,
    }
    return plain.model_copy(update={"splits": {"testing": plain.splits["testing"].model_copy(update=update)}})


CELLS = [_classed(hierarchy, seed) for hierarchy in ([], [5, 5]) for seed in (0, 1, 2)]
RECORD = record_of(CELLS, median_event_s=LENGTHS)
