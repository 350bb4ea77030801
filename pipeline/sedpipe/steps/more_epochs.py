"""Continuing a finished run for a number of epochs beyond those after which it ended by itself.

- :func:`with_more`: change the record of a finished run, so that it has epochs left to do
- :func:`no_run_to_continue`: the error that there is no run to continue
- :func:`epochs_in_all`: total number of epochs after which the run then ends
"""

from __future__ import annotations

from sedpipe.errors import MissingStageError, StaleError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import Run, runs_of
from sedpipe.io.files.reading import is_there
from sedpipe.io.records.run import RunRecord


def with_more(run: Run, record: RunRecord, more_epochs: int) -> RunRecord:
    """Let a finished run continue; asking for the same number again changes nothing, so a command can be repeated.

    Parameters
    ----------
    run : Run
        The run, locked by the caller.
    record : RunRecord
        Record of the run.
    more_epochs : int
        Number of epochs beyond those after which the run ended by itself, however often it was continued since.

    Returns
    -------
    RunRecord
        The record; if there are epochs to do, it has no result any more and has been written.

    Raises
    ------
    StaleError
        If the run is not finished yet.
    MissingStageError
        If the state to continue from is missing.
    """
    if record.more_epochs >= more_epochs:
        return record
    ended_after = record.ended_after if record.result is None else record.ended_after or record.result.epochs
    if ended_after is None:
        raise StaleError(f"{run.name} is not finished yet", hint="train it without --more-epochs first")
    if ended_after and not is_there(run.state_path):
        raise MissingStageError(
            f"{run.name} is finished, but the state to resume from ({run.state_path.name}) is not there",
            hint=f"start another run from its weights: --init {run.folder}",
        )
    # the model, its scores and the state stay as they are: a process that is killed now loses nothing
    to_do = {"ended_after": ended_after, "more_epochs": more_epochs, "result": None}
    asked = record.model_copy(update=to_do)
    run.write_record(asked)
    return asked


def no_run_to_continue(run: Run, dataset: Dataset) -> StaleError:
    """Return the error that a run to continue does not exist; it names the runs of the dataset that can continue."""
    finished = [other.name for other in runs_of(dataset) if is_there(other.model_path)]
    known = f"one of {', '.join(finished)} with --run" if finished else "a finished one with --run"
    return StaleError(
        f"there is no run {run.name} to continue in {run.folder.parent}",
        hint=f"name {known}, or train without --more-epochs first",
    )


def epochs_in_all(record: RunRecord) -> int:
    """Return the number of epochs after which a continued run ends, no sooner and no later; 0 for any other run."""
    return (record.ended_after or 0) + record.more_epochs if record.more_epochs else 0
