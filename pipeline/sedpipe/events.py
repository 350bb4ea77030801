"""Sound events: class, onset and offset, in seconds from the start of the clip.

- :class:`Event`: one occurrence of one class
- :func:`merged`: events with those of a class joined that touch or overlap
- :func:`events_within`: the parts of events within a stretch of time
- :data:`EventLists`: events of several clips, by ``clip_id``
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, order=True, slots=True)
class Event:
    """One sound event.

    Parameters
    ----------
    onset, offset : float
        Seconds, ``0 <= onset <= offset``. If equal, the class is present at an unknown time (DCASE 2017 Task 4).
    label : str
        Name of the class.

    Raises
    ------
    ValueError
        If a time is not finite or negative, or the offset lies before the onset.
    """

    onset: float
    offset: float
    label: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.onset) and math.isfinite(self.offset)):
            raise ValueError(f"onset and offset must be finite, got {self.onset} and {self.offset}")
        if not 0 <= self.onset <= self.offset:
            raise ValueError(
                f"expected 0 <= onset <= offset in seconds, got onset {self.onset} and offset {self.offset}"
            )

    @property
    def duration(self) -> float:
        """Length in seconds; 0 if the event is present but not located."""
        return self.offset - self.onset

    @property
    def is_located(self) -> bool:
        """Whether the times of the event are known."""
        return self.offset > self.onset


def events_within(events: Iterable[Event], start_s: float, end_s: float) -> list[Event]:
    """The parts of events between two times, in seconds from ``start_s``.

    Events that are not located are left out.

    >>> events_within([Event(1.0, 4.0, "Car"), Event(0.0, 0.0, "Dog")], 2.0, 10.0)
    [Event(onset=0.0, offset=2.0, label='Car')]
    """
    parts = ((max(event.onset, start_s), min(event.offset, end_s), event.label) for event in events if event.is_located)
    return sorted(Event(onset - start_s, offset - start_s, label) for onset, offset, label in parts if onset < offset)


EventLists: TypeAlias = Mapping[str, Sequence[Event]]
"""Events by ``clip_id``; a clip without events has an empty list, and is scored, too."""


def merged(events: Iterable[Event]) -> list[Event]:
    """Return the located events in order of time, those of one class joined if they touch or overlap."""
    joined: list[Event] = []
    last: dict[str, int] = {}
    for event in sorted(event for event in events if event.is_located):
        index = last.get(event.label)
        if index is not None and event.onset <= joined[index].offset:
            joined[index] = Event(joined[index].onset, max(joined[index].offset, event.offset), event.label)
        else:
            last[event.label] = len(joined)
            joined.append(event)
    return sorted(joined)
