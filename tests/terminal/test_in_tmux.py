"""Output in a real terminal, wide and narrow, as tmux shows it."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from shlex import join, quote

import pytest
import terminal_session as session
from noise_recording import noise
from sedpipe.io.models.checkpoints import write_model
from tiny_dataset import untrained_model

PATIENCE_S = 90
OF_A_TERMINAL = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"}
NEXT = "next: sedpipe train 'my birds.toml' --cache '/a folder with a long name/that is not the default/cache'"


class Screen:
    """A separate terminal in which one command runs."""

    def __init__(self, folder: Path, width: int, height: int = 30) -> None:
        self._socket, self._size, self._folder = str(folder / "tmux"), (str(width), str(height)), folder

    def run(self, *words: str, **environment: str) -> None:
        set_to = {
            "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
            "PYTHONWARNINGS": "default",
            **environment,
        }
        variables = " ".join(f"{name}={quote(value)}" for name, value in set_to.items())
        command = f"cd {quote(str(self._folder))}; {variables} {join(words)}; echo END OF ALL; sleep 100"
        width, height = self._size
        self._ask("-f", "/dev/null", "new-session", "-d", "-x", width, "-y", height, command)

    def rows(self, *more: str) -> list[str]:
        """Return the rows on the screen, with those that have scrolled off its top."""
        return self._ask("capture-pane", "-p", "-S", "-1000", *more).rstrip("\n").split("\n")

    def ended(self) -> list[str]:
        """Wait for the command to end, then return its lines, with wrapped ones rejoined."""
        self.wait(lambda: "END OF ALL" in self.rows())
        return [line.rstrip() for line in self.rows("-J")]

    def wait(self, is_so: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < until, "\n".join(self.rows())
            time.sleep(0.05)

    def close(self) -> None:
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], check=False, capture_output=True)

    def _ask(self, *words: str) -> str:
        asked = ["tmux", "-S", self._socket, *words]
        # variables that other tests set for their terminals would take precedence over the size of this one
        inherited = {name: value for name, value in os.environ.items() if name not in OF_A_TERMINAL}
        environment = {**inherited, "LC_ALL": "C.UTF-8"}
        return subprocess.run(asked, check=True, capture_output=True, text=True, env=environment).stdout


@pytest.fixture
def screen(tmp_path: Path, request: pytest.FixtureRequest):
    if shutil.which("tmux") is None:
        pytest.skip("no tmux is installed: no terminal was looked at")
    opened = Screen(tmp_path, getattr(request, "param", 80))
    yield opened
    opened.close()


@pytest.mark.parametrize("screen", [120, 80, 40], indirect=True)
def test_progress_bars_and_lines_do_not_overlap(screen: Screen, tmp_path: Path) -> None:
    screen.run(sys.executable, session.__file__, str(tmp_path))
    screen.wait((tmp_path / "halfway").exists)

    def shows_two_bars() -> bool:
        *_, outer, inner = ["", *screen.rows()]  # one snapshot: a screen can be captured while it is redrawn
        told = outer.startswith("a stage") and "6/12" in outer and inner.startswith("epoch 6") and "2/4" in inner
        return told and all("━" in bar or "╸" in bar for bar in (outer, inner))

    screen.wait(shows_two_bars)
    (tmp_path / "go").touch()
    lines = screen.ended()
    assert [line for line in lines if line.startswith("line ")] == session.SAID
    assert not any("━" in line or "epoch" in line for line in lines)  # bars vanish
    unbroken = "".join(lines).replace(" ", "")  # where it is wrapped depends on the length of this file's path
    assert unbroken.count("UserWarning:alibrarysaysthis") == 1
    assert "note: a label steers no terminal: Car\\x1b[2J[red]" in lines
    assert NEXT in lines  # whole, so that it can be copied


@pytest.mark.parametrize("is_coloured", [True, False])
def test_colours_are_used_unless_no_color_is_set(screen: Screen, tmp_path: Path, is_coloured: bool) -> None:
    (tmp_path / "go").touch()
    screen.run(sys.executable, session.__file__, str(tmp_path), **({} if is_coloured else {"NO_COLOR": "1"}))
    screen.ended()
    coloured = [
        row
        for row in screen.rows("-e")
        if "next:" in row and "\x1b[36m" in row.replace("1;36", "36").replace("\x1b[1m", "")
    ]
    assert bool(coloured) == is_coloured


@pytest.mark.slow
@pytest.mark.parametrize("screen", [40], indirect=True)
def test_a_narrow_terminal_shows_the_detected_events(screen: Screen, tmp_path: Path) -> None:
    write_model(tmp_path / "run" / "checkpoint.pt", untrained_model())
    noise(tmp_path / "20230501_053000.wav")
    asked = ["predict", "20230501_053000.wav", "--model", "./run", "--threshold", "0.0"]
    screen.run(sys.executable, "-m", "sedpipe", *asked)
    lines = screen.ended()
    assert any(line.startswith("20230501_053000.wav, 6.00 s: 3 events") for line in lines)
    rows = [line for line in lines if re.fullmatch(r"(2023-05-01 05:30:00 +)?0\.00 +(6\.00 +)?Dog bark +0\.\d\d", line)]
    assert len(rows) == 1
    assert f"see, hear and correct it:  sedpipe {join(asked)} --format html --open" in lines
    assert max(map(len, screen.rows())) <= 40
