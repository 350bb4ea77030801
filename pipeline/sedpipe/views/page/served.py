"""A page that a server of this machine shows, which can save beside the recordings.

- :class:`Served`: what the page of a recording then needs to know
- :func:`recordings_page`: the page of a folder
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sedpipe.commands import command, place
from sedpipe.events import Event
from sedpipe.printable import printable
from sedpipe.views.render import Parts, render
from sedpipe.wording import counted

PARTS = Parts(
    "recordings.html", styles=("base", "scores", "recordings"), scripts=("dom", "theme", "sorting", "recordings")
)


@dataclass(frozen=True)
class Served:
    """Of a recording.

    Parameters
    ----------
    home, save, following : str
        Addresses, from the page: of all recordings, of saving, and of the next recording, if there is one.
    list_name : str
        The file beside the recording.
    state : str
        Of that file.
    events : sequence of Event, optional
        What was saved before or, else, what another list beside the recording says; None where there is neither.
    found : str
        Which events of which other list these are; empty where they were saved.
    kept : str
        What the list beside the recording is called once something else is saved; empty where nothing of it is lost.
    complaint : str
        Why what lies there cannot be understood.
    """

    home: str
    save: str
    following: str
    list_name: str
    state: str
    events: Sequence[Event] | None
    found: str = ""
    kept: str = ""
    complaint: str = ""

    def data(self) -> dict[str, Any]:
        """What the page's script needs."""
        events = None if self.events is None else [[e.onset, e.offset, e.label] for e in self.events]
        return {
            "save": self.save, "list": self.list_name, "state": self.state, "events": events, "found": self.found,
            "kept": self.kept,
        }  # fmt: skip


@dataclass(frozen=True)
class ServedRecording:
    """One of a folder: its name, the address of its page, megabytes, and the list beside it, if there is one."""

    name: str
    address: str
    megabytes: float
    list_name: str


def recordings_page(
    folder: str, model: str, labels: Sequence[str], recordings: Sequence[ServedRecording], add: str, n_unlistable: int
) -> str:
    """HTML of a folder: all recordings, and a place to drop another one.

    Parameters
    ----------
    folder : str
        As a person calls it.
    model : str
        What hears them.
    labels : sequence of str
        What it knows.
    recordings : sequence of ServedRecording
    add : str
        Where a dropped file is sent.
    n_unlistable : int
        Recordings that are not shown, since no page can contain their names.
    """
    return render(
        PARTS, title=f"{printable(folder)}: recordings", folder=printable(folder), model=model, labels=labels,
        recordings=recordings,
        to_train=printable(command("init", place(folder))),
        left_out=counted(n_unlistable, "recording") if n_unlistable else "",
        n_done=sum(bool(recording.list_name) for recording in recordings), data={"add": add}, is_served=True,
    )  # fmt: skip
