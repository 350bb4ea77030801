"""``sedpipe reproduce table2``: a table of the paper, cell by cell, with several random seeds and intervals.

- :func:`reproduce_table2`: make the cells: pooling functions x single and hierarchical x seeds
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sedpipe.errors import SettingsError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.table_folder import Table
from sedpipe.io.records.table import TableRecord
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener
from sedpipe.nn.networks.registry import kind_of
from sedpipe.reports.tables import ReproduceReport
from sedpipe.stages.reproduce.cells import Plan
from sedpipe.stages.reproduce.completion import complete_cell
from sedpipe.stages.reproduce.grid import GridPoint, default_folder, training_of
from sedpipe.stages.reproduce.making import make_table, missing_of
from sedpipe.stages.reproduce.scored_clips import check_truth
from sedpipe.stages.reproduce.table2_files import write_table2
from sedpipe.stages.train import open_splits
from sedpipe.steps.work import Work
from sedpipe.training.settings import TrainSettings


def reproduce_table2(
    dataset: Dataset,
    settings: TrainSettings,
    spec: FeatureSpec,
    points: Sequence[GridPoint],
    *,
    folder: Path | None = None,
    work: Work | None = None,
    listener: Listener | None = None,
) -> ReproduceReport:
    """Make the missing cells of Table 2, then the table of all finished cells.

    A cell that cannot be made does not stop the others; the next call tries it again.

    Parameters
    ----------
    dataset : Dataset
        Dataset with features, and strong labels of ``testing``, or of ``evaluation`` alone: then nothing is tuned.
    settings : TrainSettings
        Settings of all cells, except pooling function, hierarchy and random seed; cells made at the same time share the
        threads.
    spec : FeatureSpec
        Features that the networks take as input.
    points : sequence of GridPoint
        Cells of the table, as returned by :func:`~sedpipe.stages.reproduce.grid.grid`; hierarchical pooling is compared
        with single pooling.
    folder : Path, optional
        Folder of cells and table; by default ``tables/table2-<preset>`` in the dataset's folder, with the features
        in its name unless they are the default ones.
    work : Work, optional
        Part of the cells to make, and processes that make them; by default all cells in this process.
    listener : Listener, optional
        Receiver of progress and remarks.

    Raises
    ------
    StaleError
        If the folder holds a cell that was made with other settings.
    SettingsError
        If the network has no pooling, a pooling function cannot be combined with the preset's segment weights, or the
        names of preset and recipe lead to an invalid name of a run.
    MissingStageError
        If the dataset has no features, no training or testing split, or no strong labels to score with.
    SedpipeError
        If a cell cannot be read, or a worker process is killed.
    """
    listener, work = listener or Listener(), work or Work()
    if not kind_of(settings.network.name).pools:
        raise SettingsError(
            f"the network {settings.network.name} of preset {settings.preset} pools no frames: no poolings to compare",
            hint="`sedpipe reproduce table3` compares systems",
        )
    plan = Plan(dataset, Table(folder or default_folder(dataset, settings, spec)))
    trainings = [training_of(dataset, settings, spec, point) for point in points]
    if missing_of(plan, trainings, work):  # what every cell needs is checked before any training
        open_splits(dataset, spec, LabelSet(dataset.read_record().labels))
        check_truth(dataset)
    for training in trainings:
        if work.shard is None or work.shard.holds(training.cell):
            complete_cell(plan, training)
    record = TableRecord(
        dataset=dataset.name,
        table="table2",
        preset=settings.preset,
        recipe=settings.recipe,
        epochs=settings.training.epochs,
        seeds=tuple(dict.fromkeys(point.seed for point in points)),
        runs={training.cell: training.run for training in trainings},
    )
    return make_table(plan, record, trainings, write_table2, work, listener)
