"""``sedpipe reproduce figure5``: the frame probabilities that the systems of a table predict for one clip.

- :func:`reproduce_figure5`: finished runs of one random seed -> an SVG in the table's folder
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sedpipe.commands import command
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.errors import MissingStageError, SettingsError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.frame_scores import find_origin
from sedpipe.io.cache.runs import Run, named_run
from sedpipe.io.files.atomic import write_text
from sedpipe.listener import Listener
from sedpipe.reports.tables import FigureReport
from sedpipe.stages.clip_pictures import ClipPictures
from sedpipe.stages.reproduce.grid import GridPoint, default_folder, run_name
from sedpipe.steps.frame_scores import frame_scores
from sedpipe.steps.truth import known_truth
from sedpipe.suggestions import did_you_mean
from sedpipe.training.settings import TrainSettings
from sedpipe.views.tables.figure5 import Heard, Voice, figure5

OPERATING_POINT = "min_er"


def reproduce_figure5(
    dataset: Dataset,
    settings: TrainSettings,
    spec: FeatureSpec,
    clip_id: str,
    points: Sequence[GridPoint],
    *,
    split: str = "testing",
    folder: Path | None = None,
    made_by: Sequence[str] | None = None,
    listener: Listener | None = None,
) -> FigureReport:
    """Draw ``figure5-<clip_id>.svg`` from the runs that Table 2 left in the cache; nothing is trained.

    Parameters
    ----------
    dataset : Dataset
        Dataset of the table.
    settings : TrainSettings
        Settings of the table; pooling and random seed are ignored.
    spec : FeatureSpec
        Features of the table's runs.
    clip_id : str
        Name of the clip, which must be in ``split`` and have features.
    points : sequence of GridPoint
        Systems whose runs are drawn, all with the same random seed.
    split : str
        Split of the clip; its strong labels must be known.
    folder : Path, optional
        Folder to write to; by default the table's.
    made_by : sequence of str, optional
        Options with which ``sedpipe reproduce table2`` makes the runs; they are part of the hint if some are missing.
    listener : Listener, optional
        Receiver of progress and remarks.

    Raises
    ------
    MissingStageError
        If a run is missing or not finished, or the split has no features or no strong labels.
    SettingsError
        If the split has no clip of this name with features.
    """
    listener = listener or Listener()
    runs = [named_run(dataset, run_name(dataset, settings, spec, point)) for point in points]
    _check_finished(dataset, points, runs, made_by)
    each = [frame_scores(dataset, run, split, settings.device, listener) for run in runs]
    clip_ids = each[0].clip_ids
    if clip_id not in clip_ids:
        raise SettingsError(
            f"{split} of {dataset.name} has no clip {clip_id!r} with features{did_you_mean(clip_id, clip_ids)}",
            hint=f"{dataset.clips_path} lists the clips",
        )
    voices = [_voice(point, scores, clip_id) for point, scores in zip(points, each, strict=True)]
    remark = f"{split} of {dataset.name}, seed {points[0].seed}, {OPERATING_POINT}."
    drawing = figure5(voices, _heard(dataset, runs[0], split, each[0], clip_id), f"Figure 5 for {clip_id}", remark)
    path = (folder or default_folder(dataset, settings, spec)) / f"figure5-{_name(clip_id)}.svg"
    write_text(path, drawing)
    return FigureReport(dataset.name, split, clip_id, [run.name for run in runs], str(path))


def _name(clip_id: str) -> str:
    """Return a file name that is unique to the clip; slashes are escaped as in a URL.

    >>> _name("street/dog-1")
    'street%2Fdog-1'
    """
    return clip_id.replace("%", "%25").replace("/", "%2F")


def _check_finished(
    dataset: Dataset, points: Sequence[GridPoint], runs: Sequence[Run], made_by: Sequence[str] | None
) -> None:
    missing = [run.name for run in runs if not run.is_finished]
    if missing:
        seed = points[0].seed
        table2 = command(
            "reproduce", "table2", dataset.called, *(made_by or ()), "--seeds", str(seed), cache=dataset.root
        )
        raise MissingStageError(
            f"{len(missing)} of the {len(runs)} runs of seed {seed} are missing or unfinished, first {missing[0]}",
            hint=f"run `{table2}` first" + (", with the same settings" if made_by is None else ""),
        )


def _voice(point: GridPoint, scores: FrameScores, clip_id: str) -> Voice:
    one = scores.of([clip_id])
    events = one.decode(one.points[OPERATING_POINT])[clip_id]
    return Voice(point.pooling, point.hierarchy, one.probs_of(clip_id), one.grid, events)


def _heard(cache: Dataset, run: Run, split: str, scores: FrameScores, clip_id: str) -> Heard:
    origin = find_origin(run.frame_scores_path(split))
    assert origin is not None  # frame_scores has just read or written them
    pictures = ClipPictures(cache, FeatureFile(cache.features_dir(origin.features) / f"{split}.h5"))
    clip = next(clip for clip in cache.read_clips()[split] if clip.clip_id == clip_id)
    truth = known_truth(cache, split, scores)
    return Heard(
        pictures.of(clip),
        truth.durations[clip_id],
        truth.reference[clip_id],
        truth.labels,
    )
