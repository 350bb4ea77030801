"""The one place that starts worker processes, on this machine or on a Dask cluster.

- :func:`in_parallel`: apply a function to items in worker processes
- :func:`process_apart`: call functions in one separate process, which gives its memory back when it ends
- :func:`in_threads`: apply a function that waits for the disk to items in threads
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import joblib
from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.backend import resource_tracker
from joblib.externals.loky.process_executor import TerminatedWorkerError

from sedpipe.children import end_with, signals_blocked, start_quietly
from sedpipe.errors import SedpipeError
from sedpipe.registry import add, additions

if TYPE_CHECKING:
    import distributed

Item = TypeVar("Item")
Result = TypeVar("Result")

SECONDS_TO_CONNECT = 10


def in_parallel(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    jobs: int,
    scheduler: str | None = None,
    *,
    ordered: bool = True,
) -> Iterator[Result]:
    """Apply ``function`` to ``items`` in worker processes; yield results in the order of the items, or as they arrive.

    Parameters
    ----------
    function : callable
        Function that can be imported by its name; in the workers, registries contain what a user's script has added to
        them here. On a cluster it may run twice for an item, if a worker dies, and in any working directory.
    items : iterable
        Items, taken as workers become free, so there may be very many.
    jobs : int
        Number of processes on this machine (1: this one). They end soon after this process, however it ends.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers, however many, do the work instead.
    ordered : bool
        False yields each result as soon as it is available; on this machine only.

    Raises
    ------
    SedpipeError
        If a worker is killed on this machine, a task kills several on a cluster, or the scheduler cannot be reached.
    """
    if scheduler is None:
        yield from _here(function, items, jobs, ordered=ordered)
    else:
        yield from _on_cluster(function, items, scheduler)


def _here(function: Callable[[Item], Result], items: Iterable[Item], jobs: int, *, ordered: bool) -> Iterator[Result]:
    _let_workers_grow()
    # an interrupted command leaves tasks undone: no reason for a warning, since the same command resumes them
    warnings.filterwarnings("ignore", r"\d+ tasks (have been successfully executed|which were still)", UserWarning)
    workers = joblib.Parallel(n_jobs=jobs, return_as="generator" if ordered else "generator_unordered")
    call = joblib.delayed(_call_in)
    try:
        start_quietly(resource_tracker.ensure_running)
        with signals_blocked():
            results = workers(call(os.getcwd(), os.getpid(), additions(), function, item) for item in items)
        yield from results
    except TerminatedWorkerError as error:
        raise _killed("; fewer --jobs need less memory") from error


def _let_workers_grow() -> None:
    """Suppress the warning that a worker was replaced: its results are kept.

    Loky assumes a memory leak if a worker has grown by 300 MB since its first task: a worker that made mixtures before
    grows by that much when it imports the libraries that features need.
    """
    warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)


def _call_in(
    folder: str, parent: int, added: Mapping[str, Mapping[str, Any]], function: Callable[[Item], Result], item: Item
) -> Result:
    """Call ``function`` in ``folder``: workers outlive a call, and relative paths must mean the same to them."""
    if os.getpid() != parent:
        end_with(parent)
        add(added)
    if os.getcwd() != folder:
        os.chdir(folder)
    return function(item)


@contextmanager
def process_apart(*, wanted: bool = True) -> Iterator[Callable[[Callable[[Item], Result], Item], Result]]:
    """Provide a callable that calls a function with an item in a separate process, which ends with the block.

    Its memory is free again then, and libraries of a few hundred MB are never imported in this process.

    Parameters
    ----------
    wanted : bool
        False calls the function in this process.

    Raises
    ------
    SedpipeError
        From a call, if the separate process is killed.
    """
    if not wanted:
        yield lambda function, item: function(item)
        return
    _let_workers_grow()
    start_quietly(resource_tracker.ensure_running)
    with signals_blocked():
        workers = ProcessPoolExecutor(1)
        workers.submit(os.getpid)  # starts the process

    def call(function: Callable[[Item], Result], item: Item) -> Result:
        try:
            result: Result = workers.submit(_call_in, os.getcwd(), os.getpid(), additions(), function, item).result()
        except TerminatedWorkerError as error:
            raise _killed() from error
        return result

    try:
        yield call
    finally:
        workers.shutdown(kill_workers=True)


def _killed(how: str = "") -> SedpipeError:
    return SedpipeError(
        "a worker process was killed from outside, perhaps for lack of memory",
        hint=f"rerun the same command to resume{how}",
    )


def _on_cluster(function: Callable[[Item], Result], items: Iterable[Item], scheduler: str) -> Iterator[Result]:
    with _client(scheduler) as client:
        from distributed.scheduler import KilledWorker

        with joblib.parallel_config("dask", client=client, wait_for_workers_timeout=SECONDS_TO_CONNECT):
            workers = joblib.Parallel(n_jobs=-1, return_as="generator")
        try:
            call = joblib.delayed(_call_with)
            yield from workers(call(additions(), function, item) for item in items)
        except TimeoutError as error:
            raise SedpipeError(
                f"the Dask scheduler {scheduler} has no worker", hint=f"start one with `dask worker {scheduler}`"
            ) from error
        except KilledWorker as error:
            raise SedpipeError(
                f"a task ended several Dask workers in turn: {error}",
                hint="look into their logs; rerun the same command to resume",
            ) from error


def _call_with(added: Mapping[str, Mapping[str, Any]], function: Callable[[Item], Result], item: Item) -> Result:
    """Call ``function`` after adding to the registries what was added to them here."""
    add(added)
    return function(item)


@contextmanager
def _client(scheduler: str) -> Iterator[distributed.Client]:
    try:
        import distributed
    except ImportError as error:
        raise SedpipeError("Dask is not installed", hint="pip install 'sedpipe[cluster]'") from error
    try:
        client = distributed.Client(  # type: ignore[no-untyped-call]
            scheduler, timeout=SECONDS_TO_CONNECT, set_as_default=False
        )
    except (OSError, ValueError) as error:
        raise SedpipeError(
            f"no Dask scheduler answers at {scheduler}: {error}",
            hint="start one with `dask scheduler`; it prints its address, such as tcp://10.0.0.1:8786",
        ) from error
    try:
        yield client
    finally:
        client.close()  # type: ignore[no-untyped-call]


def in_threads(function: Callable[[Item], Result], items: list[Item], jobs: int) -> Iterator[Result]:
    """Apply ``function``, which reads files, to ``items`` in ``jobs`` threads; yield results in the items' order."""
    with ThreadPoolExecutor(jobs) as threads:
        yield from threads.map(function, items)


def chunked(items: list[Item], size: int) -> list[list[Item]]:
    """Split ``items`` into lists of at most ``size``."""
    return [items[first : first + size] for first in range(0, len(items), size)]
