"""The events of a list that a page can show and save for one recording; all others are counted and reported.

- :class:`FoundList`: events within the recording, and the number of the others
- :func:`found_list`: events of any list -> those within a recording
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sedpipe.events import Event
from sedpipe.wording import counted

ROUNDED_S = 0.002
"""Seconds by which rounded times in a list may exceed the end of a recording."""


@dataclass(frozen=True)
class FoundList:
    """A list about a recording.

    Parameters
    ----------
    path : Path
        Path of the list.
    events : list of Event
        Events within the recording, in the order of the list; empty if the list shows that the recording has none.
    n_cut : int
        Number of events that went beyond the end of the recording, and now end there or are left out.
    n_unlocated : int
        Number of events without a length, which are left out.
    """

    path: Path
    events: list[Event]
    n_cut: int = 0
    n_unlocated: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether nothing is cut or left out."""
        return not (self.n_cut or self.n_unlocated)

    @property
    def has_no_usable_event(self) -> bool:
        """Whether the list has events, but none of them lies in the recording."""
        return not self.events and not self.is_complete

    @property
    def told(self) -> str:
        """A description of where the events come from, for people."""
        cut = f"; {counted(self.n_cut, 'event')} beyond the end of the recording cut there" if self.n_cut else ""
        unlocated = f"; {counted(self.n_unlocated, 'event')} without a length (present, not located) left out"
        return f"{counted(len(self.events), 'event')} of {self.path.name}{cut}{unlocated if self.n_unlocated else ''}"


def found_list(path: Path, events: Iterable[Event], duration: float) -> FoundList:
    """Select and cut the events that lie within a recording.

    Parameters
    ----------
    path : Path
        Path of the list that contains the events.
    events : iterable of Event
        The events of the list.
    duration : float
        Length of the recording in seconds.
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
