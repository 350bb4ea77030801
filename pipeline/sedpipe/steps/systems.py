"""A run, or several runs as one system: its output on a split, and its tuning.

- :func:`system_of`: runs -> :class:`System`; the mean of several is tuned on ``testing`` first
- :func:`written_to`: the folder for its results
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sedpipe.choices import TUNED_ON
from sedpipe.detection.frame_scores import FrameScores, mean_of
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.tuning import OperatingPoint, SearchStep, tune
from sedpipe.errors import MissingStageError, SettingsError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import Run
from sedpipe.listener import Listener
from sedpipe.steps.frame_scores import frame_scores
from sedpipe.steps.recordings import recordings_of
from sedpipe.steps.truth import known_truth

_LONGEST_NAME = 255  # bytes of a folder's name; ten runs together are longer


@dataclass(frozen=True)
class System:
    """A run, or several runs as one: folder for results, probabilities, tuning, contamination, remarks, own rule."""

    run: Run
    scores: FrameScores
    tuning: dict[str, tuple[SearchStep, ...]]
    contaminated_by: tuple[str, ...]
    remarks: tuple[str, ...]
    own_rule: PostProcessing | None = None


def system_of(cache: Dataset, runs: Sequence[Run], split: str, device: str, listener: Listener) -> System:
    """Return a run, or the mean of several, as one system with its output on a split and its tuning.

    Parameters
    ----------
    cache : Dataset
        Dataset with the runs and the clips.
    runs : sequence of Run
        At least one run.
    split : str
        Split with the clips.
    device : str
        Device for the network, if it has to run.
    listener : Listener
        Receives progress and remarks.

    Raises
    ------
    MissingStageError
        If the split has no clips or features, or the mean cannot be tuned.
    SettingsError
        If the runs do not fit together.
    """
    each = [frame_scores(cache, run, split, device, listener) for run in runs]
    records = [record for record in (run.find_record() for run in runs) if record is not None]
    contaminated_by = tuple(dict.fromkeys(name for record in records for name in record.contaminated_by))
    rules = {record.own_rule for record in records}
    own_rule = rules.pop() if len(rules) == 1 else None
    if len(runs) == 1:
        record = records[0] if records else None
        result = None if record is None else record.result
        tuning = {} if record is None else record.tuning
        return System(runs[0], each[0], tuning, contaminated_by, result.remarks if result else (), own_rule)
    points = _tuned_mean(cache, runs, device, listener)
    scores = replace(_mean(each), points={name: point.settings for name, point in points.items()})
    tuning = {name: point.steps for name, point in points.items()}
    remarks = tuple(remark for point in points.values() for remark in point.remarks)
    return System(written_to(cache, runs), scores, tuning, contaminated_by, remarks, own_rule)


def written_to(cache: Dataset, runs: Sequence[Run]) -> Run:
    """Return where scores are written: the run itself, or a folder for the mean of several.

    The folder has the names of all runs, unless that is too long for a folder's name.
    """
    if len(runs) == 1:
        return runs[0]
    name = "+".join(run.name for run in runs)
    if len(name.encode("utf-8", "surrogatepass")) > _LONGEST_NAME:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        name = f"{runs[0].name[:50]}+{len(runs) - 1}-others-{digest}"
    return Run(cache.folder / "ensembles" / name)


def _mean(each: Sequence[FrameScores]) -> FrameScores:
    try:
        return mean_of(each)
    except ValueError as error:
        raise SettingsError(
            f"these runs cannot be scored as one: {error}",
            hint="name runs with the same classes, clips and frames; encoders have the frames that --hop sets",
        ) from error


def _tuned_mean(cache: Dataset, runs: Sequence[Run], device: str, listener: Listener) -> dict[str, OperatingPoint]:
    """Tune post-processing for the mean of several runs on ``testing``."""
    mean = _mean([frame_scores(cache, run, TUNED_ON, device, listener) for run in runs])
    truth = known_truth(cache, TUNED_ON, mean)
    if not truth.is_located:
        raise MissingStageError(f"{TUNED_ON} has no event with times, so the mean of runs cannot be tuned")
    listener.say(f"tuning the mean of {len(runs)} runs on {TUNED_ON}")
    return tune(mean, truth, groups=recordings_of(cache, TUNED_ON, mean.clip_ids).groups(mean.clip_ids))
