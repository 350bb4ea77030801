"""Records of runs that nobody trained, for what only asks whether they are there."""

from sedpipe.io.records.run import RunRecord, RunSettings, TrainReport


def run_record(dataset: str = "tiny", epochs: int | None = None) -> RunRecord:
    """A run that was begun or, with ``epochs``, finished."""
    settings = RunSettings(preset="tiny", network={}, pooling={}, training={}, seed=0, device="cpu", threads=1)
    begun = {"dataset": dataset, "settings": settings, "data": {}, "versions": {}}
    if epochs is None:
        return RunRecord(**begun)
    result = TrainReport(
        dataset=dataset, run="run", run_dir="run", parameters=1, epochs=epochs, best_epoch=epochs,
        validation_loss=0.5, stopped="epochs", seconds=1.0, clips_per_second=1.0,
    )  # fmt: skip
    return RunRecord(**begun, result=result)
