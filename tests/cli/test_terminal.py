import io

import pytest
from rich.console import Console
from rich.progress import Progress
from sedpipe.cli import terminal
from sedpipe.cli.terminal import Terminal


def test_a_bar_that_has_ended_is_no_longer_on_the_screen_when_the_next_line_is_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else rich, which redraws in a thread, may do so while the line is being printed, and overwrite the one before."""
    console = Console(file=io.StringIO(), force_terminal=True)
    monkeypatch.setattr(terminal, "_console", lambda *, err: console)
    drawn: list[int] = []
    refresh = Progress.refresh

    def counted(self: Progress) -> None:
        drawn.append(len(self.tasks))
        refresh(self)

    monkeypatch.setattr(Progress, "refresh", counted)
    shown, listener = [], Terminal(quiet=False)
    for epoch in listener.track(range(2), 2, "epochs"):
        for _ in listener.track(range(3), 3, "batches"):
            shown.append(drawn[-1])
        shown.append(drawn[-1])
        listener.say(f"epoch {epoch}")
    assert shown == [2, 2, 2, 1] * 2
