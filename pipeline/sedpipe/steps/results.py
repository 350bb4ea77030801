"""Who writes what is made from a finished model: one process at a time.

- :func:`writing_results`: score, draw or export while nobody else does, or frees the run
- :func:`gone`: the complaint that somebody has
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
    """Be the only one that writes scores, pages or exports of this run; whoever came first is waited for.

    Parameters
    ----------
    run : Run
        Whose folder is written to.
    listener : Listener
        Hears that it waits.
    is_trained : bool
        Whether it is a run that was trained, and not the mean of several, whose folder may be made.

    Raises
    ------
    MissingStageError
        If the run was freed meanwhile.
    """
    told = f"another process is writing results of {run.name}: waiting for it"
    with wait_for(run.results_lock_path, lambda: listener.say(told)):
        if is_trained and not run.model_path.exists():
            run.results_lock_path.unlink(missing_ok=True)
            with suppress(OSError):  # somebody has begun it anew
                run.folder.rmdir()
            raise gone(run)
        remove_leftovers(run.folder)
        yield


def gone(run: Run) -> MissingStageError:
    """That a run, or what was made of it, is no longer where it just was."""
    return MissingStageError(f"another process has deleted {run.name}", hint="train it again")
