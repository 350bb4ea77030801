"""Signals in real processes: the message, the exit code, and that no process is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from sedpipe.cli.interrupts import signals_as_exceptions
from sessions import left_of, members

pytestmark = pytest.mark.skipif(os.name != "posix", reason="no such signals here")

SENTENCE = "interrupted: rerun the same command to resume"

COMMAND = """
import sys, threading, time
from pathlib import Path
import rich_click as click
from sedpipe.cli.main import main, run
from sedpipe.cli.options import common
from sedpipe.io.files.atomic import write_atomically
from sedpipe.io.parallel import in_parallel

def slow(number):
    Path(f"worker-{number}").touch()
    time.sleep(60)

@main.command()
@common
def wait(**_):
    with write_atomically(Path("result")):
        Path("begun").touch()
        time.sleep(60)

@main.command()
@common
def work(**_):
    for _ in in_parallel(slow, range(100), 2):
        pass

@main.command()
@common
def consume(**_):
    for _ in in_parallel(abs, range(1000), 2):
        Path("begun").touch()
        time.sleep(60)

@main.command()
@common
def tidy(**_):
    try:
        Path("begun").touch()
        time.sleep(60)
    finally:
        Path("tidying").touch()
        time.sleep(60)

@main.command()
@common
def ask(**_):
    Path("begun").touch()
    click.confirm("Well?")

@main.command()
@common
def finish(**_):
    list(in_parallel(abs, range(8), 2))
    print("done", flush=True)
    threading._register_atexit(time.sleep, 60)  # before the workers are ended, by a function that was registered so
    threading._register_atexit(Path("ending").touch)

if __name__ == "__main__":
    run()
"""


def begun(
    folder: Path, arguments: list[str], waits_for: str, ignores: signal.Signals | None = None
) -> subprocess.Popen[str]:
    """Start a command and return its process once the file ``waits_for`` exists."""
    (folder / "command.py").write_text(COMMAND)
    process = subprocess.Popen(
        [sys.executable, "command.py", *arguments], cwd=folder, start_new_session=True, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=None if ignores is None else partial(signal.signal, ignores, signal.SIG_IGN),
    )  # fmt: skip
    end = time.monotonic() + 60
    while not (folder / waits_for).exists():
        assert process.poll() is None, process.stderr
        assert time.monotonic() < end
        time.sleep(0.02)
    return process


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_prints_one_line_and_leaves_no_temporary_file(tmp_path: Path, number: int, exit_code: int) -> None:
    process = begun(tmp_path, ["wait"], "begun")
    process.send_signal(number)
    assert process.communicate(timeout=30) == ("", f"{SENTENCE}\n")
    assert process.returncode == exit_code
    assert sorted(path.name for path in tmp_path.iterdir()) == ["begun", "command.py"]


def test_with_json_an_interrupt_is_a_json_error(tmp_path: Path) -> None:
    process = begun(tmp_path, ["wait", "--json"], "begun")
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=30)
    assert json.loads(told) == {
        "error": {"type": "Interrupt", "message": "interrupted", "hint": "rerun the same command to resume"}
    }


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")
@pytest.mark.parametrize(("verb", "waits_for"), [("work", "worker-1"), ("consume", "begun")])
@pytest.mark.parametrize("to_everybody", [True, False])
def test_workers_end_silently_on_a_signal(tmp_path: Path, verb: str, waits_for: str, to_everybody: bool) -> None:
    process = begun(tmp_path, [verb], waits_for)
    assert len(members(process.pid)) >= 3
    if to_everybody:  # as a terminal does
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.terminate()
    assert process.communicate(timeout=30) == ("", f"{SENTENCE}\n")
    assert process.returncode == (130 if to_everybody else 143)
    assert left_of(process.pid) == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_shutdown_prints_one_line_and_leaves_no_process(tmp_path: Path, number: int) -> None:
    process = begun(tmp_path, ["finish"], "ending")
    assert len(members(process.pid)) == 5  # with two workers and two trackers of shared resources
    os.killpg(process.pid, number)
    assert process.communicate(timeout=30) == ("done\n", f"{SENTENCE}\n")
    assert process.returncode == 128 + number
    assert left_of(process.pid) == []


def test_a_second_signal_cuts_short_the_cleanup_that_the_first_began(tmp_path: Path) -> None:
    process = begun(tmp_path, ["tidy"], "begun")
    process.send_signal(signal.SIGINT)
    end = time.monotonic() + 60
    while not (tmp_path / "tidying").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30) == ("", f"{SENTENCE}\n")
    assert process.returncode == 130


def test_ctrl_c_at_a_prompt_exits_like_any_interrupt(tmp_path: Path) -> None:
    process = begun(tmp_path, ["ask"], "begun")
    time.sleep(0.2)  # until the prompt is shown
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert told.endswith(f"{SENTENCE}\n")
    assert process.returncode == 130


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    process = begun(tmp_path, ["wait"], "begun", ignores=signal.SIGHUP)  # as nohup does
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 143


def test_signal_handlers_are_restored_after_an_uninterrupted_command() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with signals_as_exceptions() as exit_codes:
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
    assert exit_codes == []
