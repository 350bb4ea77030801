"""Processes that this one starts: they hear no signals, and end with it.

A terminal sends Ctrl-C to everybody. Each process would tell of it in a traceback, while it is the one that started
them which ends them all; and that one, when it is killed, can end nobody.

- :func:`signals_held_back`: around whatever starts them
- :func:`end_with`: called in them
- :func:`start_quietly`: for helpers that tell what is no news
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
"""So often a process looks whether the one that started it is still there."""


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Let threads and processes that are started in this block never hear Ctrl-C, SIGTERM and SIGHUP.

    The thread that starts them hears after the block what came in it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Python 3.11 lets signals through again where it starts this helper, so it must be there already
    start_quietly(multiprocessing.resource_tracker.ensure_running)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_quietly(ensure_running: Callable[[], None]) -> None:
    """Start a tracker, which clears away the semaphores of processes that are killed, such that it tells nothing of it.

    Parameters
    ----------
    ensure_running : callable
        Of ``multiprocessing.resource_tracker``, or of loky's.
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
    """End this process soon after its parent, which it would outlive, and go on writing, if that is killed.

    Parameters
    ----------
    parent : int
        Number of the process that started this one.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    if os.name == "posix":  # elsewhere the parent's number does not change when it dies
        threading.Thread(target=watch, daemon=True).start()
