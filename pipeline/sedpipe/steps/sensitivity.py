"""Sensitivity of a run's scores on ``testing`` to its post-processing, computed from its frame probabilities.

- :func:`sensitivity_of_run`: the sensitivity that is stored in a cell of a table
- :func:`sweeps_of_run`: the same for a cell that was made before cells stored it
"""

from __future__ import annotations

from sedpipe.choices import TUNED_ON
from sedpipe.detection.sensitivity import sensitivity
from sedpipe.errors import SedpipeError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import find_run
from sedpipe.io.records.table import Around, Cell
from sedpipe.listener import Listener
from sedpipe.metrics.detection_scores import OverallScores
from sedpipe.steps.frame_scores import frame_scores
from sedpipe.steps.truth import known_truth


def sensitivity_of_run(dataset: Dataset, run: str, *, device: str = "cpu") -> dict[str, Around]:
    """Sweep the settings around each operating point of a run.

    Returns
    -------
    dict
        Sweeps by operating point; see :mod:`sedpipe.detection.sensitivity`.

    Raises
    ------
    MissingStageError
        If there is no such run, no features, or no strong labels for ``testing``.
    """
    scores = frame_scores(dataset, find_run(dataset, run), TUNED_ON, device, Listener())
    truth = known_truth(dataset, TUNED_ON, scores)
    found = {}
    for name, chosen in scores.points.items():
        sweeps = sensitivity(scores, truth, chosen)
        found[name] = Around(settings=chosen, sweeps=sweeps)
    return found


def sweeps_of_run(cell: Cell, dataset: Dataset, run: str, *, device: str = "cpu") -> dict[str, Around] | None:
    """Return sweeps of the run that a cell was made from; None if it is missing, damaged, or another of that name.

    Parameters
    ----------
    cell : Cell
        The cell as stored.
    dataset : Dataset
        Dataset with the run that the cell was made from.
    run : str
        Name of that run.
    device : str
        Device for the network, if it has to run.
    """
    try:
        found = sensitivity_of_run(dataset, run, device=device)
    except SedpipeError:
        return None
    points = cell.splits[TUNED_ON].operating_points if TUNED_ON in cell.splits else {}
    return found if found.keys() == points.keys() and all(_is_of(found[name], points[name]) for name in found) else None


def _is_of(around: Around, scores: OverallScores) -> bool:
    """Return whether the scores without any change of the settings are these."""
    sweep = around.sweeps["threshold"]
    middle = sweep.values.index(0.0)
    return (sweep.error_rate[middle], sweep.f1[middle]) == (scores.error_rate, scores.f1)
