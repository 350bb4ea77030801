"""Child processes: they receive no signals, and end with their parent.

A terminal sends Ctrl-C to every process. Each child would print a traceback, although the parent ends them all; and a
parent that is killed cannot end its children.

- :func:`signals_blocked`: a context in which children are started
- :func:`end_with`: called in a child
- :func:`start_quietly`: for helper processes whose warnings are of no use
"""

from __future__ import annotations

import multiprocessing.resource_tracker
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

SECONDS_BETWEEN_LOOKS = 0.2
"""Interval at which a process checks whether its parent is still running."""


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Block Ctrl-C (SIGINT), SIGTERM and SIGHUP in the threads and processes that are started in this context.

    The thread that starts them receives after the context the signals that arrived in it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Python 3.11 unblocks signals when it starts this helper, so it must be running already
    start_quietly(multiprocessing.resource_tracker.ensure_running)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_quietly(ensure_running: Callable[[], None]) -> None:
    """Start a resource tracker, which cleans up the semaphores of killed processes, without its warnings about that.

    Parameters
    ----------
    ensure_running : callable
        The function of ``multiprocessing.resource_tracker``, or of loky's resource tracker.
    """
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (before, "ignore:resource_tracker:UserWarning")))
    try:
        ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before


@cache
def end_with(parent: int) -> None:
    """End this process soon after its parent: otherwise, if the parent is killed, it would keep running and writing.

    Parameters
    ----------
    parent : int
        Process id of the parent.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    if os.name == "posix":  # elsewhere the parent's process id does not change when it dies
        threading.Thread(target=watch, daemon=True).start()
