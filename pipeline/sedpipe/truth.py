"""What is known of clips before any system has heard them.

- :class:`Truth`: when their events sound, how long they are, and which classes there are
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sedpipe.events import EventLists
from sedpipe.labels import LabelSet


@dataclass(frozen=True, eq=False)
class Truth:
    """Reference events of N clips.

    Parameters
    ----------
    reference : mapping of str to sequence of Event
        What sounds in each clip, by ``clip_id``; a clip without events has an empty list, and counts.
    durations : mapping of str to float
        Length in seconds of each clip; there may be others in it.
    labels : LabelSet
        The classes.

    Raises
    ------
    ValueError
        If a clip has no duration.

    Examples
    --------
    >>> from sedpipe.events import Event
    >>> Truth({"a": [Event(0.0, 0.0, "Dog")]}, {"a": 10.0}, LabelSet(("Dog",))).is_located
    False
    """

    reference: EventLists
    durations: Mapping[str, float]
    labels: LabelSet

    def __post_init__(self) -> None:
        for clip_id in self.reference:
            if clip_id not in self.durations:
                raise ValueError(f"clip {clip_id!r} of the reference has no duration")

    @property
    def clip_ids(self) -> list[str]:
        """The N clips, in the order of the reference."""
        return list(self.reference)

    @property
    def is_located(self) -> bool:
        """Whether any event has a place in time."""
        return any(event.is_located for events in self.reference.values() for event in events)

    def of(self, clip_ids: Iterable[str]) -> Truth:
        """Of these clips alone, in this order; ``ValueError`` names one that the reference lacks."""
        chosen = {}
        for clip_id in clip_ids:
            if clip_id not in self.reference:
                raise ValueError(f"clip {clip_id!r} has probabilities but is not in the reference")
            chosen[clip_id] = self.reference[clip_id]
        return Truth(chosen, self.durations, self.labels)
