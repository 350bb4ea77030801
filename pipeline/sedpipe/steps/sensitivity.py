"""How much a run's scores on ``testing`` hang on its post-processing, from its frame probabilities.

- :func:`sensitivity_of_run`: what a cell of a table keeps of it
- :func:`found_later`: the same for a cell that was made before cells kept it
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sedpipe.choices import TUNED_ON
from sedpipe.detection.sensitivity import sensitivity
from sedpipe.errors import SedpipeError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import find_run
from sedpipe.listener import Listener
from sedpipe.steps.frame_scores import frame_scores
from sedpipe.steps.truth import known_truth


def sensitivity_of_run(dataset: Dataset, run: str, *, device: str = "cpu") -> dict[str, dict[str, Any]]:
    """Sweeps around each operating point of a run.

    Returns
    -------
    dict
        By operating point: ``settings`` (those chosen) and ``sweeps``, by the name of what is moved, with ``values``,
        ``error_rate`` and ``f1``; see :mod:`sedpipe.detection.sensitivity`.

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
        found[name] = {"settings": asdict(chosen), "sweeps": {moved: asdict(sweep) for moved, sweep in sweeps.items()}}
    return found


def found_later(
    cell: Mapping[str, Any], dataset: Dataset, run: str, *, device: str = "cpu"
) -> dict[str, dict[str, Any]] | None:
    """Sweeps of the run that a cell was made of; None where it is not there, is broken, or only bears its name."""
    try:
        found = sensitivity_of_run(dataset, run, device=device)
    except SedpipeError:
        return None
    points = cell["splits"].get(TUNED_ON, {}).get("operating_points", {})
    return found if found.keys() == points.keys() and all(_is_of(found[name], points[name]) for name in found) else None


def _is_of(around: Mapping[str, Any], scores: Mapping[str, float | None]) -> bool:
    """Whether the scores where nothing is moved are these."""
    sweep = around["sweeps"]["threshold"]
    middle = sweep["values"].index(0.0)
    return all(sweep[name][middle] == scores[name] for name in ("error_rate", "f1"))
