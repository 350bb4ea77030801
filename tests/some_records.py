"""Records of made-up runs and cells, for tests that only need them to exist."""

from collections.abc import Mapping, Sequence

from sedpipe.io.records.run import RunRecord, RunSettings, TrainReport
from sedpipe.io.records.table import Cell, CellScores, TableRecord
from sedpipe.steps.table_comparisons import comparisons_of, primary_rule


def run_record(dataset: str = "tiny", epochs: int | None = None) -> RunRecord:
    """Return the record of a run that was begun or, with ``epochs``, finished."""
    settings = RunSettings(preset="tiny", network={}, pooling={}, training={}, seed=0, device="cpu", threads=1)
    begun = {"dataset": dataset, "settings": settings, "data": {}, "versions": {}}
    if epochs is None:
        return RunRecord(**begun)
    result = TrainReport(
        dataset=dataset, run="run", run_dir="run", parameters=1, epochs=epochs, best_epoch=epochs,
        validation_loss=0.5, stopped="epochs", seconds=1.0, clips_per_second=1.0,
    )  # fmt: skip
    return RunRecord(**begun, result=result)


def cell_of(pooling: str, hierarchy: Sequence[int], seed: int, splits: Mapping[str, CellScores]) -> Cell:
    """Return a cell of which only the scores matter."""
    return Cell(
        dataset="d", pooling=pooling, hierarchy=tuple(hierarchy), seed=seed, preset="p", recipe="r", epochs=1,
        network={}, training={}, seconds=3600.0, threads=1, best_epoch=1, versions={}, splits=dict(splits),
    )  # fmt: skip


def record_of(cells: Sequence[Cell], **known: object) -> TableRecord:
    """Return the record of a table of these cells, with their comparisons."""
    found = {"primary": primary_rule(cells), "comparisons": comparisons_of(cells, {})}
    return table_record(1, {}).model_copy(update={**found, **known})


def table_record(epochs: int, runs: Mapping[str, str]) -> TableRecord:
    """Return the record of a table with its settings and runs, without cells."""
    return TableRecord(
        dataset="tiny", table="table2", preset="small", recipe="paper", epochs=epochs, seeds=(0,), runs=dict(runs)
    )
