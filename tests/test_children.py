"""Training processes when the process that started them is interrupted or killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sedpipe.children import signals_blocked
from sessions import left_of, members

SCRIPT = """
import os, time
from pathlib import Path
from sedpipe.cli.interrupts import Interrupt, signals_as_exceptions
from sedpipe.training.processes import launch, make_fabric

def nap(fabric):
    Path(f"napping-{fabric.global_rank}").touch()
    time.sleep(120)

if __name__ == "__main__":
    try:
        with signals_as_exceptions():
            launch(make_fabric("cpu", n_processes=2), nap)
    except Interrupt:
        print("interrupted")
"""

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_training_processes_end_silently_after_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, "script.py"], cwd=tmp_path, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while len(list(tmp_path.glob("napping-*"))) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    assert len(members(process.pid)) >= 3
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    expected = ("", "") if number == signal.SIGKILL else ("interrupted\n", "")
    assert process.communicate(timeout=60) == expected
    assert left_of(process.pid) == []


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no masks of signals here")
def test_signals_stay_blocked_in_processes_started_in_the_block_but_not_after_it() -> None:
    code = "import signal; print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])))"
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with signals_blocked():
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        assert name in told
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
