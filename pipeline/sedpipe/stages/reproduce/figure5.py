"""``sedpipe reproduce figure5``: what the systems of a table say of one clip, frame by frame.

- :func:`reproduce_figure5`: finished runs of one seed -> an SVG in the table's folder
- :class:`FigureReport`: what ``--json`` prints
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sedpipe.detection.frame_scores import FrameScores
from sedpipe.errors import MissingStageError, SettingsError
from sedpipe.frames import FrameGrid
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.frame_scores import find_origin
from sedpipe.io.cache.runs import Run, named_run
from sedpipe.io.files.atomic import write_text
from sedpipe.listener import Listener
from sedpipe.stages.reproduce.table2 import HIERARCHIES, POOLINGS, Cell, default_folder, grid, run_name
from sedpipe.steps.frame_scores import frame_scores
from sedpipe.steps.truth import known_truth
from sedpipe.suggestions import did_you_mean
from sedpipe.training.settings import TrainSettings
from sedpipe.views.tables.figure5 import Heard, Voice, figure5

OPERATING_POINT = "min_er"


@dataclass(frozen=True)
class FigureReport:
    """What was drawn."""

    dataset: str
    split: str
    clip: str
    runs: list[str]
    path: str
    stage: str = field(default="reproduce")


def reproduce_figure5(
    dataset: Dataset,
    settings: TrainSettings,
    clip_id: str,
    seed: int,
    *,
    split: str = "testing",
    poolings: Sequence[str] = POOLINGS,
    hierarchies: Sequence[tuple[int, ...]] = HIERARCHIES,
    folder: Path | None = None,
    listener: Listener | None = None,
) -> FigureReport:
    """Draw ``figure5-<clip_id>.svg`` from the runs that Table 2 left in the cache; nothing is trained.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    cache_dir : Path
        The cache.
    settings : TrainSettings
        Those of the table; pooling and seed are not looked at.
    clip_id : str
        A clip of ``split`` with features.
    seed : int
        Whose runs.
    split : str
        Whose clip; its strong labels must be known.
    poolings : sequence of str
    hierarchies : sequence of tuple of int
        Both as in the table.
    folder : Path, optional
        Where to write; the table's folder by default.
    listener : Listener, optional
        Hears of progress.

    Raises
    ------
    MissingStageError
        If a run is missing or not finished, or the split has no features or no strong labels.
    SettingsError
        If there is no such clip.
    """
    cache, listener = dataset, listener or Listener()
    cells = grid((seed,), hierarchies, poolings)
    runs = [named_run(cache, run_name(settings, cell)) for cell in cells]
    _check_finished(dataset.name, settings, seed, poolings, runs)
    each = [frame_scores(cache, run, split, settings.device, listener) for run in runs]
    clip_ids = each[0].clip_ids
    if clip_id not in clip_ids:
        raise SettingsError(
            f"{split} of {dataset.name} has no clip {clip_id!r} with features{did_you_mean(clip_id, clip_ids)}",
            hint=f"{cache.clips_path} lists the clips",
        )
    voices = [_voice(cell, scores, clip_id) for cell, scores in zip(cells, each, strict=True)]
    remark = f"{split} of {dataset.name}, seed {seed}, {OPERATING_POINT}."
    drawing = figure5(voices, _heard(cache, runs[0], split, each[0], clip_id), f"Figure 5 for {clip_id}", remark)
    path = (folder or default_folder(dataset, settings)) / f"figure5-{clip_id}.svg"
    write_text(path, drawing)
    return FigureReport(dataset.name, split, clip_id, [run.name for run in runs], str(path))


def _check_finished(
    dataset: str, settings: TrainSettings, seed: int, poolings: Sequence[str], runs: Sequence[Run]
) -> None:
    missing = [run.name for run in runs if not run.is_finished]
    if missing:
        how = f"--preset {settings.preset} --recipe {settings.recipe} --epochs {settings.training.epochs}"
        if tuple(poolings) != POOLINGS:
            how += f" --poolings {','.join(poolings)}"
        raise MissingStageError(
            f"{len(missing)} of the {len(runs)} runs of seed {seed} are not there or not finished, first {missing[0]}",
            hint=f"run `sedpipe reproduce table2 {dataset} {how} --seeds {seed}` first",
        )


def _voice(cell: Cell, scores: FrameScores, clip_id: str) -> Voice:
    one = scores.of([clip_id])
    events = one.decode(one.points[OPERATING_POINT])[clip_id]
    return Voice(cell.pooling, cell.hierarchy, one.probs_of(clip_id), one.grid, events)


def _heard(cache: Dataset, run: Run, split: str, scores: FrameScores, clip_id: str) -> Heard:
    origin = find_origin(run.frame_scores_path(split))
    assert origin is not None  # frame_scores has just read or written them
    file = FeatureFile(cache.features_dir(origin.features) / f"{split}.h5")
    stored = file.read(file.clip_ids.index(clip_id))
    truth = known_truth(cache, split, scores)
    return Heard(
        stored.features[: stored.n_frames].astype(np.float32),
        FrameGrid(int(file.parameters["sample_rate"]), int(file.parameters["hop_length"])),
        truth.durations[clip_id],
        truth.reference[clip_id],
        truth.labels,
    )
