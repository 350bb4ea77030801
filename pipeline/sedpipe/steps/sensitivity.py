"""How much a run's scores on ``testing`` hang on its post-processing, from its frame probabilities.

- :func:`sensitivity_of_run`: what a cell of a table keeps of it
- :func:`found_later`: the same for a cell that was made before cells kept it
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
    """Sweeps around each operating point of a run.

    Returns
    -------
    dict
        By operating point; see :mod:`sedpipe.detection.sensitivity`.

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


def found_later(cell: Cell, dataset: Dataset, run: str, *, device: str = "cpu") -> dict[str, Around] | None:
    """Sweeps of the run that a cell was made of; None where it is not there, is broken, or only bears its name.

    Parameters
    ----------
    cell : Cell
        As it is stored.
    dataset : Dataset
        Whose run it was made of.
    run : str
        Name of that run.
    device : str
        Where the network runs, if it is asked.
    """
    try:
        found = sensitivity_of_run(dataset, run, device=device)
    except SedpipeError:
        return None
    points = cell.splits[TUNED_ON].operating_points if TUNED_ON in cell.splits else {}
    return found if found.keys() == points.keys() and all(_is_of(found[name], points[name]) for name in found) else None


def _is_of(around: Around, scores: OverallScores) -> bool:
    """Whether the scores where nothing is moved are these."""
    sweep = around.sweeps["threshold"]
    middle = sweep.values.index(0.0)
    return (sweep.error_rate[middle], sweep.f1[middle]) == (scores.error_rate, scores.f1)
