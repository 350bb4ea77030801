"""What a list says of one recording, as events that a page can show and save; what it cannot is counted, and told.

- :class:`FoundList`: events within the recording, and how many others there were
- :func:`found_list`: events of any list -> those within a recording
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sedpipe.events import Event
from sedpipe.wording import counted

ROUNDED_S = 0.002
"""By so much, lists that round their times may go beyond the end of a recording."""


@dataclass(frozen=True)
class FoundList:
    """A list about a recording.

    Parameters
    ----------
    path : Path
    events : list of Event
        Within the recording, in the order of the list; none where somebody has found it empty.
    n_cut : int
        Events that went beyond the end of the recording, and end there now or are left out.
    n_unlocated : int
        Events without a length, which are left out.
    """

    path: Path
    events: list[Event]
    n_cut: int = 0
    n_unlocated: int = 0

    @property
    def says_all(self) -> bool:
        """Whether nothing is cut or left out."""
        return not (self.n_cut or self.n_unlocated)

    @property
    def is_of_no_use(self) -> bool:
        """Whether it lists something, and nothing of that has a place in the recording."""
        return not self.events and not self.says_all

    @property
    def told(self) -> str:
        """Where the events come from, for a person."""
        cut = f"; {counted(self.n_cut, 'event')} beyond the end of the recording cut there" if self.n_cut else ""
        unlocated = f"; {counted(self.n_unlocated, 'event')} without a length (present, not located) left out"
        return f"{counted(len(self.events), 'event')} of {self.path.name}{cut}{unlocated if self.n_unlocated else ''}"


def found_list(path: Path, events: Iterable[Event], duration: float) -> FoundList:
    """Those of some events that lie within a recording.

    Parameters
    ----------
    path : Path
        Their list.
    events : iterable of Event
    duration : float
        Of the recording in seconds.
    """
    kept: list[Event] = []
    n_cut = n_unlocated = 0
    for event in events:
        if not event.is_located:
            n_unlocated += 1
            continue
        goes_beyond = event.offset > duration + ROUNDED_S
        n_cut += goes_beyond
        offset = duration if goes_beyond else event.offset
        if event.onset < min(offset, duration):
            kept.append(Event(event.onset, offset, event.label))
    return FoundList(path, kept, n_cut, n_unlocated)
