"""Commands of sedpipe in processes that have already imported everything, so that thousands of trials take minutes.

Each command is a process of its own, forked from one that has done nothing but import (this file, run as a script); it
receives signals, has children and ends as ``python -m sedpipe`` does.

- :class:`Ready`: start commands
- :class:`Running`: wait for a command, or send it a signal
- :class:`AtFile`: a signal at the n-th file operation, a moment that even the quickest command has
"""

from __future__ import annotations

import atexit
import ctypes
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {"PYTHONPATH": str(ROOT / "pipeline"), "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
STAGES = ("cache", "check", "dry_run", "encoders", "export", "predict", "report", "score", "status", "train")
IMPORTED = ("torch._dynamo", "sed_eval", "librosa", "sedpipe.cli.main", *(f"sedpipe.stages.{name}" for name in STAGES))
DROP_FROM_BOUNDS = 24  # prctl(2): a capability dropped there does not come back in children
READ_ANYTHING = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
SECONDS_BETWEEN_LOOKS = 0.01
OF_FILES = ("open", "os.", "shutil.", "sqlite3.connect")
"""Prefixes of Python's audit events that concern files."""
_ENDED: dict[int, tuple[int, float]] = {}
"""Exit code of each ended process, and the processor seconds that it and its children used."""


@dataclass(frozen=True)
class AtFile:
    """A signal that a command gets at its n-th file operation: it opens, makes, renames or removes a file.

    Parameters
    ----------
    n : int
        Number of the file operation, counted from 1.
    number : int
        Number of the signal.
    to_all : bool
        Whether all processes that it has started get the signal, too.
    """

    n: int
    number: int
    to_all: bool


@dataclass(frozen=True)
class Running:
    """A command that has been started, in a session of its own with all processes that it starts."""

    ready: Ready
    arguments: list[str]
    session: int
    told: tempfile.TemporaryDirectory[str]

    def ended(self) -> subprocess.CompletedProcess[str]:
        """Wait for the command to end; return its exit code and output."""
        exit_code = self.ready.ask({"wait": self.session})
        out, err = (Path(self.told.name, name).read_text(errors="replace") for name in ("out", "err"))
        return subprocess.CompletedProcess(self.arguments, exit_code, out, err)

    def signalled_after(self, seconds: float, number: int, *, to_all: bool) -> bool:
        """Send a signal to the command alone, or also to all that it has started; return False if it had ended.

        The signal is sent after ``seconds`` of processor time of all these processes, since a machine may be busy.
        """
        if self.ready.ask({"wait": self.session, "seconds": seconds}) is not None:
            return False
        self._signal(number, to_all=to_all)
        return True

    def signalled_when(self, condition: Callable[[], bool], number: int, *, to_all: bool) -> bool:
        """Send the signal as soon as a condition holds; return False if the command had ended."""
        while not condition():
            if self.ready.ask({"wait": self.session, "seconds": 0}) is not None:
                return False
            time.sleep(SECONDS_BETWEEN_LOOKS / 20)
        self._signal(number, to_all=to_all)
        return True

    def _signal(self, number: int, *, to_all: bool) -> None:
        with suppress(ProcessLookupError):
            (os.killpg if to_all else os.kill)(self.session, number)

    def used(self) -> float:
        """Return the processor seconds of the command, after it has ended."""
        return float(self.ready.ask({"used": self.session}))

    def n_files(self) -> int:
        """Return the number of the command's file operations, after it has ended by itself."""
        return int(Path(self.told.name, "files").read_text())


class Ready:
    """A process that has imported all that any command needs, and forks one whenever it is asked to."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **ENVIRONMENT},
        )  # fmt: skip

    def ask(self, question: dict[str, Any]) -> Any:
        """Send one line of JSON, and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def start(
        self,
        arguments: list[str],
        folder: Path,
        *,
        most_bytes: int | None = None,
        rights_count: bool = False,
        signalled: AtFile | None = None,
    ) -> Running:
        """Start ``sedpipe ARGUMENTS`` in a folder.

        Parameters
        ----------
        arguments : list of str
        folder : Path
        most_bytes : int, optional
            Size that no file may exceed (``RLIMIT_FSIZE``).
        rights_count : bool
            Whether file permissions apply to root, too.
        signalled : AtFile, optional
            Signal that the command gets.
        """
        told = tempfile.TemporaryDirectory(prefix="told-")
        question: dict[str, Any] = {"arguments": arguments, "folder": str(folder.absolute()), "told": told.name}
        question["signalled"] = None if signalled is None else asdict(signalled)
        session = self.ask({**question, "most_bytes": most_bytes, "rights_count": rights_count})
        return Running(self, arguments, session, told)


def serve() -> dict[str, Any]:
    """Answer questions; return, in a new process, the question that says what to run there."""
    for line in sys.stdin:
        question = json.loads(line)
        if "wait" in question:
            answer: Any = _waited(question["wait"], question.get("seconds"))
        elif "used" in question:
            answer = _ENDED[question["used"]][1]
        else:
            answer = os.fork()
            if not answer:
                return dict(question)
        print(json.dumps(answer), flush=True)
    raise SystemExit


def _waited(process: int, seconds: float | None) -> int | None:
    """Return the exit code of a process; None if it has used ``seconds`` of processor time without ending."""
    while True:
        if process in _ENDED:
            return _ENDED[process][0]
        ended, status, usage = os.wait4(process, 0 if seconds is None else os.WNOHANG)
        if ended:
            _ENDED[process] = os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
            continue
        if seconds is not None and (not seconds or _used(process) >= seconds):
            return None
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _used(process: int) -> float:
    """Return the processor seconds of a process and of all processes that it has started."""
    try:
        first = psutil.Process(process)
        times = [each.cpu_times() for each in (first, *first.children(recursive=True))]
    except psutil.NoSuchProcess:  # one of them has just ended
        return 0.0
    return float(sum(each.user + each.system + each.children_user + each.children_system for each in times))


def become(question: dict[str, Any]) -> None:
    """Run a command; from now on, this process does nothing else."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of this script
    os.setsid()
    os.chdir(question["folder"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(Path(question["told"], name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    if question["most_bytes"] is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (question["most_bytes"],) * 2)
    if question["rights_count"] and os.geteuid() == 0:
        _give_up_reading_anything()
    from sedpipe.cli import run

    sys.argv[:] = ["sedpipe", *question["arguments"]]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell disables it in the background
    _watch_files(Path(question["told"], "files"), question["signalled"] and AtFile(**question["signalled"]))
    run()


def _watch_files(told: Path, signalled: AtFile | None) -> None:
    """Count the file operations of this process, send it its signal, and write the count when it ends by itself."""
    process, n_files = os.getpid(), 0

    def heard(event: str, _: tuple[Any, ...]) -> None:
        nonlocal n_files
        if event.startswith(OF_FILES) and os.getpid() == process:  # not in its child processes
            n_files += 1
            if signalled is not None and n_files == signalled.n:
                (os.killpg if signalled.to_all else os.kill)(process, signalled.number)

    sys.addaudithook(heard)
    atexit.register(lambda: told.write_text(str(n_files)))


def _give_up_reading_anything() -> None:
    """Drop the capabilities to read any file, for this process and its children (capabilities(7))."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    for number in READ_ANYTHING:
        assert libc.prctl(DROP_FROM_BOUNDS, number, 0, 0, 0) == 0
        sets[0] &= ~(1 << number)
        sets[1] &= ~(1 << number)
    assert libc.capset(header, sets) == 0


if __name__ == "__main__":
    for module in IMPORTED:
        importlib.import_module(module)
    become(serve())
