"""Access to the results of a finished model: one process writes them at a time.

- :func:`writing_results`: score, draw or export while no other process does, or deletes the run
- :func:`gone`: the error that another process has deleted it
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sedpipe.errors import MissingStageError
from sedpipe.io.cache.runs import Run
from sedpipe.io.files.atomic import remove_leftovers
from sedpipe.io.files.locks import wait_for
from sedpipe.listener import Listener


@contextmanager
def writing_results(run: Run, listener: Listener, *, is_trained: bool = True) -> Iterator[None]:
    """Be the only process that writes scores, pages or exports of this run; wait until others have finished.

    Parameters
    ----------
    run : Run
        Run with the folder that is written to.
    listener : Listener
        Receives a message if this has to wait.
    is_trained : bool
        Whether this is a run that was trained, not the mean of several, whose folder may not exist yet.

    Raises
    ------
    MissingStageError
        If the run was deleted meanwhile.
    """
    told = f"another process is writing results of {run.name}: waiting for it"
    with wait_for(run.results_lock_path, lambda: listener.say(told)):
        if is_trained and not run.model_path.exists():
            run.results_lock_path.unlink(missing_ok=True)
            with suppress(OSError):  # another process has started it again
                run.folder.rmdir()
            raise gone(run)
        remove_leftovers(run.folder)
        yield


def gone(run: Run) -> MissingStageError:
    """Return the error that a run, or a result of it, has just been deleted."""
    return MissingStageError(f"another process has deleted {run.name}", hint="train it again")
