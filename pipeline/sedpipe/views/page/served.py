"""Pages that a server on this machine serves, which can save event lists beside the recordings.

- :class:`Served`: the additional data that the page of a recording then needs
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
    """What the page of a recording needs if a server serves it.

    Parameters
    ----------
    home, save, following : str
        Addresses of the page of all recordings, of the saving request, and of the page of the next recording; the
        last is empty if there is no next one.
    list_name : str
        Name of the event list beside the recording.
    state : str
        State of that file, which changes with it; empty if there is no file.
    events : sequence of Event, optional
        Events that were saved before, or else those of another list beside the recording; None if there are neither.
    found : str
        Which events of which other list these are; empty if they were saved.
    kept : str
        Name under which the list beside the recording is kept when events are saved; empty if nothing would be lost.
    complaint : str
        Why the file beside the recording cannot be understood; empty if it can.
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
        """Return the data that the page's script needs."""
        events = None if self.events is None else [[e.onset, e.offset, e.label] for e in self.events]
        return {
            "save": self.save, "list": self.list_name, "state": self.state, "events": events, "found": self.found,
            "kept": self.kept,
        }  # fmt: skip


@dataclass(frozen=True)
class ServedRecording:
    """A recording of a folder: name, address of its page, size in MB, name of its event list (empty if missing)."""

    name: str
    address: str
    megabytes: float
    list_name: str


def recordings_page(
    folder: str, model: str, labels: Sequence[str], recordings: Sequence[ServedRecording], add: str, n_unlistable: int
) -> str:
    """Return the HTML page of a folder: all recordings, and an area on which another one can be dropped.

    Parameters
    ----------
    folder : str
        Path of the folder, as the user gave it.
    model : str
        Name of the model that makes the predictions.
    labels : sequence of str
        The classes of the model.
    recordings : sequence of ServedRecording
    add : str
        Address to which a dropped file is sent.
    n_unlistable : int
        Number of recordings that are not shown, because a page cannot contain their names.
    """
    return render(
        PARTS, title=f"{printable(folder)}: recordings", folder=printable(folder), model=model, labels=labels,
        recordings=recordings,
        to_train=printable(command("init", place(folder))),
        left_out=counted(n_unlistable, "recording") if n_unlistable else "",
        n_done=sum(bool(recording.list_name) for recording in recordings), data={"add": add}, is_served=True,
    )  # fmt: skip
