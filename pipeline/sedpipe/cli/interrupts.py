"""Ctrl-C and SIGTERM: a command ends wherever it is, with a message of one line; the same command resumes.

All files are written atomically, so a command may end anywhere. But it must not end in a traceback, leave processes
behind, or keep its temporary files: so a signal is raised as an exception, on which all open blocks clean up.

- :func:`unheard`: handling of Ctrl-C while the package is imported
- :func:`end_on_signal`: handling of signals from then on, until the process has ended
- :func:`signals_as_exceptions`: handling of signals during a command
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
_BY_SIGNAL = 128  # shells add this to the number of the signal that ended a command
SAID, HINT = "interrupted", "rerun the same command to resume"


class Interrupt(KeyboardInterrupt):
    """The exception that a signal raises in a command."""


@contextmanager
def signals_as_exceptions() -> Iterator[list[int]]:
    """Raise :class:`Interrupt` in the main thread on the first signal; a second signal ends the process immediately.

    The second signal then prints the message that the first had no time to print. Signals that are ignored (under
    ``nohup``, or in a job that a script has put into the background) stay ignored. In threads other than the main one,
    which receive no signals, nothing changes.

    Yields
    ------
    list of int
        List that contains the exit code as soon as a signal was received: 130 for Ctrl-C, 143 for SIGTERM, 129 for
        SIGHUP.
    """
    exit_codes: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield exit_codes
        return
    heard = _heard()

    def hear(number: int, _: FrameType | None) -> None:
        exit_codes.append(_BY_SIGNAL + number)
        end_on_signal()
        raise Interrupt

    for number in heard:
        signal.signal(number, hear)
    try:
        yield exit_codes
    finally:
        if not exit_codes:  # else a second signal would reach Python's own handler, which ends in a traceback
            for number, handler in heard.items():
                signal.signal(number, handler)


@contextmanager
def unheard() -> Iterator[None]:
    """Let Ctrl-C end the process silently in this block, if it would otherwise raise ``KeyboardInterrupt`` here."""
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end_on_signal(*, is_told: bool = False) -> None:
    """Let a signal outside a command end the process immediately, with a message of one line.

    Before a command no work has been done; after it Python ends threads and worker processes, and would print a
    ``KeyboardInterrupt`` with its traceback there and then exit with 0. To be called in the main thread of a process
    that does nothing else.

    Parameters
    ----------
    is_told : bool
        Whether the message has already been printed, because of an earlier signal.
    """
    for number in _heard():
        signal.signal(number, _end if is_told else _report_and_end)


def _heard() -> dict[int, Any]:
    """Return the current handlers of all signals that are not ignored."""
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    return {number: handler for number, handler in handlers.items() if handler not in (signal.SIG_IGN, None)}


def _report_and_end(number: int, frame: FrameType | None) -> None:
    with suppress(OSError):  # not through sys.stderr, which the signal may have interrupted while writing
        os.write(2, f"{SAID}: {HINT}\n".encode())
    _end(number, frame)


def _end(number: int, _: FrameType | None) -> None:
    for pid in [child.pid for child in multiprocessing.active_children()]:
        if pid is not None:
            with suppress(OSError):  # not with Process.kill(), which loky's processes lack
                os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    os._exit(_BY_SIGNAL + number)
