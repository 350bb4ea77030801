"""Output of a long stage to a terminal: nested bars, lines in between, a library's warning, a hostile label."""

import sys
import time
import warnings
from pathlib import Path

from sedpipe.cli.terminal import Terminal, print_line
from sedpipe.fates import Fate

SAID = [f"line {k}: " + "a dog barks in the street, " * (k % 5) + "end" for k in range(12)]


def run(folder: Path) -> None:
    listener = Terminal(quiet=False)
    for k in listener.track(range(12), 12, "a stage with a long name of its own"):
        for batch in listener.track(range(4), 4, f"epoch {k}, batches"):
            if (k, batch) == (6, 2):
                halfway(folder)
        listener.say(SAID[k])
        if k == 3:
            warnings.warn("a library says this", stacklevel=1)
    for _ in listener.track([Fate("training", "a", "ok")] * 3, 3, "clips"):
        pass
    print_line("note: a label steers no terminal: Car\x1b[2J[red]")
    print_line("next: sedpipe train 'my birds.toml' --cache '/a folder with a long name/that is not the default/cache'")
    print_line("END")


def halfway(folder: Path) -> None:
    (folder / "halfway").touch()
    until = time.monotonic() + 60
    while not (folder / "go").exists() and time.monotonic() < until:
        time.sleep(0.02)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
