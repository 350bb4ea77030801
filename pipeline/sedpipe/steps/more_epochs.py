"""Going on with a run that has ended: so many epochs more than those after which it ended by itself.

- :func:`with_more`: the record of a finished run that has them to do yet
- :func:`never_begun`: the complaint that there is no run to go on with
- :func:`epochs_in_all`: after how many it ends then
"""

from __future__ import annotations

from sedpipe.errors import MissingStageError, StaleError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import Run, runs_of
from sedpipe.io.files.reading import is_there
from sedpipe.io.records.run import RunRecord


def with_more(run: Run, record: RunRecord, more_epochs: int) -> RunRecord:
    """Let a finished run go on; asking for as many again changes nothing, so that a command may be repeated.

    Parameters
    ----------
    run : Run
        Locked by who calls.
    record : RunRecord
        Its record.
    more_epochs : int
        Beyond those after which it ended by itself, however often it has gone on since.

    Returns
    -------
    RunRecord
        The record, now written: without a result, if there are epochs to do.

    Raises
    ------
    StaleError
        If it is not finished yet.
    MissingStageError
        If the state that it would go on from is not there.
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
    # the model, its scores and the state stay what they are: whoever is killed now has lost nothing
    to_do = {"ended_after": ended_after, "more_epochs": more_epochs, "result": None}
    asked = record.model_copy(update=to_do)
    run.write_record(asked)
    return asked


def never_begun(run: Run, dataset: Dataset) -> StaleError:
    """The complaint that a run is to go on which nobody has begun; names those of the dataset that could."""
    finished = [other.name for other in runs_of(dataset) if is_there(other.model_path)]
    known = f"one of {', '.join(finished)} with --run" if finished else "a finished one with --run"
    return StaleError(
        f"there is no run {run.name} to continue in {run.folder.parent}",
        hint=f"name {known}, or train without --more-epochs first",
    )


def epochs_in_all(record: RunRecord) -> int:
    """Epochs after which a run that goes on ends, no sooner and no later; 0 for one nobody has asked for more of."""
    return (record.ended_after or 0) + record.more_epochs if record.more_epochs else 0
