"""Ctrl-C and SIGTERM: whatever runs ends where it is, in one line; the same command resumes.

Every file is written whole or not at all, so a command may end anywhere. What it must not do is end in a traceback,
leave processes behind, or keep its temporary files: so a signal becomes an exception that runs through all blocks.

- :func:`unheard`: for the time before anything is there
- :func:`end_when_heard`: from then on, until the process has ended
- :func:`heard_as_exceptions`: for the time of a command
- :class:`Interrupt`: the exception
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_BY_SIGNAL = 128  # what shells add to the number of the signal that ended a command
SAID, HINT = "interrupted", "rerun the same command to resume"


class Interrupt(KeyboardInterrupt):
    """A signal came."""


@contextmanager
def heard_as_exceptions() -> Iterator[list[int]]:
    """Raise :class:`Interrupt` in the main thread when the first signal comes; a second one ends the process at once.

    The second one then tells what the first had no time to tell. A signal that is ignored (under ``nohup``, or by a job
    that a script has put into the background) stays so. In other threads than the main one, which hear no signals,
    nothing changes.

    Yields
    ------
    list of int
        Holds the exit code as soon as a signal has come: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP.
    """
    exit_codes: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield exit_codes
        return
    heard = _heard()

    def hear(number: int, _: FrameType | None) -> None:
        exit_codes.append(_BY_SIGNAL + number)
        end_when_heard()
        raise Interrupt

    for number in heard:
        signal.signal(number, hear)
    try:
        yield exit_codes
    finally:
        if not exit_codes:  # else a second signal would find Python's own handler, with its traceback
            for number, handler in heard.items():
                signal.signal(number, handler)


@contextmanager
def unheard() -> Iterator[None]:
    """Let Ctrl-C end the process without a word; where it would not have raised ``KeyboardInterrupt``, do nothing."""
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end_when_heard(*, is_told: bool = False) -> None:
    """Let a signal end the process at once, in one line, whenever it comes outside a command.

    Before the command nothing is done; after it Python ends threads and worker processes, in which it would tell of a
    ``KeyboardInterrupt`` in a traceback and then exit with 0. For the main thread of a process that does nothing else.

    Parameters
    ----------
    is_told : bool
        Whether the line has been told, of a signal before.
    """
    for number in _heard():
        signal.signal(number, _end if is_told else _tell_and_end)


def _heard() -> dict[int, Any]:
    """The present handlers of all signals that are not ignored."""
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    return {number: handler for number, handler in handlers.items() if handler not in (signal.SIG_IGN, None)}


def _tell_and_end(number: int, frame: FrameType | None) -> None:
    with suppress(OSError):  # not through sys.stderr, in the middle of which we may be
        os.write(2, f"{SAID}: {HINT}\n".encode())
    _end(number, frame)


def _end(number: int, _: FrameType | None) -> None:
    for pid in [child.pid for child in multiprocessing.active_children()]:
        if pid is not None:
            with suppress(OSError):  # not by Process.kill(), which loky's lack
                os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    os._exit(_BY_SIGNAL + number)
