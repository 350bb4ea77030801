"""Signals in real processes: what is told, the exit code, and that nobody is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from sedpipe.cli.interrupts import heard_as_exceptions
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
    """A command that has come as far as to make a file."""
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
def test_a_signal_is_one_line_and_leaves_no_temporary_file(tmp_path: Path, number: int, exit_code: int) -> None:
    process = begun(tmp_path, ["wait"], "begun")
    process.send_signal(number)
    assert process.communicate(timeout=30) == ("", f"{SENTENCE}\n")
    assert process.returncode == exit_code
    assert sorted(path.name for path in tmp_path.iterdir()) == ["begun", "command.py"]


def test_with_json_it_is_an_error_like_others(tmp_path: Path) -> None:
    process = begun(tmp_path, ["wait", "--json"], "begun")
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=30)
    assert json.loads(told) == {
        "error": {"type": "Interrupt", "message": "interrupted", "hint": "rerun the same command to resume"}
    }


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")
@pytest.mark.parametrize(("verb", "waits_for"), [("work", "worker-1"), ("consume", "begun")])
@pytest.mark.parametrize("to_everybody", [True, False])
def test_workers_say_nothing_and_are_gone(tmp_path: Path, verb: str, waits_for: str, to_everybody: bool) -> None:
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
def test_when_the_work_is_done_a_signal_is_one_line_too_while_the_process_ends(tmp_path: Path, number: int) -> None:
    process = begun(tmp_path, ["finish"], "ending")
    assert len(members(process.pid)) == 5  # with two workers and two trackers of what they share
    os.killpg(process.pid, number)
    assert process.communicate(timeout=30) == ("done\n", f"{SENTENCE}\n")
    assert process.returncode == 128 + number
    assert left_of(process.pid) == []


def test_a_second_signal_does_not_wait_for_what_the_first_one_began_and_is_the_one_that_tells(tmp_path: Path) -> None:
    process = begun(tmp_path, ["tidy"], "begun")
    process.send_signal(signal.SIGINT)
    end = time.monotonic() + 60
    while not (tmp_path / "tidying").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30) == ("", f"{SENTENCE}\n")
    assert process.returncode == 130


def test_ctrl_c_at_a_question_is_no_other_than_elsewhere(tmp_path: Path) -> None:
    process = begun(tmp_path, ["ask"], "begun")
    time.sleep(0.2)  # until it asks
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert told.endswith(f"{SENTENCE}\n")
    assert process.returncode == 130


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    process = begun(tmp_path, ["wait"], "begun", ignores=signal.SIGHUP)  # as nohup does
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 143


def test_handlers_are_as_before_after_a_command_that_nobody_interrupts() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with heard_as_exceptions() as exit_codes:
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
    assert exit_codes == []
